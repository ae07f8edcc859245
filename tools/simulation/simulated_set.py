"""Simulate fields for training: made once, kept on disk.

    python -m tools.simulation.simulated_set --out WORK/fields --n 300 \
        --kind wide --seed 1

Each field is simulated at its own pixel size, brought to the models' scale and kept
as one .npz: red, green (float16, after the mean over time), target (0 background,
1 rim of a cell, 2 core of a cell, 255 ignored) and its cells.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from multiprocessing import Pool
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
from tqdm import tqdm

from napari_cellid.cells.rescale import rescale_labels
from napari_cellid.channels.resampling import rescale
from napari_cellid.progress import run_to_end
from napari_cellid.segmentation.targets import pixel_targets
from napari_cellid.simulation.conditions import KINDS, draw_config
from napari_cellid.simulation.field import SimulatedField, simulate
from napari_cellid.simulation.tissue import CLASSES

if TYPE_CHECKING:
    from numpy.typing import NDArray

PIXEL_SIZE_UM = 1.17
FIELD_UM = 420.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--n", type=int, default=300)
    parser.add_argument("--kind", choices=KINDS, default="wide")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--outlined", choices=["cut", "visible"], default="cut")
    parser.add_argument(
        "--frames", type=int, nargs=2, help="draw fewest to most frames instead"
    )
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    name = f"{options.kind}-{options.seed}"
    if options.frames:
        name += f"-{options.frames[0]}to{options.frames[1]}"
    fields = [
        FieldRequest(
            path=options.out / f"{name}-{k:04d}.npz",
            kind=options.kind,
            seed=(options.seed, k),
            frames=options.frames,
            outlined=options.outlined,
        )
        for k in range(options.n)
    ]
    missing = [field for field in fields if not field.path.exists()]
    with Pool(options.workers) as pool:
        for _ in tqdm(pool.imap_unordered(make_field, missing), total=len(missing)):
            pass


@dataclass(frozen=True)
class FieldRequest:
    """A field to simulate.

    Parameters
    ----------
    path
        File that it is written to.
    kind
        Kind of the simulation.
    seed
        Fixes the field.
    frames
        Fewest and most frames, drawn log-uniformly; None for those of the kind.
    outlined
        What the truth outlines, as the setting of the simulation.
    """

    path: Path
    kind: str
    seed: tuple[int, int]
    frames: tuple[int, int] | None
    outlined: Literal["cut", "visible"] = "cut"


def make_field(request: FieldRequest) -> None:
    rng = np.random.default_rng(request.seed)
    config = draw_config(request.kind, rng, n_planes=1, outlined=request.outlined)
    if request.frames is not None:
        low, high = request.frames
        n_frames = round(low * (high / low) ** rng.random())
        config = config.model_copy(update={"n_frames": n_frames})
    side = round(FIELD_UM / config.pixel_size_um)
    config = config.model_copy(update={"height": side, "width": side})
    field = run_to_end(simulate(config))
    arrays = at_model_scale(field)
    # a name that is not taken for a field, should this be interrupted
    temporary = request.path.with_suffix(".part")
    with temporary.open("wb") as file:
        np.savez_compressed(file, settings=config.model_dump_json(), **arrays)
    temporary.replace(request.path)


def at_model_scale(field: SimulatedField) -> dict[str, NDArray[np.generic]]:
    """Bring the first plane of a field to `PIXEL_SIZE_UM`, with its targets."""
    factor = field.config.pixel_size_um / PIXEL_SIZE_UM
    red = rescale(field.red[0].astype(np.float32), factor)
    green = rescale(field.green[0].astype(np.float32), factor)
    labels = rescale_labels(field.labels[0], factor, red.shape)
    unsure = rescale_labels(field.unsure[0].astype(np.int32), factor, red.shape) > 0
    cells = field.cells
    place = (cells[["y", "x"]].to_numpy() + 0.5) * factor - 0.5
    return {
        "red": at_half(red),
        "green": at_half(green),
        "labels": labels,
        "target": pixel_targets(labels, unsure),
        "place": place.astype(np.float32),
        "kind": np.array([CLASSES.index(k) for k in cells["class"]], np.int8),
        "ambiguous": cells["ambiguous"].to_numpy(bool),
    }


def at_half(image: NDArray[np.float32]) -> NDArray[np.float16]:
    """An image in 16 bits, its brightest pixel 1000."""
    # the absolute level means nothing after normalisation; float16 keeps 3 digits
    return (image / max(float(image.max()), 1e-9) * 1000).astype(np.float16)


if __name__ == "__main__":
    main()
