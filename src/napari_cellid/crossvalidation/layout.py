"""Names of the files and folders of an experiment."""

from __future__ import annotations

EXPERIMENT_FILE, CELLS_FILE = "experiment.json", "cells.csv"
DETECTIONS_FILE = "detections.json"
UNITS_FOLDER, FEATURES_FOLDER = "units", "features"
