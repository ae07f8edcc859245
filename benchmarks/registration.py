"""How exactly red is brought onto green, and the frames of a movie onto one another.

    python -m benchmarks.registration channels --fields 50 --out channels.jsonl
    python -m benchmarks.registration movie --movies 3 --frames 100 --out movie.jsonl

`channels` simulates fields (512 x 512 px), moves red by up to 20 px and scales it by up
to 5 % before photons are drawn, and finds the transform. It does so with red nuclei
against green rings, and with green against green as channels of one structure; and it
counts how often fields that were not moved are said to lie apart, and fields that were
moved by 2.5 to 20 px are not. `movie` gives the frames of simulated movies jumps of up
to 10 px. Errors are in px: `mean` is the mean over the field of the length of the
difference between the true displacement and the one found; `of the mean` is the length
of its mean over the field. Wanted are 0.1 px in the median and 0.3 px in the worst
field or frame. What was measured is kept in the file: an interrupted run goes on, and
runs with other `--first` can write to the same file. All data is simulated.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dask
import dask.array as da
import numpy as np
from scipy import ndimage

from napari_cellid.config import SimulationConfig
from napari_cellid.config.movie import MovieConfig
from napari_cellid.config.registration import RegistrationConfig
from napari_cellid.progress import run_to_end
from napari_cellid.recording import MeanPlanes
from napari_cellid.registration.channels import find_channel_transform
from napari_cellid.registration.movie import find_movie_shifts
from napari_cellid.registration.register import register_channels
from napari_cellid.simulation.detection import add_noise, expected_photons
from napari_cellid.simulation.field import simulate
from napari_cellid.simulation.movie import simulate_movie

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from napari_cellid.config.registration import TransformKind
    from napari_cellid.simulation.movie import Movie

    Channels = tuple[NDArray[np.float64], NDArray[np.float64]]

_SIZE, _MARGIN = 512, 48
_MAX_SHIFT, _MAX_SCALE, _JUMP = 20.0, 0.05, 10.0
#: error (px) in the median and in the worst field
_WANTED = (0.1, 0.3)


def photons(seed: int) -> Channels:
    """Red and green without noise, with a margin for what is moved in."""
    side = _SIZE + 2 * _MARGIN
    config = SimulationConfig(seed=seed, height=side, width=side, n_planes=1)
    seen: list[Channels] = []
    run_to_end(
        simulate(config, lambda *at: seen.append(expected_photons(*at[2:], config)))
    )
    return seen[0]


def exposed(
    channels: Channels, seed: int, shift: NDArray[np.float64], scale: float
) -> tuple[MeanPlanes, NDArray[np.float64]]:
    """Mean images of a field whose red was moved, and the true matrix."""
    red, green = channels
    rng = np.random.default_rng(seed + 1000)
    config = SimulationConfig(seed=seed)
    middle = (_SIZE + 2 * _MARGIN - 1) / 2
    if scale != 1 or shift.any():
        offset = middle - (middle + shift) / scale
        red = ndimage.affine_transform(
            red, np.eye(2) / scale, offset, order=3, mode="reflect"
        )
    cut = slice(_MARGIN, _MARGIN + _SIZE)
    images = [
        add_noise(image, config, rng)[cut, cut][None].astype(np.float32)
        for image in (red, green)
    ]
    own = (_SIZE - 1) / 2
    matrix = np.column_stack([np.eye(2) * scale, own + shift - scale * own])
    return MeanPlanes("simulated", *images, config.pixel_size_um), matrix


def errors(found: NDArray[np.float64], true: NDArray[np.float64]) -> tuple[float, ...]:
    """Error of the displacement (px): its mean over the field, and that of the mean."""
    y, x = np.mgrid[0:_SIZE:16, 0:_SIZE:16]
    difference = (found - true) @ np.stack([y.ravel(), x.ravel(), np.ones(y.size)])
    return float(np.hypot(*difference).mean()), float(np.hypot(*difference.mean(1)))


def drawn(seed: int) -> tuple[NDArray[np.float64], float]:
    """A shift (y, x) and a scale."""
    rng = np.random.default_rng(seed + 2000)
    shift = rng.uniform(-_MAX_SHIFT, _MAX_SHIFT, 2)
    return shift, 1 + float(rng.uniform(-_MAX_SCALE, _MAX_SCALE))


def said_apart(planes: MeanPlanes) -> bool:
    """Whether a run says that the channels lie apart."""
    noted, _ = run_to_end(register_channels(planes, RegistrationConfig()))
    return len(noted.notes) > len(planes.notes)


def measure_field(seed: int, kinds: Sequence[TransformKind]) -> dict[str, Any]:
    """Errors of the transforms of some kinds in a field, and its warnings."""
    found: dict[str, Any] = {}
    red, green = photons(seed)
    shift, scale = drawn(seed)
    for name, channels in (("nuclei", (red, green)), ("same", (green, green))):
        for kind in kinds:
            factor = 1.0 if kind == "shift" else scale
            planes, true = exposed(channels, seed, shift, factor)
            made = find_channel_transform(
                planes.red, planes.green, planes.pixel_size_um, kind
            )
            lead = made.agreement / made.chance
            found[f"{name}, {kind}"] = [*errors(made.matrix, true), float(lead)]
    unmoved, _ = exposed((red, green), seed, np.zeros(2), 1.0)
    found["false alarms"] = said_apart(unmoved)
    length = 2.5 + 17.5 * (seed % 50) / 49
    turn = np.array([np.sin(seed), np.cos(seed)])
    moved, _ = exposed((red, green), seed, length * turn, 1.0)
    found["misses"] = not said_apart(moved)
    return found


def print_fields(rows: Sequence[dict[str, Any]]) -> None:
    """Print the errors over all fields, and how often warnings were wrong."""
    for name in rows[0]:
        values = [row[name] for row in rows if name in row]
        if isinstance(values[0], bool):
            print(f"{name}: {sum(values)} of {len(values)} fields")
            continue
        mean, of_mean, lead = np.array(values).T
        print(
            f"{name}: mean {np.median(mean):.3f} (worst {mean.max():.3f}), of the mean "
            f"{np.median(of_mean):.3f} (worst {of_mean.max():.3f}), least lead over "
            f"chance {lead.min():.2f}; {len(mean)} fields, {verdict(mean)}"
        )


def verdict(error: NDArray[np.float64]) -> str:
    """Whether errors are as small as wanted."""
    reached = np.median(error) <= _WANTED[0] and error.max() <= _WANTED[1]
    return "as wanted" if reached else "not as wanted"


def jumping_movie(seed: int, n_frames: int, side: int) -> Movie:
    """A movie whose frames jump by up to 10 px every ten frames."""
    config = SimulationConfig(seed=seed, height=side, width=side, n_planes=1)
    _, movie = run_to_end(simulate_movie(config, MovieConfig(movie_frames=n_frames)))
    rng = np.random.default_rng(seed)
    jumps = np.repeat(rng.uniform(-_JUMP, _JUMP, (-(-n_frames // 10), 2)), 10, axis=0)
    rigid = movie.motion.rigid + jumps[:n_frames]
    return replace(movie, motion=replace(movie.motion, rigid=rigid))


def movie_arrays(movie: Movie) -> dict[str, da.Array]:
    """The channels (time, plane, y, x), whose frames are made when they are read."""
    n_frames, _, height, width = movie.shape
    frames = [dask.delayed(movie.frame)(0, time) for time in range(n_frames)]
    return {
        name: da.stack(
            [
                da.from_delayed(frame[k], (height, width), movie.dtype)
                for frame in frames
            ]
        )[:, None]
        for k, name in enumerate(("red", "green"))
    }


def measure_movie(seed: int, n_frames: int, side: int) -> dict[str, Any]:
    """Error (px) of the shift of each frame, by the channels that were used."""
    movie = jumping_movie(seed, n_frames, side)
    found: dict[str, Any] = {}
    for used in (("red", "green"), ("red",), ("green",)):
        arrays = movie_arrays(movie)
        shifts = run_to_end(
            find_movie_shifts(
                {name: arrays[name] for name in used}, movie.config.pixel_size_um
            )
        )
        # a frame shows at a pixel what lies at the pixel plus its motion
        difference = shifts.shifts[:, 0] + movie.motion.rigid
        difference -= np.median(difference, axis=0)
        found[" and ".join(used)] = {
            "error": np.hypot(*difference.T).tolist(),
            "not found": int((~shifts.reliable).sum()),
        }
    return found


def print_movies(rows: Sequence[dict[str, Any]]) -> None:
    """Print the errors over all frames of all movies."""
    for used in rows[0]:
        error = np.concatenate([row[used]["error"] for row in rows])
        lost = sum(row[used]["not found"] for row in rows)
        print(
            f"{used}: median {np.median(error):.3f}, worst {error.max():.3f} px of "
            f"{len(error)} frames of {len(rows)} movies, {lost} not found, "
            f"{verdict(error)}"
        )


def measured(path: Path | None) -> dict[int, dict[str, Any]]:
    """What was measured before, by seed."""
    if path is None or not path.exists():
        return {}
    lines = map(json.loads, path.read_text("utf-8").splitlines())
    return {line["seed"]: line["found"] for line in lines}


def measure_all(
    seeds: Sequence[int], path: Path | None, measure: Callable[[int], dict[str, Any]]
) -> list[dict[str, Any]]:
    """Measure with each seed that is not in the file, and add it there."""
    rows = measured(path)
    for seed in seeds:
        if seed in rows:
            continue
        rows[seed] = measure(seed)
        print(f"{seed} of {len(seeds)} done", flush=True)
        if path is not None:
            with path.open("a", encoding="utf-8") as file:
                file.write(json.dumps({"seed": seed, "found": rows[seed]}) + "\n")
    return list(rows.values())


def main() -> None:
    """Read the command line and measure."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=["channels", "movie"])
    parser.add_argument("--fields", type=int, default=50)
    parser.add_argument(
        "--kinds", nargs="+", default=("shift", "scale"), help="or affine"
    )
    parser.add_argument("--movies", type=int, default=3)
    parser.add_argument("--frames", type=int, default=100)
    parser.add_argument("--side", type=int, default=512, help="px of a movie's frame")
    parser.add_argument("--first", type=int, default=0, help="seed of the first")
    parser.add_argument("--out", type=Path, help="file of what was measured")
    given = parser.parse_args()
    n = given.fields if given.what == "channels" else given.movies
    seeds = range(given.first, given.first + n)
    if given.what == "channels":
        print_fields(
            measure_all(seeds, given.out, lambda k: measure_field(k, given.kinds))
        )
    else:
        print_movies(
            measure_all(
                seeds, given.out, lambda k: measure_movie(k, given.frames, given.side)
            )
        )


if __name__ == "__main__":
    main()
