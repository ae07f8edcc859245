"""Whether the pixel size can be right: the image says how large cells are in px.

The networks see each image at the scale of its pixel size. At a wrong one outlines
keep about the size that the networks know, so that nothing in a result tells it. The
diameter that is estimated from the image does not depend on the pixel size.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from napari_cellid.cells.size_check import SOMA_RANGE_UM
from napari_cellid.errors import InputError
from napari_cellid.segmentation.diameter_estimate import estimate_diameter

if TYPE_CHECKING:
    from napari_cellid.device import Device
    from napari_cellid.progress import Step
    from napari_cellid.recording import MeanPlanes
    from napari_cellid.segmentation.predict import Segmenter


def check_pixel_size(
    planes: MeanPlanes, segmenter: Segmenter, device: Device
) -> Step[dict[str, Any]]:
    """Compare the pixel size with the diameter of cells in the image.

    Parameters
    ----------
    planes
        Mean images. With a diameter that was given or estimated nothing is compared.
    segmenter
        Outlines the cells.
    device
        Where to compute.

    Returns
    -------
    Record of the check: the estimated diameter in px and in µm at the pixel size, the
    number of outlines behind it, whether the pixel size is doubtful, and the sentence
    that says so; only the reason where no estimate is possible; empty where nothing
    was compared.
    """
    if planes.diameter_px is not None or planes.size_assumed:
        return {}
    try:
        estimate = yield from estimate_diameter(planes, segmenter, device)
    except InputError as error:
        return {"no_estimate": str(error)}
    size_um = estimate.diameter_px * planes.pixel_size_um
    low, high = SOMA_RANGE_UM
    doubtful = not low <= size_um <= high
    return {
        "diameter_px": estimate.diameter_px,
        "diameter_um": round(size_um, 2),
        "outlines": estimate.n_cells,
        "doubtful": doubtful,
        "text": _doubt(planes, estimate.diameter_px, size_um) if doubtful else "",
    }


def _doubt(planes: MeanPlanes, diameter_px: float, size_um: float) -> str:
    low, high = SOMA_RANGE_UM
    return (
        f"The pixel size may be wrong: cells in the image are about {diameter_px:.3g} "
        f"px across, which is {size_um:.3g} µm at {planes.pixel_size_um:.3g} µm per "
        f"pixel, but somata have {low:g} to {high:g} µm. Check the pixel size; "
        f"{low / diameter_px:.2g} to {high / diameter_px:.2g} µm would fit."
    )
