"""Comparison of a retrained U-Net with the old model on held-out fields."""

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
from napari_cellid.retrain.simulated_fields import (
    Rehearsal,
    rehearsal_of,
    simulate_fields,
)
from napari_cellid.segmentation.predict import segment

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from napari_cellid.device import Device
    from napari_cellid.progress import Step
    from napari_cellid.retrain.operating_point import Judged
    from napari_cellid.segmentation.predict import Segmenter

#: number and seed of the simulated fields, never trained on, that show whether a model
#: lost accuracy on the original data
N_ORIGINAL, SEED = 8, 90_001
#: edge (µm) of the pieces of fields that are resampled for the interval
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
        "new" and "old"; None for a model that is missing.
    held_out
        Images, true labels, and the pixels that are compared.
    animals
        Name of the animal of each held-out field.
    device
        Where to compute.

    Returns
    -------
    The content of `report.json`, without "measured_on".
    """
    rehearsal = _rehearsal(models)
    original = yield from simulate_fields(N_ORIGINAL, rehearsal, SEED)
    # an uncertain cell is neither hit nor miss, but a certain one below it counts
    judged = [(p, labels, ~unsure | (labels > 0)) for p, labels, unsure in original]
    on_held: dict[str, Any] = {"new": None, "old": None}
    on_original: dict[str, Any] = {"new": None, "old": None}
    pieces: dict[str, list[list[DetectionCounts]]] = {}
    for name, model in models.items():
        if model is not None:
            predicted = yield from predict_fields(model, held_out, device)
            counts = _counted(predicted, held_out)
            on_held[name] = {"name": model.card.name, **counts.metrics()}
            pieces[name] = _pieces(predicted, held_out)
            counts = yield from score_segmenter(model, judged, device)
            on_original[name] = counts.metrics()
    return {
        "format": 1,
        "task": "segment",
        **on_held,
        **_difference(on_held, pieces, animals),
        "original_fields": {
            "measured_on": f"{N_ORIGINAL} simulated fields of {rehearsal}",
            **on_original,
        },
    }


def _rehearsal(models: Mapping[str, Segmenter | None]) -> Rehearsal:
    """What the first model that there is learned from."""
    cards = [model.card for model in models.values() if model is not None]
    return rehearsal_of(cards[0]) if cards else Rehearsal()


def score_segmenter(
    model: Segmenter, fields: Sequence[Judged], device: Device
) -> Step[DetectionCounts]:
    """Count the true cells that a model finds and misses, and its false detections."""
    predicted = yield from predict_fields(model, fields, device)
    return _counted(predicted, fields)


def predict_fields(
    model: Segmenter, fields: Sequence[Judged], device: Device
) -> Step[list[NDArray[np.int32]]]:
    """Segment each field: labels (plane, y, x)."""
    # each model at the threshold at which it is used
    config = SegmentConfig(threshold=model.card.threshold)
    predicted = []
    for k, (planes, _, _) in enumerate(fields):
        step = segment(planes, model, config, device)
        segmentation = yield from subprogress(step, k, len(fields), stage="Comparing")
        predicted.append(segmentation.labels)
    return predicted


def _counted(
    predicted: Sequence[NDArray[np.int32]], fields: Sequence[Judged]
) -> DetectionCounts:
    counts = DetectionCounts()
    for cells, (_, labels, where) in zip(predicted, fields, strict=True):
        counts += count_detections(cells, labels, where)
    return counts


def _pieces(
    predicted: Sequence[NDArray[np.int32]], fields: Sequence[Judged]
) -> list[list[DetectionCounts]]:
    """Count the detections in each piece of each field."""
    return [
        count_detections_by_tile(
            cells, labels, where, round(_PIECE_UM / planes.pixel_size_um)
        )
        for cells, (planes, labels, where) in zip(predicted, fields, strict=True)
    ]


def _difference(
    figures: Mapping[str, Any],
    pieces: Mapping[str, list[list[DetectionCounts]]],
    animals: Sequence[str],
) -> dict[str, Any]:
    """Difference in F1 between new and old model with its interval, and notes on it."""
    new, old = (figures[name] or {} for name in ("new", "old"))
    if new.get("f1") is None or old.get("f1") is None:
        return {"difference": None, "notes": []}
    groups = [
        animal
        for animal, field in zip(animals, pieces["new"], strict=True)
        for _ in field
    ]
    now, before = (
        [piece for field in pieces[name] for piece in field] for name in ("new", "old")
    )
    difference = f1_difference(now, before, groups, new["f1"] - old["f1"])
    notes = []
    if not enough_groups(groups):
        n_animals = len(set(groups))
        notes.append(
            f"There {'is' if n_animals == 1 else 'are'} only {n_animals} held-out "
            f"{'animal' if n_animals == 1 else 'animals'}, so pieces of "
            f"{_PIECE_UM:.0f} µm were resampled instead of animals; the interval is "
            "too narrow."
        )
    ends = {name: round(value, 6) for name, value in vars(difference).items()}
    return {"difference": {"f1": ends}, "notes": notes}
