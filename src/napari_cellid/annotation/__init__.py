"""What people say of cells: journals, votes, agreement, and whom to ask about next."""
