"""Training of the default models, and comparisons of short trainings."""
