"""The picture of the channels before and after registration."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from napari_cellid.io.overlay_png import composite

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from napari_cellid.recording import MeanPlanes

#: planes beyond these are not drawn; side (inches) of a plane, and pixels per inch
_MOST_PLANES, _SIDE, _DPI = 6, 6.0, 110


def save_registration(
    path: Path, before: dict[str, NDArray[np.float32]], planes: MeanPlanes
) -> None:
    """Draw each plane (the first 6) before and after registration, side by side.

    Parameters
    ----------
    path
        A .png file.
    before
        Images (plane, y, x) of the channels before registration, by name.
    planes
        The images after it.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    n_planes, height, width = planes.shape
    shown = min(n_planes, _MOST_PLANES)
    earlier = replace(planes, red=before.get("red"), green=before.get("green"))
    scale = _SIDE / max(height, width)
    figure = Figure(
        figsize=(2 * width * scale, shown * height * scale + 0.4 * shown),
        dpi=_DPI,
        facecolor="black",
        layout="constrained",
    )
    FigureCanvasAgg(figure)
    axes = figure.subplots(shown, 2, squeeze=False)
    for plane, row in enumerate(axes):
        for axis, images, title in zip(
            row, (earlier, planes), ("before", "after"), strict=True
        ):
            axis.set_axis_off()
            axis.imshow(composite(images, plane), interpolation="nearest")
            where = f"plane {plane}, " if n_planes > 1 else ""
            axis.set_title(f"{where}{title} registration", color="white", fontsize=11)
    figure.savefig(path, facecolor="black")
