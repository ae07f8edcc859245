"""About ten measurements of a cell, for methods without a network."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from napari_cellid.cells.measure import measure

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from napari_cellid.recording import MeanPlanes

#: names of the measurements, in order; the first two are those of the two thresholds
FEATURES = (
    "red_contrast", "green_contrast", "red_middle", "green_middle", "red_score",
    "green_score", "red_spread", "green_spread", "log_area", "elongation",
)  # fmt: skip
#: radius of the middle of a cell (µm), as 3 px of the paper's images
_MIDDLE_UM = 3.5
#: blur (µm) by which the score divides an image, as 13 px of the paper's images
_BLUR_UM = 15.0


def hand_features(
    planes: MeanPlanes, labels: NDArray[np.int32], cells: pd.DataFrame
) -> NDArray[np.float64]:
    """Measure cells inside their outlines.

    Parameters
    ----------
    planes
        Mean images with both channels.
    labels
        (plane, y, x).
    cells
        `label`, `plane`, `y` and `x` are read.

    Returns
    -------
    (cell, feature), as `FEATURES`: contrast with the surroundings, middle over whole
    cell, brightness over that of the neighbourhood (a score of the laboratory that made
    the paper's recordings), relative spread, area, and axis ratio.
    """
    table = measure(labels, planes).set_index("label")
    rows = table.reindex(cells["label"].to_numpy())
    columns = {
        "red_contrast": rows["red_contrast"].to_numpy(float),
        "green_contrast": rows["green_contrast"].to_numpy(float),
        "log_area": np.log(rows["area_um2"].to_numpy(float)),
        "elongation": _elongation(labels, cells),
    }
    for colour in ("red", "green"):
        image = getattr(planes, colour).astype(np.float64)
        columns |= {
            f"{colour}_{name}": values
            for name, values in _of_channel(image, labels, cells, planes).items()
        }
    stacked = np.column_stack([columns[name] for name in FEATURES])
    # a cell without surroundings has no contrast
    filled = np.nan_to_num(stacked, nan=0.0, posinf=50, neginf=-10)
    return np.asarray(np.clip(filled, -10, 50))


def _of_channel(
    image: NDArray[np.float64],
    labels: NDArray[np.int32],
    cells: pd.DataFrame,
    planes: MeanPlanes,
) -> dict[str, NDArray[np.float64]]:
    numbers = cells["label"].to_numpy()
    mean = np.asarray(ndimage.mean(image, labels, numbers), float)
    spread = np.asarray(ndimage.standard_deviation(image, labels, numbers), float)
    score = np.empty_like(image)
    sigma = _BLUR_UM / planes.pixel_size_um
    for plane, one in enumerate(image):
        flat = one / np.maximum(ndimage.gaussian_filter(one, sigma), 1e-6)
        score[plane] = flat / max(float(np.quantile(flat, 0.99)), 1e-6)
    radius = max(_MIDDLE_UM / planes.pixel_size_um, 1.0)
    offset = np.arange(-int(radius), int(radius) + 1)
    dy, dx = np.nonzero(offset[:, None] ** 2 + offset[None] ** 2 <= radius**2)
    y, x = (cells[a].round().to_numpy(int)[:, None] for a in ("y", "x"))
    rows = np.clip(y + offset[dy], 0, image.shape[1] - 1)
    columns = np.clip(x + offset[dx], 0, image.shape[2] - 1)
    middle = image[cells["plane"].to_numpy(int)[:, None], rows, columns].mean(1)
    whole = np.maximum(mean, 1e-6)
    return {
        "middle": middle / whole,
        "score": np.asarray(ndimage.mean(score, labels, numbers), float),
        "spread": spread / whole,
    }


def _elongation(labels: NDArray[np.int32], cells: pd.DataFrame) -> NDArray[np.float64]:
    """Long over short axis of the outline of each cell."""
    boxes = ndimage.find_objects(labels)
    found = []
    for number in cells["label"].to_numpy(int):
        box = boxes[number - 1]
        _, y, x = np.nonzero(labels[box] == number)
        if len(y) < 3:
            found.append(1.0)
            continue
        small, large = np.linalg.eigvalsh(np.cov(y, x) + np.eye(2) / 12)
        found.append(float(np.sqrt(large / small)))
    return np.array(found)
