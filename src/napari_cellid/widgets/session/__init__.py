"""The study that is open in a viewer, and what the viewer shows of it."""
