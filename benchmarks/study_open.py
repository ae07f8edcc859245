"""Opening a study of many recordings, cells and answers.

    python benchmarks/study_open.py [--recordings 20] [--cells 1000] [--people 5]
        [--answers 20000] [--repeats 9]

Makes a study in a temporary folder (random cells, random answers), and measures what
has to be done before somebody can work in it: reading its settings and cell tables,
reading all journals, and bringing the answers to the cells that are there now. The
consensus table is measured apart.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from napari_cellid.annotation.all_answers import read_annotations
from napari_cellid.annotation.annotators import journal_path
from napari_cellid.annotation.answer import Answer
from napari_cellid.annotation.jsonl import format_line
from napari_cellid.config import RecordingInfo
from napari_cellid.study.consensus import count_matched_votes
from napari_cellid.study.settings import recording_info_text
from napari_cellid.study.study import Study

if TYPE_CHECKING:
    from collections.abc import Callable

CLASSES = ("excitatory", "inhibitory", "glia")
PIXEL_UM = 1.17
SIDE = 1024
START = datetime(2026, 1, 5, 9, tzinfo=UTC)


def main() -> None:
    """Print the median seconds of each part."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    for name, default in (
        ("recordings", 20), ("cells", 1000), ("people", 5), ("answers", 20_000),
        ("repeats", 9),
    ):  # fmt: skip
        parser.add_argument(f"--{name}", type=int, default=default)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "study"
        make_study(path, given.recordings, given.cells)
        tables = {
            n: Study.open(path).recording(n).cells()
            for n in Study.open(path).recordings
        }
        for person in range(given.people):
            write_journal(
                path / "annotations", f"person {person}", tables, given.answers
            )
        print(
            f"{given.recordings} recordings of {given.cells} cells, {given.people} "
            f"people with {given.answers} answers each"
        )
        measure(path, given.repeats)


def measure(path: Path, repeats: int) -> None:
    """Print how long opening takes, and its parts."""

    def opened() -> None:
        study = Study.open(path)
        study.cells()
        study.match_answers(read_annotations(study.annotations).all_answers)

    study = Study.open(path)
    lines = read_annotations(study.annotations).all_answers
    resolved, cells = study.match_answers(lines), study.cells()
    assert len(resolved.unmatched) == 0
    for name, run in {
        "open, with cells and answers": opened,
        "  settings and cell tables": lambda: Study.open(path),
        "  journals": lambda: read_annotations(study.annotations),
        "  answers to their cells": lambda: study.match_answers(lines),
        "consensus table": lambda: count_matched_votes(
            cells, resolved, study.config.vote
        ),
    }.items():
        print(f"{name:30} {median(run, repeats):.3f} s")


def make_study(path: Path, n_recordings: int, n_cells: int) -> None:
    """Write a study of random cells; without images, which nobody reads at opening."""
    study = Study.create(path)
    rng = np.random.default_rng(0)
    for k in range(n_recordings):
        folder = study.path / "recordings" / f"recording {k:03}"
        folder.mkdir(parents=True)
        info = RecordingInfo(animal=f"m{k % 4}", pixel_size_um=PIXEL_UM)
        (folder / "recording.toml").write_text(recording_info_text(info), "utf-8")
        random_cells(rng, n_cells).to_csv(
            folder / "cells.csv", index=False, float_format="%.6g"
        )


def random_cells(rng: np.random.Generator, n: int) -> pd.DataFrame:
    """A cell table as identify writes it."""
    chances = rng.dirichlet((1, 1, 1), n)
    table = {
        "cell": np.arange(1, n + 1), "label": np.arange(1, n + 1), "plane": 0,
        "y": rng.random(n) * SIDE, "x": rng.random(n) * SIDE,
        "area_um2": rng.random(n) * 100 + 50,
        "predicted": np.array(CLASSES)[chances.argmax(1)], "confidence": chances.max(1),
    }  # fmt: skip
    table |= {f"p_{name}": chances[:, i] for i, name in enumerate(CLASSES)}
    for name in ("red_mean", "red_contrast", "green_mean", "green_contrast"):
        table[name] = rng.random(n)
    return pd.DataFrame(table)


def write_journal(
    folder: Path, person: str, tables: dict[str, pd.DataFrame], n: int
) -> None:
    """Write a journal of random answers to random cells."""
    rng = np.random.default_rng(sum(person.encode()))
    names = list(tables)
    chosen = zip(
        rng.integers(0, len(names), n),
        rng.random(n),
        rng.integers(0, 5, n),
        strict=True,
    )
    said = (*CLASSES, "not_a_cell", "unsure")
    places = {
        name: t[["cell", "plane", "y", "x"]].to_numpy() for name, t in tables.items()
    }
    lines = []
    for k, (recording, where, answer) in enumerate(chosen):
        name = names[recording]
        cell, plane, y, x = places[name][int(where * len(places[name]))]
        lines.append(
            format_line(
                Answer(
                    time=START + timedelta(seconds=k), annotator=person,
                    recording=name, cell=int(cell), plane=int(plane), y=y, x=x,
                    answer=said[answer], seconds=2.5,
                )
            )
        )  # fmt: skip
    folder.mkdir(exist_ok=True)
    journal_path(folder, person).write_bytes(b"".join(lines))


def median(run: Callable[[], object], repeats: int) -> float:
    """Median seconds of some runs."""
    seconds = []
    for _ in range(repeats):
        start = time.perf_counter()
        run()
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds)


if __name__ == "__main__":
    main()
