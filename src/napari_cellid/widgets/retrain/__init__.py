"""The Retrain dock."""
