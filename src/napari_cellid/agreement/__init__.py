"""Statistics of ratings: votes, coefficients of agreement, observer error rates."""
