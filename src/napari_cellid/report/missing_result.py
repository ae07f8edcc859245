"""Why a run has no classes or no cells, and what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_cellid.recording.data import SOMA_UM

if TYPE_CHECKING:
    from napari_cellid.identify import IdentifyResult
    from napari_cellid.recording import MeanPlanes


def unclassified_text(result: IdentifyResult) -> str:
    """Why the cells of a result have no classes; empty if they have, or none is there.

    Parameters
    ----------
    result
        The result of a run.
    """
    if result.classes or not len(result.cells):
        return ""
    missing = [
        colour for colour in ("red", "green") if getattr(result.planes, colour) is None
    ]
    if not missing:
        return "Not classified, because no model that classifies was chosen."
    return (
        f"Not classified, because there is no {missing[0]} channel: classes are told "
        "from both. Choose its image and identify the cells again."
    )


def no_cells_text(result: IdentifyResult, threshold: float) -> str:
    """Why no cell may have been outlined; empty if there are cells.

    Parameters
    ----------
    result
        The result of a run.
    threshold
        Cell threshold with which it was outlined.
    """
    if len(result.cells):
        return ""
    reasons = [*_by_size(result.planes), _by_channel(result.planes)]
    if result.segmentation is not None:
        highest = float(result.segmentation.probability.max())
        if highest < threshold:
            # in front, because it is certain
            reasons.insert(0, _by_threshold(highest, threshold))
    lines = "\n".join(f"• {reason}" for reason in reasons)
    return f"No cell was outlined. Possible reasons:\n{lines}"


def _by_threshold(highest: float, threshold: float) -> str:
    return (
        f"Cell threshold: it is {threshold:.2f}, and no pixel has a cell probability "
        f"above {highest:.2f}. Lower it to see what is there."
    )


def _by_size(planes: MeanPlanes) -> list[str]:
    if planes.diameter_px is not None:
        return [
            f"Cell diameter: it is {planes.diameter_px:.3g} px; compare it with a cell "
            "in the image."
        ]
    return [
        f"Pixel size: at {planes.pixel_size_um:.3g} µm a soma of {SOMA_UM:g} µm is "
        f"{SOMA_UM / planes.pixel_size_um:.0f} px across; compare that with a cell in "
        "the image."
    ]


def _by_channel(planes: MeanPlanes) -> str:
    if planes.red is None:
        return "Channels: there is no red one; is the chosen image the green one?"
    if planes.green is None:
        return "Channels: there is no green one; is the chosen image the red one?"
    return "Channels: look whether the right images are chosen as red and green."
