"""Adds a cell to a study and is killed just before a rename; run by a test."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

from napari_cellid.cells.middles import Middle
from napari_cellid.progress import run_to_end
from napari_cellid.study.add_middles import add_middles
from napari_cellid.study.run_models import RunModels
from napari_cellid.study.study import Study

path, last = Path(sys.argv[1]), int(sys.argv[2])
n = 0


def die_at_last(event: str, _: object) -> None:
    global n
    if event == "os.rename":
        n += 1
        if n == last:
            os.kill(os.getpid(), signal.SIGKILL)


study = Study.open(path)
sys.addaudithook(die_at_last)
run_to_end(add_middles(study, "r1", [Middle(0, 40, 20)], "Ann", RunModels()))
