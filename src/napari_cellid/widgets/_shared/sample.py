"""The sample of napari's menu, simulated while the window stays alive."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from napari_cellid.widgets._shared.waiting import wait_for_step

if TYPE_CHECKING:
    from napari_cellid.progress import Step

    LayerData = tuple[Any, dict[str, Any], str]


def simulated_field() -> list[LayerData]:
    """Layers of the simulated field; see `simulation.sample.simulated_field`."""
    return wait_for_step(_simulate(), "Simulating the sample…", at_once=True)


def _simulate() -> Step[list[LayerData]]:
    # in the thread, because importing what it needs takes a second
    from napari_cellid.simulation.sample import simulate_layers

    return (yield from simulate_layers())
