"""What people read of results, written once for window and terminal."""
