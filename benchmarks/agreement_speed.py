"""Seconds that agreement takes on a large study, start of the program included.

    python benchmarks/agreement_speed.py [--repeats 5] [--keep FOLDER]

makes a study of 20,000 simulated cells in 10 recordings (no images) that five people
of known reliability have answered, 100,000 answers in all, and measures

- `napari-cellid agree --json` as a whole process, with and without --quality, and
  what of it is the import of modules (`python -X importtime` tells more);
- counting votes, alpha with 1,000 resamples, and all figures of agreement;
- ordering 10,000 cells for one person, each order.

Answers are drawn at random, so the figures of agreement say nothing of real people.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, get_args

import numpy as np
import pandas as pd

from napari_cellid.agreement.coefficients import krippendorff_alpha
from napari_cellid.agreement.ratings import tabulate_ratings
from napari_cellid.agreement.summary import measure_agreement
from napari_cellid.agreement.vote import count_votes
from napari_cellid.annotation.all_answers import read_annotations
from napari_cellid.cells.measure import COLUMNS
from napari_cellid.config import QueueConfig, QueueOrder, RecordingInfo
from napari_cellid.study.cell_order import order_cells
from napari_cellid.study.settings import recording_info_text
from napari_cellid.study.study import Study

if TYPE_CHECKING:
    from collections.abc import Callable

N_RECORDINGS, N_CELLS, SIZE = 10, 2000, 1000
#: chance of each person to say the true class
PEOPLE = {"Ann": 0.95, "Bo": 0.92, "Cy": 0.9, "Di": 0.85, "Ed": 0.8}
CLASSES = ("excitatory", "inhibitory", "glia")
ANSWERS = (*CLASSES, "not_a_cell", "unsure")
SHARE = (0.7, 0.18, 0.12)
#: share of the answers that were given a second time
REPEATS = 0.05
WANTED_S = {"agree": 3.0, "alpha": 1.0, "queue": 0.05}


def make_study(folder: Path, seed: int = 0) -> Study:
    """Write a study with cells and journals, but no images."""
    generator = np.random.default_rng(seed)
    study = Study.create(folder)
    cells = [
        _make_recording(study, f"recording{k:02d}", generator)
        for k in range(N_RECORDINGS)
    ]
    table = pd.concat(cells, ignore_index=True)
    study.annotations.mkdir(exist_ok=True)
    for name, accuracy in PEOPLE.items():
        _write_journal(study.annotations, name, accuracy, table, generator)
    return Study.open(folder)


def _make_recording(
    study: Study, name: str, generator: np.random.Generator
) -> pd.DataFrame:
    folder = study.path / "recordings" / name
    folder.mkdir(parents=True)
    info = RecordingInfo(animal=f"m{name[-1]}", subvolume="V1", pixel_size_um=1.17)
    (folder / "recording.toml").write_text(recording_info_text(info), "utf-8")
    true = generator.choice(3, N_CELLS, p=SHARE)
    chances = generator.dirichlet([1, 1, 1], N_CELLS)
    # cells do not lie closer than 20 px to one another
    y, x = np.divmod(generator.permutation((SIZE // 20) ** 2)[:N_CELLS], SIZE // 20)
    table = pd.DataFrame(
        {
            "cell": np.arange(1, N_CELLS + 1),
            "label": np.arange(1, N_CELLS + 1),
            "plane": generator.integers(0, 3, N_CELLS),
            "y": y * 20 + generator.uniform(0, 5, N_CELLS).round(2),
            "x": x * 20 + generator.uniform(0, 5, N_CELLS).round(2),
            "area_um2": generator.uniform(60, 200, N_CELLS).round(1),
            "predicted": np.array(CLASSES)[chances.argmax(1)],
            "confidence": chances.max(1),
        }
    )
    assert tuple(table.columns) == COLUMNS
    for k, one in enumerate(CLASSES):
        table[f"p_{one}"] = chances[:, k]
    table.to_csv(folder / "cells.csv", index=False)
    return table.assign(recording=name, true=true)


def _write_journal(
    folder: Path,
    name: str,
    accuracy: float,
    table: pd.DataFrame,
    generator: np.random.Generator,
) -> None:
    """Write a journal as the program does; repeats are among the lines."""
    n_repeats = int(len(table) * REPEATS)
    order = generator.permutation(len(table))[: len(table) - n_repeats]
    rows = table.iloc[np.concatenate([order, order[:n_repeats]])]
    said = rows["true"].to_numpy().copy()
    wrong = generator.random(len(rows)) > accuracy
    said[wrong] = generator.integers(0, len(ANSWERS), wrong.sum())
    start = datetime(2026, 1, 5, 9, tzinfo=UTC)
    columns = (rows[key].tolist() for key in ("recording", "cell", "plane", "y", "x"))
    lines = []
    for k, (recording, cell, plane, y, x) in enumerate(zip(*columns, strict=True)):
        line = {
            "time": (start + timedelta(seconds=3 * k)).isoformat()[:-6] + "Z",
            "annotator": name, "recording": recording, "cell": cell, "plane": plane,
            "y": y, "x": x, "answer": ANSWERS[said[k]], "shown": None, "seconds": 2.5,
        }  # fmt: skip
        if k >= len(order):
            line["repeat"] = True
        lines.append(json.dumps(line, separators=(",", ":")))
    (folder / f"{name}.jsonl").write_text("\n".join(lines) + "\n", "utf-8")


def main() -> int:
    """Print the medians; 1 if one is slower than it should be."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--keep", type=Path, help="make the study here and keep it")
    arguments = parser.parse_args()
    print(f"{os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}")
    with tempfile.TemporaryDirectory() as temporary:
        folder = arguments.keep or Path(temporary) / "study"
        study = make_study(folder)
        n_lines = len(read_annotations(study.annotations).all_answers)
        print(f"{n_lines} lines of {len(PEOPLE)} people, simulated")
        slow = _time_processes(folder, arguments.repeats)
        slow |= _time_functions(study, arguments.repeats)
    return int(slow)


