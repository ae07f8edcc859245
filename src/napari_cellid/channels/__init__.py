"""Images of the two channels."""
