"""Whether a study stays whole when programs that write it are killed at any moment.

    python -m tools.evaluation.kills_soak [--kills 1000] [--rename-ms 5]

Children of this process answer cells and store new outlines, with a pause before each
rename as on a network drive, and are killed (SIGKILL) at random moments. After each
kill the study is opened: images, outlines, table and run of a recording must belong
together, every acknowledged answer must be there, and nothing may be left over.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import sys
import tempfile
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[2] / "tests" / "study"))
from tissue import UM, identified, tissue

from napari_cellid.annotation.all_answers import read_annotations
from napari_cellid.annotation.answer import Answer
from napari_cellid.annotation.journal import Journal
from napari_cellid.config import RecordingInfo
from napari_cellid.study.save_results import add_recording
from napari_cellid.study.study import Study

NAME = "day1"
#: numbers of the two tissues that are stored in turn
TISSUES = (1, 2)


def slow_renames(seconds: float) -> None:
    """Make each rename take a while, as on a network drive."""
    for name in ("rename", "replace"):
        original = getattr(os, name)

        def slow(*paths, _original=original, **how):
            time.sleep(seconds)
            return _original(*paths, **how)

        setattr(os, name, slow)


def work(path: Path, acknowledged: int, seed: int, rename_s: float) -> None:
    """Answer and store for ever, and acknowledge each answer on the disk."""
    slow_renames(rename_s)
    rng, chance = np.random.default_rng(seed), random.Random(seed)
    while True:
        study = Study.open(path)
        if chance.random() < 0.5:
            answer(study, chance, acknowledged)
        else:
            store(path, chance.choice(TISSUES), rng)


def answer(study: Study, chance: random.Random, acknowledged: int) -> None:
    """Give ten answers, and acknowledge each."""
    journal = Journal.open(study.annotations, chance.choice(["Ann", "Bo"]))
    cells = study.recording(NAME).cells()
    for _ in range(10):
        row = cells.iloc[chance.randrange(len(cells))]
        line = Answer(
            time=datetime.now(UTC), annotator=journal.annotator, recording=NAME,
            cell=int(row["cell"]), plane=0, y=float(row["y"]), x=float(row["x"]),
            answer="glia",
        )  # fmt: skip
        journal.add(line)
        os.write(acknowledged, f"{line.time.isoformat()}\n".encode())


def store(path: Path, number: int, rng: np.random.Generator) -> None:
    """Store new outlines of a tissue; its number stands in the run."""
    result = identified(NAME, tissue(number), rng)
    stamp = {
        "tissue": number,
        "cells": len(result.cells),
        "sum": int(result.labels.sum()),
    }
    result = replace(result, run={**result.run, "stamp": stamp})
    add_recording(
        Study.open(path), result, RecordingInfo(pixel_size_um=UM), replace=True
    )


def check(path: Path, times: list[str]) -> None:
    """Check the study after a kill."""
    study = Study.open(path)
    recording = study.recording(NAME)
    labels, cells, image = recording.labels(), recording.cells(), recording.planes().red
    stamp = recording.run()["stamp"]
    assert (len(cells), int(labels.sum())) == (stamp["cells"], stamp["sum"])
    assert set(cells["label"]) == set(np.unique(labels)) - {0}
    shown = tissue(stamp["tissue"]).image.ravel()
    assert np.corrcoef(shown, image.ravel())[0, 1] > 0.9
    lines = read_annotations(study.annotations).all_answers
    known = {time.isoformat() for time in lines["time"].dt.to_pydatetime()}
    assert set(times) <= known, "an acknowledged answer is lost"
    hidden = [entry for entry in (path / "recordings").iterdir()
              if entry.name.startswith(".") and entry.name != ".replaced"]  # fmt: skip
    hidden += [entry for entry in path.iterdir() if entry.name.startswith(".")]
    assert hidden == [], hidden


def main() -> None:
    """Kill, open, check, and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--kills", type=int, default=1000)
    parser.add_argument("--rename-ms", type=float, default=5)
    arguments = parser.parse_args()
    chance, times, recovered = random.Random(0), [], 0
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "study"
        Study.create(path)
        store(path, TISSUES[0], np.random.default_rng(0))
        for kill in range(arguments.kills):
            reading, writing = os.pipe()
            child = os.fork()
            if child == 0:
                os.close(reading)
                work(path, writing, kill, arguments.rename_ms / 1000)
            os.close(writing)
            time.sleep(chance.uniform(0.01, 1.2))
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            with os.fdopen(reading, encoding="ascii") as pipe:
                times += pipe.read().splitlines()
            recovered += len(Study.open(path).problems)
            check(path, times)
            if kill % 100 == 99:
                print(f"{kill + 1} kills, {len(times)} answers", flush=True)
    print(json.dumps({"kills": arguments.kills, "answers": len(times),
                      "recoveries": recovered}))  # fmt: skip


if __name__ == "__main__":
    main()
