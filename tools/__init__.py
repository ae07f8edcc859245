"""Tools for developers; run them from the top of the repository with `python -m`."""
