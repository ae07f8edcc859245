"""Whether the mean image of a recording is that of the pages, in every dialect.

    python -m tools.evaluation.tiff_dialects [--files 200]

Files of random shapes are written tag by tag as programs write them (ImageJ, OME,
ScanImage, plain pages, channels as samples, as the last axis, side by side, split over
files); each is read and stored in a study, and the mean over time that the study gives
back is compared with numpy's.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from napari_cellid.cells.measure import measure
from napari_cellid.config import RecordingInfo
from napari_cellid.identify import IdentifyResult
from napari_cellid.io.registry import read_recording
from napari_cellid.progress import run_to_end
from napari_cellid.recording import mean_planes
from napari_cellid.study.save_results import add_recording
from napari_cellid.study.study import Study

sys.path.insert(0, str(Path(__file__).parents[2] / "tests" / "io"))
from dialects import DIALECTS, make

if TYPE_CHECKING:
    from napari_cellid.recording import MeanPlanes, Recording


def main() -> None:
    """Write and read the files, and print how many are right."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--files", type=int, default=200)
    right: Counter[str] = Counter()
    n_files = parser.parse_args().files
    for seed in range(n_files):
        dialect = DIALECTS[seed % len(DIALECTS)]
        with tempfile.TemporaryDirectory() as folder:
            made = make(dialect, Path(folder), np.random.default_rng([seed, 7]))
            recording = read_recording(None, None, made.path, made.read_options())
            mean = _through_a_study(recording, Path(folder) / "study")
        wanted = made.expected.mean(axis=0, dtype="f8").astype("f4")
        if not (
            np.array_equal(mean.red, wanted[:, 0])
            and np.array_equal(mean.green, wanted[:, 1])
        ):
            sys.exit(f"file {seed} ({dialect}): the mean image is another")
        right[dialect] += 1
    for dialect, count in right.items():
        print(f"{dialect}: {count} files")
    print(f"{right.total()} of {n_files} mean images equal numpy's")


def _through_a_study(recording: Recording, folder: Path) -> MeanPlanes:
    """The mean images as they are read again from a study."""
    planes = run_to_end(mean_planes(recording))
    size = planes.pixel_size_um
    assert size is not None
    shape = next(one.shape for one in (planes.red, planes.green) if one is not None)
    labels = np.zeros(shape, np.int32)
    labels[0, :2, :2] = 1
    result = IdentifyResult(planes, labels, measure(labels, planes), (), None)
    study = Study.create(folder)
    add_recording(study, result, RecordingInfo(pixel_size_um=size))
    return Study.open(folder).recording(planes.name).planes()


if __name__ == "__main__":
    main()
