"""Whether a retrained U-Net finds cells better, and what it forgot."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from napari_cellid.config import SegmentConfig
from napari_cellid.evaluation.bootstrap import enough_groups
from napari_cellid.evaluation.detection import (
    DetectionCounts,
    count_detections,
    count_detections_by_tile,
    f1_difference,
)
from napari_cellid.progress import subprogress
from napari_cellid.retrain.simulated_fields import simulate_fields
from napari_cellid.segmentation.predict import segment

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from napari_cellid.device import Device
    from napari_cellid.progress import Step
    from napari_cellid.retrain.operating_point import Judged
    from napari_cellid.segmentation.predict import Segmenter

#: simulated fields on which it is seen whether a model forgot, never trained on
N_ORIGINAL, SEED = 8, 90_001
#: edge (µm) of the pieces from which the interval is drawn
_PIECE_UM = 120.0


def compare_segmenters(
    models: Mapping[str, Segmenter | None],
    held_out: Sequence[Judged],
    animals: Sequence[str],
    device: Device,
) -> Step[dict[str, Any]]:
    """Compare models on held-out and on simulated fields.

    Parameters
    ----------
    models
        "new", and "old" where there is one.
    held_out
        Images, true labels, and where the comparison counts.
    animals
        Of each held-out field.
    device
        Where to compute.

    Returns
    -------
    What `report.json` says, "measured_on" aside.
    """
    original = yield from simulate_fields(N_ORIGINAL, "wide", SEED)
    judged = [(p, labels, ~unsure | (labels > 0)) for p, labels, unsure in original]
    on_held: dict[str, Any] = {"new": None, "old": None}
    on_original: dict[str, Any] = {"new": None, "old": None}
    pieces: dict[str, list[list[DetectionCounts]]] = {}
    for name, model in models.items():
        if model is not None:
            found = yield from predict_fields(model, held_out, device)
            counts = _counted(found, held_out)
            on_held[name] = {"name": model.card.name, **counts.metrics()}
            pieces[name] = _pieces(found, held_out)
            counts = yield from score_segmenter(model, judged, device)
            on_original[name] = counts.metrics()
    return {
        "format": 1,
        "task": "segment",
        **on_held,
        **_difference(on_held, pieces, animals),
        "original_fields": {
            "measured_on": f"{N_ORIGINAL} simulated fields of the kind wide",
            **on_original,
        },
    }


def score_segmenter(
    model: Segmenter, fields: Sequence[Judged], device: Device
) -> Step[DetectionCounts]:
    """Count the cells that a model finds, misses and makes up."""
    found = yield from predict_fields(model, fields, device)
    return _counted(found, fields)


def predict_fields(
    model: Segmenter, fields: Sequence[Judged], device: Device
) -> Step[list[NDArray[np.int32]]]:
    """Labels (plane, y, x) that a model gives each field."""
    config = SegmentConfig(threshold=model.card.threshold)
    found = []
    for k, (planes, _, _) in enumerate(fields):
        step = segment(planes, model, config, device)
        one = yield from subprogress(step, k, len(fields), stage="Comparing")
        found.append(one.labels)
    return found


def _counted(
    found: Sequence[NDArray[np.int32]], fields: Sequence[Judged]
) -> DetectionCounts:
    counts = DetectionCounts()
    for one, (_, labels, where) in zip(found, fields, strict=True):
        counts += count_detections(one, labels, where)
    return counts


def _pieces(
    found: Sequence[NDArray[np.int32]], fields: Sequence[Judged]
) -> list[list[DetectionCounts]]:
    """Counts of all pieces of each field."""
    return [
        count_detections_by_tile(
            one, labels, where, round(_PIECE_UM / planes.pixel_size_um)
        )
        for one, (planes, labels, where) in zip(found, fields, strict=True)
    ]


def _difference(
    figures: Mapping[str, Any],
    pieces: Mapping[str, list[list[DetectionCounts]]],
    animals: Sequence[str],
) -> dict[str, Any]:
    """How much better the new model is, with its interval, and what to know of it."""
    new, old = (figures[name] or {} for name in ("new", "old"))
    if new.get("f1") is None or old.get("f1") is None:
        return {"difference": None, "notes": []}
    groups = [
        animal
        for animal, field in zip(animals, pieces["new"], strict=True)
        for _ in field
    ]
    now, before = (
        [one for field in pieces[name] for one in field] for name in ("new", "old")
    )
    found = f1_difference(now, before, groups, new["f1"] - old["f1"])
    notes = []
    if not enough_groups(groups):
        notes.append(
            f"Only {len(set(groups))} held-out animals: the interval is drawn over "
            f"pieces of {_PIECE_UM:.0f} µm and is too narrow."
        )
    ends = {name: round(one, 6) for name, one in vars(found).items()}
    return {"difference": {"f1": ends}, "notes": notes}
