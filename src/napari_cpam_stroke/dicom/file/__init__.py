"""Bytes of one file, hostile until shown otherwise, to data elements."""
