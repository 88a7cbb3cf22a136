"""The dock widgets of the reading room."""
