"""Hyperparameter search (SMBO): Optuna over the source paper's space, judged on validation patients only."""
