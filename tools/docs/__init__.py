"""Making the pages and pictures of the documentation."""
