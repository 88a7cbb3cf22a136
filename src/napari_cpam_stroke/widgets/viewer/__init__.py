"""napari's side of the room: layers, orientation, comparisons, tools."""
