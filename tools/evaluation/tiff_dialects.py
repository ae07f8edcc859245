"""Whether the mean image of a recording is that of the pages, in every dialect.

    python -m tools.evaluation.tiff_dialects [--files 200]

Files of random shapes are written tag by tag as programs write them (ImageJ, OME,
ScanImage, plain pages, channels as samples, as the last axis, side by side, split over
files); each is read, and its mean over time is compared with numpy's.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections import Counter
from pathlib import Path

import numpy as np

from napari_cellid.io.registry import read_recording
from napari_cellid.progress import run_to_end
from napari_cellid.recording import mean_planes

sys.path.insert(0, str(Path(__file__).parents[2] / "tests" / "io"))
from dialects import DIALECTS, make


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
            mean = run_to_end(mean_planes(recording))
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


if __name__ == "__main__":
    main()
