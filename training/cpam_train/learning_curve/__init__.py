"""What corrections are worth: a reader who corrects N cases, a model trained again, and the frozen test set."""
