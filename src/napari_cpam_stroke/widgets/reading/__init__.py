"""The case under reading: what is open, kept, run and set."""
