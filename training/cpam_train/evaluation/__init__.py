"""Judging a model on annotated cases, through the very inference path the viewer uses."""
