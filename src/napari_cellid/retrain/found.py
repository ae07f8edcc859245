"""Whether a retrained U-Net finds cells better, and what it forgot."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from napari_cellid.config import SegmentConfig
from napari_cellid.evaluation.detection import Detection, detect
from napari_cellid.retrain.outlines import simulated
from napari_cellid.segmentation.segment import segment
from napari_cellid.steps import Progress, finish

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from napari_cellid.device import Device
    from napari_cellid.retrain.operating_point import Judged
    from napari_cellid.segmentation.segment import Segmenter
    from napari_cellid.steps import Step

#: simulated fields on which it is seen whether a model forgot, never trained on
N_ORIGINAL, SEED = 8, 90_001


def compare(
    models: Mapping[str, Segmenter | None], held_out: Sequence[Judged], device: Device
) -> Step[dict[str, Any]]:
    """Compare models on held-out and on simulated fields.

    Parameters
    ----------
    models
        "new", and "old" where there is one.
    held_out
        Images, true labels, and where the comparison counts.
    device
        Where to compute.

    Returns
    -------
    What `report.json` says, "measured_on" aside.
    """
    original = yield from simulated(N_ORIGINAL, "wide", SEED)
    judged = [(p, labels, ~unsure | (labels > 0)) for p, labels, unsure in original]
    on_held: dict[str, Any] = {"new": None, "old": None}
    on_original: dict[str, Any] = {"new": None, "old": None}
    for name, model in models.items():
        if model is not None:
            counts = yield from detection(model, held_out, device)
            on_held[name] = {"name": model.card.name, **counts.figures()}
            counts = yield from detection(model, judged, device)
            on_original[name] = counts.figures()
    return {
        "format": 1,
        "task": "segment",
        **on_held,
        "original_fields": {
            "measured_on": f"{N_ORIGINAL} simulated fields of the kind wide",
            **on_original,
        },
        "notes": [],
    }


def detection(
    model: Segmenter, fields: Sequence[Judged], device: Device
) -> Step[Detection]:
    """Count the cells that a model finds, misses and makes up."""
    config = SegmentConfig(threshold=model.card.threshold)
    counts = Detection()
    for k, (planes, labels, where) in enumerate(fields):
        yield Progress("Comparing", k, len(fields))
        found = finish(segment(planes, model, config, device)).labels
        counts += detect(found, labels, where)
    return counts
