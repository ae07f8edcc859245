"""From outlined cells to classes."""
