"""From the answers of a study to a better model, and whether it is better."""
