"""Simulated two-colour two-photon fields with known truth."""
