"""The main job: a recording in, every cell outlined and classified, out to files."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_cellid.cells.measure import measure
from napari_cellid.classification.base import classify_cells
from napari_cellid.device import choose_device
from napari_cellid.errors import InputError
from napari_cellid.files import atomic_write_folder
from napari_cellid.models.card import package_versions
from napari_cellid.recording import mean_planes
from napari_cellid.segmentation.predict import segment

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    import pandas as pd
    from numpy.typing import NDArray

    from napari_cellid.classification.base import CellClassifier
    from napari_cellid.config import IdentifyConfig
    from napari_cellid.device import Device
    from napari_cellid.progress import Step
    from napari_cellid.recording import MeanPlanes, Recording
    from napari_cellid.segmentation.predict import Segmentation, Segmenter


@dataclass(frozen=True, eq=False)
class IdentifyResult:
    """What the main job found in one recording.

    Parameters
    ----------
    planes
        Mean images.
    labels
        (plane, y, x) int32.
    cells
        Cell table; classes are filled in where there was a classifier.
    classes
        Names of the classes; empty where nothing was classified.
    segmentation
        Probability maps behind the labels; None where the labels were given.
    run
        What it takes to repeat the run, as JSON: settings, models, device, versions,
        seconds.
    """

    planes: MeanPlanes
    labels: NDArray[np.int32]
    cells: pd.DataFrame
    classes: tuple[str, ...]
    segmentation: Segmentation | None
    run: dict[str, Any] = field(default_factory=dict)

    @property
    def notes(self) -> tuple[str, ...]:
        """What was assumed or is worth a look, one sentence each."""
        return self.planes.notes


def identify_cells(
    recording: Recording,
    segmenter: Segmenter,
    classifier: CellClassifier | None,
    config: IdentifyConfig,
) -> Step[IdentifyResult]:
    """Outline the cells of a recording and tell their classes.

    Parameters
    ----------
    recording
        Needs a pixel size. With one channel alone the cells are only outlined.
    segmenter
        Outlines the cells.
    classifier
        Tells their classes; None to outline only.
    config
        Settings.

    Raises
    ------
    InputError
        If the images cannot be used.
    """
    device = choose_device(config.device)
    clock = _Clock()
    planes = check_channels(_with_notes((yield from mean_planes(recording)), recording))
    clock.stop("averaging")
    segmentation = yield from segment(planes, segmenter, config.segment, device)
    clock.stop("outlining")
    cells = measure(segmentation.labels, planes)
    classes: tuple[str, ...] = ()
    if classifier is not None and _has_both(planes):
        cells = yield from classify_cells(
            planes, segmentation.labels, cells, classifier, config.classify, device
        )
        classes = classifier.card.classes
    clock.stop("classifying")
    run = run_record(recording, planes, (segmenter, classifier), config, device)
    return IdentifyResult(
        planes=planes,
        labels=segmentation.labels,
        cells=cells,
        classes=classes,
        segmentation=segmentation,
        run=run | {"seconds": clock.seconds, "cells": len(cells)},
    )


def classify_labels(
    recording: Recording,
    labels: NDArray[np.int32],
    classifier: CellClassifier,
    config: IdentifyConfig,
) -> Step[IdentifyResult]:
    """Tell the classes of cells that somebody else outlined.

    Parameters
    ----------
    recording
        Two channels and a pixel size.
    labels
        (plane, y, x) like the recording, 0 where there is no cell.
    classifier
        Tells the classes.
    config
        Settings.

    Raises
    ------
    InputError
        If the labels do not fit the images, or a channel is missing.
    """
    if labels.shape != recording.shape:
        raise InputError(
            f"The labels have the shape {labels.shape} (plane, y, x) but the recording "
            f"{recording.name} has {recording.shape}; give labels of the same field."
        )
    device = choose_device(config.device)
    clock = _Clock()
    planes = check_channels(_with_notes((yield from mean_planes(recording)), recording))
    if not _has_both(planes):
        raise InputError(
            f"{recording.name} has one channel only, but cells are told apart by two; "
            "give the red and the green one."
        )
    clock.stop("averaging")
    cells = measure(labels, planes)
    cells = yield from classify_cells(
        planes, labels, cells, classifier, config.classify, device
    )
    clock.stop("classifying")
    run = run_record(recording, planes, (None, classifier), config, device)
    return IdentifyResult(
        planes=planes,
        labels=labels,
        cells=cells,
        classes=classifier.card.classes,
        segmentation=None,
        run=run | {"seconds": clock.seconds, "cells": len(cells)},
    )


def check_channels(planes: MeanPlanes) -> MeanPlanes:
    """Refuse a pair of channels of which one is empty; note when both are.

    Raises
    ------
    InputError
        If one channel is the same everywhere and the other is not.
    """
    channels = {"red": planes.red, "green": planes.green}
    flat = [
        name
        for name, image in channels.items()
        if image is not None and image.min() == image.max()
    ]
    given = sum(image is not None for image in channels.values())
    if flat and len(flat) < given:
        other = "green" if flat == ["red"] else "red"
        image = channels[flat[0]]
        level = 0 if image is None else float(image.flat[0])
        raise InputError(
            f"The {flat[0]} channel of {planes.name} is {level:g} everywhere; give the "
            f"right image, or the {other} channel alone to outline cells only."
        )
    if flat:
        note = f"{planes.name} is the same everywhere, so there are no cells in it."
        return replace(planes, notes=(*planes.notes, note))
    return planes


def write_results(
    result: IdentifyResult,
    folder: Path,
    *,
    colours: Mapping[str, str] | None = None,
    more: Callable[[Path], None] | None = None,
) -> Path:
    """Write labels.tif, cells.csv, overlay.png and run.json, all or none.

    Parameters
    ----------
    result
        What was found.
    folder
        A folder of the recording's name is made in it; files of an earlier run there
        are replaced.
    colours
        Colour (#rrggbb) of each of the result's classes, where they have their own.
    more
        Writes further files, all or none with these, into the folder it is given.

    Returns
    -------
    The folder of the recording.

    Raises
    ------
    InputError
        If it cannot be written.
    """
    import tifffile

    from napari_cellid.io.overlay_png import save_overlay

    target = folder / result.planes.name
    with atomic_write_folder(target) as temporary:
        labels = result.labels if len(result.labels) > 1 else result.labels[0]
        pixels_per_cm = 1e4 / result.planes.pixel_size_um
        tifffile.imwrite(
            temporary / "labels.tif",
            labels.astype(np.int32),
            compression="zlib",
            photometric="minisblack",
            resolution=(pixels_per_cm, pixels_per_cm),
            resolutionunit="CENTIMETER",
            metadata={"axes": "ZYX" if labels.ndim == 3 else "YX"},
        )
        cells = result.cells.round({"y": 3, "x": 3})
        cells.to_csv(
            temporary / "cells.csv",
            index=False,
            float_format="%.6g",
            lineterminator="\n",
        )
        save_overlay(
            temporary / "overlay.png",
            result.planes,
            result.labels,
            result.cells,
            colours or result.classes,
        )
        text = json.dumps(result.run, indent=2, ensure_ascii=False)
        (temporary / "run.json").write_text(text + "\n", "utf-8")
        if more is not None:
            more(temporary)
    return target


def run_record(
    recording: Recording,
    planes: MeanPlanes,
    models: tuple[Segmenter | None, CellClassifier | None],
    config: IdentifyConfig,
    device: Device,
) -> dict[str, Any]:
    """What it takes to repeat a run, ready for JSON."""
    return {
        "recording": recording.name,
        "sources": list(recording.sources),
        "read_as": dict(recording.read_as),
        "pixel_size_um": recording.pixel_size_um,
        "pixel_size_source": recording.pixel_size_source,
        "notes": list(planes.notes),
        "settings": config.model_dump(mode="json"),
        "models": {
            model.card.task: {
                "name": model.card.name,
                "weights_sha256": model.card.weights_sha256,
            }
            for model in models
            if model is not None
        },
        "device": str(device),
        "versions": package_versions(),
        "finished": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def _with_notes(planes: MeanPlanes, recording: Recording) -> MeanPlanes:
    notes = dict.fromkeys((*recording.notes, *planes.notes))
    return replace(planes, notes=tuple(notes))


def _has_both(planes: MeanPlanes) -> bool:
    return planes.red is not None and planes.green is not None


class _Clock:
    """Seconds that each part of a run took."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._last = time.perf_counter()

    def stop(self, part: str) -> None:
        now = time.perf_counter()
        self.seconds[part] = round(now - self._last, 3)
        self._last = now
