"""LiteMedSAM, a network of others that answers boxes and points: what it looks at, its parts, and its features."""
