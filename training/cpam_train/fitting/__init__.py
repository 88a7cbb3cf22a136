"""Fitting one model: batches, augmentation, losses, schedule, the best weights."""
