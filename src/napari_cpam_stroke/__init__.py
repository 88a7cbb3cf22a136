"""Read, correct and retrain stroke segmentation on non-contrast head CT. Research use only."""

__version__ = "0.1.0"
