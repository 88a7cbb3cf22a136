"""What is derived from images: segmentations and structured reports, read and written."""
