"""Operating points from validation data: thresholds, calibration, refer bands."""
