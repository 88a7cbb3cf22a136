"""Train, tune and evaluate stroke models on annotated head CT, and hand better ones to the viewer."""
