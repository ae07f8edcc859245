"""Names of the files and folders in the folder of a run."""

from __future__ import annotations

ABOUT_FILE, LOG_FILE, PROGRESS_FILE, STATE_FILE, STOP_FILE = (
    "run.json", "log.jsonl", "progress.json", "state.json", "stop",
)  # fmt: skip
CHECKPOINT_FILE, BEST_FILE = "checkpoint.safetensors", "best.safetensors"
MODEL_FOLDER, REPORT_FILE, HELD_OUT_FILE = "model", "report.json", "held_out.csv"
#: console output of a training that was started in napari
CONSOLE_FILE = "console.txt"
