"""Simulated fields for training, and their statistics beside real recordings."""
