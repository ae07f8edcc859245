"""Which cell is which, from two-colour two-photon images."""

__version__ = "0.1.0"
