"""Names of the files of a simulated field, of its movie, and of simulated animals."""

from __future__ import annotations

FIELD_FILES = ("red.tif", "green.tif", "labels.tif", "cells.csv", "meta.json")
#: the frames of red and of green
MOVIES = ("red_movie.tif", "green_movie.tif")
MOVIE_FILES = (*MOVIES, "events.csv", "motion.csv", "movie.json")
#: one row a recording of any animal, and the true classes as answers
ANIMALS_TABLE, ANSWERS_TABLE = "animals.csv", "answers.csv"
