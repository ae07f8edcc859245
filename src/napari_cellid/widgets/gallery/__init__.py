"""The Cell gallery dock."""
