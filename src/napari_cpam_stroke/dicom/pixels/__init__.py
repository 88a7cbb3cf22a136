"""Frames of a series to HU."""
