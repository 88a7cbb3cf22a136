"""Data elements to what they mean: where a frame lies, what its pixels are, whose it is."""
