"""How good class predictions are, with intervals."""
