"""Whether the U-Net finds more cells in projections of green than in its mean.

    python -m tools.evaluation.green_projections simulated --movies 6 --side 256
    python -m tools.evaluation.green_projections movie GREEN RED [--rois FOLDER]

gives the default U-Net the mean, the maximum projection or the correlation image of
green, or the mean averaged with one of them, beside the mean of red. `simulated` makes
movies and prints the recall of true cells whose class can be read off the mean image:
neurons that were active while the movie lasted, neurons that were not, and glia, which
never are. `movie` takes two recorded movies and counts
the outlines, and the ROIs of a folder of suite2p that are cells there and within 6 µm
of an outline.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from napari_cellid.cells.measure import measure
from napari_cellid.config import DeviceConfig, SegmentConfig, SimulationConfig
from napari_cellid.config.movie import MovieConfig
from napari_cellid.device import choose_device
from napari_cellid.io.base import ReadOptions
from napari_cellid.io.registry import read_recording
from napari_cellid.io.rois import read_rois
from napari_cellid.progress import run_to_end
from napari_cellid.recording import MeanPlanes, mean_planes
from napari_cellid.recording.frames import frame_blocks
from napari_cellid.recording.projections import Projections
from napari_cellid.segmentation.instances import label_cells
from napari_cellid.segmentation.predict import load_segmenter, predict_cell_maps
from napari_cellid.simulation.movie import simulate_movie
from tools.evaluation.class_scores import match_cells

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.typing import NDArray

    from napari_cellid.simulation.field import SimulatedField
    from napari_cellid.simulation.movie import Movie

_SEED = 60
_THRESHOLDS = (0.5, 0.7, 0.9)


def variants(
    mean: NDArray[np.float32], images: Mapping[str, NDArray[np.float32]]
) -> Iterator[tuple[str, NDArray[np.float32]]]:
    """The images (plane, y, x) that take the place of the mean of green, by name."""
    yield "mean", mean
    for name, image in images.items():
        yield name, image
        both = (_even(mean) + _even(image)) / 2
        yield f"mean and {name}", both.astype(np.float32)


def _even(image: NDArray[np.float32]) -> NDArray[np.float32]:
    """Between 0 and 1 from the darkest to nearly the brightest pixels."""
    low, high = np.percentile(image, (1, 99.5))
    return np.asarray((image - low) / (high - low), np.float32)


def outlined(planes: MeanPlanes) -> dict[float, pd.DataFrame]:
    """The cells that the default U-Net finds, by threshold."""
    device = choose_device(DeviceConfig(device="cpu", precision="fp32"))
    step = predict_cell_maps(planes, load_segmenter(None), SegmentConfig(), device)
    probability, core = run_to_end(step)
    found = {}
    for threshold in _THRESHOLDS:
        config = SegmentConfig(threshold=threshold)
        labels = label_cells(probability, core, planes.pixel_size_um, config)
        found[threshold] = measure(labels, planes)
    return found


def measure_movie(
    seed: int, side: int, movie_config: MovieConfig
) -> Iterator[dict[str, object]]:
    """True and found cells of a simulated movie, by image and threshold."""
    config = SimulationConfig(seed=seed, height=side, width=side, n_planes=1)
    field, movie = run_to_end(simulate_movie(config, movie_config))
    planes, images = _read(movie)
    active = movie.tissue[_rows(movie)]
    truth = field.cells
    clear = truth["ambiguous"].to_numpy() == 0
    glia = truth["class"].to_numpy() == "glia"
    moved = truth["tissue"].isin(active.tolist()).to_numpy()
    groups = {
        "active": clear & ~glia & moved,
        "silent": clear & ~glia & ~moved,
        "glia": clear & glia,
    }
    assert planes.green is not None
    for name, green in variants(planes.green, images):
        for threshold, cells in outlined(replace(planes, green=green)).items():
            rows, true = match_cells(cells, truth, config.pixel_size_um)
            hit = np.zeros(len(truth), bool)
            hit[true] = True
            row: dict[str, object] = {
                "image": name,
                "threshold": threshold,
                "matched": len(rows),
                "wrong": _wrong(cells, rows, field),
                "true": len(truth),
            }
            for group, members in groups.items():
                row[group] = int(members.sum())
                row[f"{group} hit"] = int((members & hit).sum())
            yield row


def _wrong(
    cells: pd.DataFrame, matched: NDArray[np.intp], field: SimulatedField
) -> int:
    """Outlines without a true cell, where nobody can be unsure whether one is there."""
    others = np.delete(np.arange(len(cells)), matched)
    places = cells[["y", "x"]].to_numpy()[others].round().astype(int)
    return int((~field.unsure[0][places[:, 0], places[:, 1]]).sum())


def _rows(movie: Movie) -> NDArray[np.int64]:
    """Cells (row of `movie.tissue`) that were active while the movie lasted."""
    events = movie.events
    tissue = events.loc[events["time_s"] >= 0, "tissue"]
    return np.flatnonzero(np.isin(movie.tissue, tissue))


def _read(movie: Movie) -> tuple[MeanPlanes, dict[str, NDArray[np.float32]]]:
    """Mean images of a movie, and projections of its green channel."""
    n, _, height, width = movie.shape
    taken = Projections((1, height, width))
    sums = np.zeros((2, height, width))
    block = []
    for time in range(n):
        red, green = movie.frame(0, time)
        sums += np.stack([red, green])
        block.append(green[None].astype(np.float32))
        if len(block) == 50 or time == n - 1:
            taken.add(np.stack(block))
            block = []
    red, green = (sums / n).astype(np.float32)[:, None]
    um = movie.config.pixel_size_um
    return MeanPlanes("movie", red=red, green=green, pixel_size_um=um), taken.images()


def print_simulated(table: pd.DataFrame) -> None:
    """Print recall of silent and active cells, precision and F1 over all movies."""
    total = table.groupby(["image", "threshold"], sort=False).sum()
    for _, row in total.reset_index().iterrows():
        found = row["matched"] + row["wrong"]
        recalls = (
            f"{group} {row[f'{group} hit'] / row[group]:.3f} of {row[group]}"
            for group in ("active", "silent", "glia")
        )
        print(
            f"{row['image']:22s} {row['threshold']:.1f}  F1 "
            f"{2 * row['matched'] / (found + row['true']):.3f}  precision "
            f"{row['matched'] / found:.3f}  recall {', '.join(recalls)}",
            flush=True,
        )


def print_movie(green: Path, red: Path, rois: Path | None, um: float) -> None:
    """Print the outlines of a recorded movie, and how many ROIs lie in them."""
    recording = read_recording(red, green, options=ReadOptions(pixel_size_um=um))
    planes = run_to_end(mean_planes(recording))
    assert recording.green is not None and planes.green is not None
    taken = Projections(recording.shape)
    for _, block in frame_blocks({"green": recording.green}):
        taken.add(block["green"].astype(np.float32))
    cells_there = None
    if rois is not None:
        roi_set = read_rois(rois, recording.shape).rois
        middles = [
            [axis.mean() for axis in roi_set.pixels(k)]
            for k in np.flatnonzero(roi_set.accepted).tolist()
        ]
        cells_there = pd.DataFrame(middles, columns=["y", "x"])
    usual: pd.DataFrame | None = None
    for name, image in variants(planes.green, taken.images()):
        cells = outlined(replace(planes, green=image))[0.7]
        usual = cells if usual is None else usual
        text = (
            f"{name:22s} {len(cells)} outlines, {len(match_cells(cells, usual, um)[0])}"
        )
        text += " of them as in the mean"
        if cells_there is not None:
            n = len(match_cells(cells, cells_there, um)[0])
            text += f", {n} of {len(cells_there)} ROIs"
        print(text, flush=True)


def main() -> None:
    """Read the command line and measure."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    what = parser.add_subparsers(dest="what", required=True)
    simulated = what.add_parser("simulated")
    simulated.add_argument("--movies", type=int, default=6)
    simulated.add_argument("--frames", type=int, default=200)
    simulated.add_argument("--side", type=int, default=256)
    simulated.add_argument(
        "--rate", type=float, default=0.03, help="events of excitatory cells (Hz)"
    )
    movie = what.add_parser("movie")
    movie.add_argument("green", type=Path)
    movie.add_argument("red", type=Path)
    movie.add_argument("--rois", type=Path, help="folder of suite2p")
    movie.add_argument("--pixel-size", type=float, default=1.17, help="µm")
    given = parser.parse_args()
    if given.what == "movie":
        print_movie(given.green, given.red, given.rois, given.pixel_size)
        return
    config = MovieConfig(movie_frames=given.frames, excitatory_rate_hz=given.rate)
    rows: list[dict[str, object]] = []
    for seed in range(_SEED, _SEED + given.movies):
        rows += measure_movie(seed, given.side, config)
    print_simulated(pd.DataFrame(rows))


if __name__ == "__main__":
    main()
