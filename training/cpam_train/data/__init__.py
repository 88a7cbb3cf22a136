"""Slices of a store as examples: which, in which split, from which cache, drawn how often."""
