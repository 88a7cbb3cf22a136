"""Masks as NIfTI: written, read, and the grids between."""
