"""The sample of napari's Open Sample menu: a simulated field with its truth."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from napari_cellid.config import SAMPLE
from napari_cellid.progress import run_to_end
from napari_cellid.simulation.field import simulate

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_cellid.progress import Step
    from napari_cellid.simulation.field import SimulatedField

#: napari's LayerData: data, attributes, type of layer
LayerData = tuple[Any, dict[str, Any], str]


def simulated_field() -> list[LayerData]:
    """Simulate mCherry and GCaMP of three planes; the truth comes as hidden labels.

    Returns
    -------
    Layer data for napari, each (plane, y, x), scaled in micrometres.
    """
    return run_to_end(simulate_layers())


def simulate_layers() -> Step[list[LayerData]]:
    """The same as `simulated_field`, as a step."""
    field = yield from simulate(SAMPLE)
    return [
        _image(field, field.red, "mCherry (simulated)", "red"),
        _image(field, field.green, "GCaMP (simulated)", "green"),
        _truth(field),
    ]


def _image(
    field: SimulatedField, data: NDArray[Any], name: str, colormap: str
) -> LayerData:
    low, high = np.percentile(data, [1, 99.8])
    attributes = {
        "name": name,
        "colormap": colormap,
        "blending": "additive",
        "contrast_limits": (float(low), float(max(high, low + 1))),
        **_place(field),
    }
    return data, attributes, "image"


def _truth(field: SimulatedField) -> LayerData:
    features = field.cells.rename(columns={"label": "index"})
    attributes = {
        "name": "true cells (simulated)",
        "features": features,
        "visible": False,
        "opacity": 0.6,
        **_place(field),
    }
    return field.labels, attributes, "labels"


def _place(field: SimulatedField) -> dict[str, Any]:
    config = field.config
    return {
        "scale": (config.plane_spacing_um, config.pixel_size_um, config.pixel_size_um),
        "units": ("um", "um", "um"),
        "axis_labels": ("plane", "y", "x"),
        "metadata": {"simulated": True, "seed": config.seed},
    }
