"""The Identify dock."""
