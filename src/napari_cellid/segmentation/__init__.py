"""From images to outlined cells."""