def _time_processes(folder: Path, repeats: int) -> bool:
    program = [sys.executable, "-m", "napari_cellid.cli"]
    quiet = {"stdout": subprocess.DEVNULL, "check": True}

    def agree(*more: str) -> None:
        subprocess.run([*program, "agree", str(folder), "--json", *more], **quiet)

    modules = "napari_cellid.agreement.summary, napari_cellid.study.consensus"
    imports = [sys.executable, "-c", f"import {modules}, krippendorff"]
    _show("imports alone", lambda: subprocess.run(imports, **quiet), repeats)
    slow = _show("napari-cellid agree", agree, repeats, WANTED_S["agree"])
    return _show("agree --quality", lambda: agree("--quality"), repeats) or slow


def _time_functions(study: Study, repeats: int) -> bool:
    lines = read_annotations(study.annotations).all_answers
    resolved = study.match_answers(lines)
    answers, config, cells = resolved.current(), study.config, study.cells()
    counts = tabulate_ratings(answers).counts()
    _show("read journals", lambda: read_annotations(study.annotations), repeats)
    _show("bring answers to cells", lambda: study.match_answers(lines), repeats)
    _show("count votes", lambda: count_votes(answers, config.vote), repeats)
    slow = _show(
        f"alpha, {len(counts)} cells",
        lambda: krippendorff_alpha(counts),
        repeats,
        WANTED_S["alpha"],
    )
    _show(
        "all figures",
        lambda: measure_agreement(answers, config, all_answers=lines),
        repeats,
    )
    some = cells.iloc[:10000]
    for order in get_args(QueueOrder):
        run = partial(
            order_cells, some, (), answers, QueueConfig(order=order), "Ann", CLASSES
        )
        slow |= _show(f"queue: {order}", run, repeats, WANTED_S["queue"])
    return slow


def _show(
    name: str, run: Callable[[], object], repeats: int, wanted: float | None = None
) -> bool:
    seconds = []
    for _ in range(repeats):
        start = time.perf_counter()
        run()
        seconds.append(time.perf_counter() - start)
    median = statistics.median(seconds)
    limit = "" if wanted is None else f"; wanted below {wanted:g} s"
    print(
        f"{name:24s} median {median:.3f} s, {min(seconds):.3f} to "
        f"{max(seconds):.3f} s{limit}"
    )
    return wanted is not None and median > wanted


if __name__ == "__main__":
    sys.exit(main())
