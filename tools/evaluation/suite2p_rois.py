"""Whether what is read of a folder of suite2p is what suite2p wrote.

In an environment with suite2p 1.1 (GPL; no dependency), run it on a simulated movie:

    python -m tools.evaluation.suite2p_rois run FOLDER

`FOLDER/suite2p/plane0` is then what its own pipeline wrote. In the environment of
napari-cellid, compare every ROI, flag and image with numpy's reading of the files:

    python -m tools.evaluation.suite2p_rois check FOLDER [--types cell_types.csv]

numpy runs what pickles say: check only folders that you made yourself.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np

#: time points, rows, columns, cells and frames per second of the movie
T, Y, X, CELLS, FS = 1500, 128, 144, 40, 10.0
#: least distance of two cells (px), whose diameter is about 11
NEAREST = 9


def make_movie(seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Green movie, red movie, both (time, y, x) int16, and centres (cell, (y, x))."""
    rng = np.random.default_rng(seed)
    centres = np.zeros((0, 2))
    while len(centres) < CELLS:
        place = rng.uniform((12, 12), (Y - 12, X - 12))
        # so close that ROIs share pixels
        if (np.hypot(*(centres - place).T) > NEAREST).all():
            centres = np.vstack([centres, place])
    y, x = np.mgrid[:Y, :X]
    green = np.full((T, Y, X), 80, np.float32)
    red = np.full((Y, X), 60, np.float32)
    for k, (cy, cx) in enumerate(centres):
        distance = np.hypot(y - cy, x - cx)
        body = np.exp(-((distance / 5.0) ** 4)) * (
            1 - 0.5 * np.exp(-((distance / 2.5) ** 2))
        )
        spikes = rng.random(T) < 0.02
        decay = np.exp(-np.arange(60) / 10)
        trace = 1 + 3 * np.convolve(spikes, decay)[:T]
        green += 60 * trace[:, None, None].astype(np.float32) * body.astype(np.float32)
        if k % 2:
            red += 200 * np.exp(-((distance / 3.5) ** 4)).astype(np.float32)
    noisy = [
        rng.normal(mean, np.sqrt(mean) * 1.5).astype(np.int16)
        for mean in (green, np.broadcast_to(red, green.shape))
    ]
    return noisy[0], noisy[1], centres


def run(folder: Path) -> None:
    """Run suite2p's own pipeline, with registration, on the movie."""
    import suite2p
    import tifffile

    data = folder / "movie"
    data.mkdir(parents=True)
    green, red, _ = make_movie()
    # suite2p wants the channels page by page
    pages = np.stack([green, red], 1).reshape(-1, Y, X)
    tifffile.imwrite(data / "movie.tif", pages, photometric="minisblack")
    settings = suite2p.default_settings()
    settings["fs"], settings["tau"], settings["torch_device"] = FS, 1.0, "cpu"
    settings["diameter"] = [12.0, 12.0]
    settings["detection"]["chan2_threshold"] = 0.65
    settings["registration"]["nonrigid"] = False
    db = suite2p.default_db() | {
        "data_path": [str(data)], "save_path0": str(folder), "nchannels": 2,
        "functional_chan": 1, "nplanes": 1, "input_format": "tif",
    }  # fmt: skip
    suite2p.run_s2p(settings=settings, db=db)


def check(folder: Path, types: Path | None) -> dict[str, Any]:
    """Compare the reading of napari-cellid with that of numpy."""
    from napari_cellid.io.base import ReadOptions
    from napari_cellid.io.registry import read_recording
    from napari_cellid.io.rois import read_rois

    plane = folder / "suite2p" / "plane0"
    stat = np.load(plane / "stat.npy", allow_pickle=True)
    ops = np.load(plane / "ops.npy", allow_pickle=True).item()
    file = read_rois(folder)
    recording = read_recording(both=folder, options=ReadOptions(pixel_size_um=1.17))
    rois, labels = file.rois, file.rois.label_image()
    table = rois.table
    result: dict[str, Any] = {
        "rois": len(stat),
        "same number": len(rois) == len(stat),
        "same pixels in the same order": all(
            np.array_equal(rois.pixels(k), (each["ypix"], each["xpix"]))
            for k, each in enumerate(stat)
        ),
        "layers": rois.n_layers,
        "ROIs that share pixels": int(sum(each["overlap"].any() for each in stat)),
        "ROIs with pixels in the label image": len(np.unique(labels[labels > 0])),
        "same frame rate": file.frame_rate_hz == ops["fs"],
        "same green": same(recording.green, ops["meanImg"]),
        "same red": same(recording.red, ops.get("meanImg_chan2")),
    }
    for name in ("iscell", "redcell"):
        if (plane / f"{name}.npy").exists():
            flags = np.load(plane / f"{name}.npy")
            read = table[[name, f"{name}_probability"]].to_numpy()
            result[f"same {name}"] = np.array_equal(read, flags)
    for name, traces in file.traces.items():
        result[f"same {name}"] = np.array_equal(
            traces[0], np.load(plane / f"{name}.npy"), equal_nan=True
        )
    if types is not None:
        result |= check_types(types, stat)
    return result


def same(channel: Any, image: Any) -> bool:
    if channel is None or image is None:
        return False
    return np.array_equal(np.asarray(channel)[0, 0], np.float32(image))


def check_types(types: Path, stat: Any) -> dict[str, Any]:
    """Compare the rows of a table of classes with the ROIs."""
    import pandas as pd

    table = pd.read_csv(types, keep_default_na=False, na_values=[""])
    middles = [[each["ypix"].mean(), each["xpix"].mean()] for each in stat]
    _, _, centres = make_movie()
    distance = np.linalg.norm(np.array(middles)[:, None] - centres[None], axis=2)
    nearest, near = distance.argmin(1), distance.min(1) < 4
    is_red = nearest % 2 == 1
    called_red = table["p_excitatory"] + table["p_glia"] > table["p_inhibitory"]
    return {
        "rows are the ROIs in order": table["roi"].tolist() == list(range(len(stat)))
        and np.allclose(table[["y", "x"]], middles, atol=1e-3),
        "ROIs on cells of the simulation": int(near.sum()),
        "red or not as simulated": int((called_red == is_red)[near].sum()),
        "red or not as simulated, by redcell": int(
            ((table["redcell"] == 1) == is_red)[near].sum()
        ),
        "classes": table["predicted"].value_counts().to_dict(),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=["run", "check"])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--types", type=Path)
    arguments = parser.parse_args()
    if arguments.what == "run":
        run(arguments.folder)
    else:
        print(json.dumps(check(arguments.folder, arguments.types), indent=2))


if __name__ == "__main__":
    main()
