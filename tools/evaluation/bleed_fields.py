"""Simulated fields of known bleed-through, and the true slope in their grey values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_cellid.progress import run_to_end
from napari_cellid.simulation.conditions import draw_config
from napari_cellid.simulation.detection import expected_photons
from napari_cellid.simulation.field import simulate

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_cellid.simulation.conditions import Kind
    from napari_cellid.simulation.detection import Scan
    from napari_cellid.simulation.field import SimulatedField
    from napari_cellid.simulation.optics import Light
    from napari_cellid.simulation.tissue import Tissue

FIELD_UM = 420.0
#: fields of the test in turn: usual, few photons, dense, uneven light, all ranges
TEST_KINDS: tuple[Kind, ...] = (
    "nominal",
    "low_snr",
    "weak_dense",
    "vignetting",
    "wide",
)


@dataclass(frozen=True, eq=False)
class BleedField:
    """A simulated field of one plane, and its true bleed-through.

    Parameters
    ----------
    kind
        Kind of field.
    field
        Images, outlines and classes.
    photons
        Red photons per green photon: the setting `bleed_green_to_red`.
    gain
        Grey values per photon of red, divided by those of green.
    """

    kind: Kind
    field: SimulatedField
    photons: float
    gain: float

    @property
    def slope(self) -> float:
        """True bleed-through in the grey values of the images."""
        return self.photons * self.gain


def bleed_field(kind: Kind, seed: tuple[int, ...], photons: float) -> BleedField:
    """Simulate a field of a kind with a bleed-through in photons."""
    rng = np.random.default_rng(seed)
    config = draw_config(kind, rng, n_planes=1, bleed_green_to_red=photons)
    side = round(FIELD_UM / config.pixel_size_um)
    config = config.model_copy(update={"height": side, "width": side})
    expected: list[tuple[NDArray[Any], NDArray[Any]]] = []

    def keep(plane: int, tissue: Tissue, light: Light, scan: Scan) -> None:
        expected.append(expected_photons(light, scan, config))

    field = run_to_end(simulate(config, keep))
    red, green = expected[0]
    gain = _gain(field.red[0], red) / _gain(field.green[0], green)
    return BleedField(kind, field, photons, gain)


def _gain(image: NDArray[Any], photons: NDArray[Any]) -> float:
    """Grey values per photon: the line through image and noiseless photons (y, x)."""
    # grey values at the end of 8 bits are cut off
    inside = (image > 0) & (image < np.iinfo(image.dtype).max)
    return float(np.polyfit(photons[inside], image[inside], 1)[0])
