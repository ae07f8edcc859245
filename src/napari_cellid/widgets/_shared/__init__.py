"""What docks have in common."""
