"""Recordings of PrairieView, the program of Bruker's two-photon microscopes."""
