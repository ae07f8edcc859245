"""The record of a run: what it takes to repeat it, and how long its parts took."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_cellid.models.card import package_versions
from napari_cellid.models.class_names import class_markers
from napari_cellid.models.registry import SHIPPED_MODELS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from napari_cellid.config import IdentifyConfig
    from napari_cellid.device import Device
    from napari_cellid.models.card import ModelCard, Task
    from napari_cellid.recording import MeanPlanes, Recording


def make_run_record(
    recording: Recording,
    planes: MeanPlanes,
    config: IdentifyConfig,
    device: Device,
    cards: Sequence[ModelCard],
) -> dict[str, Any]:
    """What it takes to repeat a run, ready for JSON.

    Parameters
    ----------
    recording
        The recording.
    planes
        Its mean images, whose notes are kept.
    config
        Settings.
    device
        Where the networks ran.
    cards
        Descriptions of the models.
    """
    return {
        "recording": recording.name,
        "sources": list(recording.sources),
        "read_as": dict(recording.read_as),
        "pixel_size_um": recording.pixel_size_um,
        "pixel_size_source": recording.pixel_size_source,
        **_diameter_record(recording),
        "notes": list(planes.notes),
        "settings": config.model_dump(mode="json"),
        "models": {
            # the hash, because a model can be replaced by another one of its name
            card.task: {"name": card.name, "weights_sha256": card.weights_sha256}
            for card in cards
        },
        **_labelling(cards),
        # the precision is part of it: half precision gives slightly other probabilities
        "device": str(device),
        "versions": package_versions(),
        "finished": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def with_model_folders(
    run: Mapping[str, Any], folders: Mapping[Task, Path | None]
) -> dict[str, Any]:
    """The record of a run that says where the user's own models lie.

    Parameters
    ----------
    run
        The record.
    folders
        Folder of the model of each task; None for the default one.
    """
    models = dict(run.get("models", {}))
    for task, folder in folders.items():
        # those of the package are found by their hash
        own = folder is not None and folder.parent not in (SHIPPED_MODELS, Path())
        if folder is not None and own and task in models:
            models[task] = {**models[task], "folder": str(folder.absolute())}
    return {**run, "models": models}


def _diameter_record(recording: Recording) -> dict[str, Any]:
    """The diameter that sets the scale, and its origin; empty without one."""
    if recording.diameter_px is None:
        return {}
    return {
        "diameter_px": recording.diameter_px,
        "diameter_source": recording.diameter_source,
    }


def _labelling(cards: Sequence[ModelCard]) -> dict[str, Any]:
    """What the classes mean, so that predictions follow when a study says it."""
    for card in cards:
        if card.task == "classify":
            markers = class_markers(card)
            return {"classes": {"scheme": card.scheme, "markers": markers}}
    return {}


class Timer:
    """Seconds that each part of a run took."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        # the wall clock can be set back during a run
        self._last = time.perf_counter()

    def stop(self, part: str) -> None:
        """Give the time since the last part to a part of this name."""
        now = time.perf_counter()
        self.seconds[part] = round(now - self._last, 3)
        self._last = now
