"""Scoring of the default models on fields with known truth."""
