"""The reading room inside napari: thin Qt views over `ReviewSession`, the one place where Qt and napari live."""
