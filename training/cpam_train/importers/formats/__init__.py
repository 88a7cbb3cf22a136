"""Data sets and file formats, one finder each: where the cases lie, and what the source says of them."""
