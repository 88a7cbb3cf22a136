"""Hostile input: what is changed in a file, at which entry of the program, through which door."""
