"""The methods that are compared on one field: our models, and a classical reference.

Each gives a label image and a table of cells with `state`, what a cell shows. Classes
are compared by it and not by their names, which depend on what red marks.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from skimage.util import map_array

from napari_cellid.cells.measure import measure
from napari_cellid.classification.base import classify_cells
from napari_cellid.classification.loader import load_classifier
from napari_cellid.config import ClassifyConfig, DeviceConfig, SegmentConfig
from napari_cellid.config.classes import STATES
from napari_cellid.device import choose_device
from napari_cellid.errors import InputError
from napari_cellid.models.class_names import class_markers
from napari_cellid.progress import run_to_end
from napari_cellid.segmentation.instances import label_recording
from napari_cellid.segmentation.predict import load_segmenter, predict_cell_maps
from tools.evaluation.log_reference import classify_by_contrast, outline_cells

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    from napari_cellid.classification.base import CellClassifier
    from napari_cellid.recording import MeanPlanes

OURS, CLASSICAL = "napari-cellid", "LoG and watershed"


@dataclass(frozen=True, eq=False)
class Outcome:
    """What one method made of a field.

    Parameters
    ----------
    about
        Method, threshold and classifier, as the first columns of a row.
    labels
        (y, x): all outlines.
    cells
        Table of the cells; with `state` where they were classified.
    """

    about: dict[str, Any]
    labels: NDArray[np.int32]
    cells: pd.DataFrame

    @property
    def cell_labels(self) -> NDArray[np.int32]:
        """Outlines of the cells in the table alone: a rule can say "not a cell"."""
        numbers = self.cells["label"].to_numpy(self.labels.dtype)
        return map_array(self.labels, numbers, numbers)


class Methods:
    """The models, loaded when a field needs them, and the classical reference.

    Parameters
    ----------
    segmenter
        Name or folder of the model that outlines; None for the default one.
    classifiers
        Names or folders of models that classify.
    thresholds
        Cell thresholds, each a row of its own.
    """

    def __init__(
        self,
        segmenter: str | None,
        classifiers: Sequence[str],
        thresholds: Sequence[float],
    ) -> None:
        self._segmenter_name, self._names = segmenter, classifiers
        self._thresholds = thresholds
        self._device = choose_device(DeviceConfig())
        self._models: dict[str, Any] = {}

    def outlines(self, planes: MeanPlanes) -> Iterator[Outcome]:
        """Outline the cells of a field of one plane by each method, without classes."""
        for threshold, labels in self._thresholded(planes):
            about = {"method": OURS, "threshold": threshold}
            yield Outcome(about, labels, measure(labels[None], planes))
        labels = outline_cells(planes)
        yield Outcome({"method": CLASSICAL}, labels, measure(labels[None], planes))

    def classified(self, planes: MeanPlanes) -> Iterator[Outcome]:
        """Outline and classify the cells of a field of two channels by each method."""
        for threshold, labels in self._thresholded(planes):
            for name in self._names:
                cells = self._classify(planes, labels, self._classifier(name))
                about = {"method": OURS, "threshold": threshold, "classifier": name}
                yield Outcome(about, labels, cells)
        labels = outline_cells(planes)
        cells = classify_by_contrast(labels, planes)
        yield Outcome({"method": CLASSICAL}, labels, cells)

    def used_models(self) -> list[dict[str, str]]:
        """Name, task and hash of each model that was loaded."""
        cards = [model.card for model in self._models.values()]
        return [
            {"model": card.name, "task": card.task, "sha256": card.weights_sha256}
            for card in cards
        ]

    def _thresholded(
        self, planes: MeanPlanes
    ) -> Iterator[tuple[float, NDArray[np.int32]]]:
        """Outlines (y, x) at each threshold; the network runs once."""
        if "segmenter" not in self._models:
            self._models["segmenter"] = load_segmenter(self._segmenter_name)
        segmenter, config = self._models["segmenter"], SegmentConfig()
        step = predict_cell_maps(planes, segmenter, config, self._device)
        maps = run_to_end(step)
        for threshold in self._thresholds:
            at = SegmentConfig(threshold=threshold)
            yield threshold, label_recording(*maps, planes, at)[0]

    def _classifier(self, name: str) -> CellClassifier:
        if name not in self._models:
            self._models[name] = _load_with_states(name)
        return self._models[name]

    def _classify(
        self,
        planes: MeanPlanes,
        labels: NDArray[np.int32],
        classifier: CellClassifier,
    ) -> pd.DataFrame:
        """Cells with `state`, and the probability of each state."""
        step = classify_cells(
            planes,
            labels[None],
            measure(labels[None], planes),
            classifier,
            ClassifyConfig(),
            self._device,
        )
        states = class_markers(classifier.card)
        cells = run_to_end(step).rename(
            columns={f"p_{c}": s for c, s in states.items()}
        )
        # a cell without a class has no state
        return cells.assign(state=cells["predicted"].map(states))


def _load_with_states(name: str) -> CellClassifier:
    """A classifier whose classes say what their cells show."""
    classifier = load_classifier(name)
    if sorted(class_markers(classifier.card).values()) != sorted(STATES):
        raise InputError(
            f"The classes of the model {name!r} are not {', '.join(STATES)}, so its "
            "answers cannot be compared here; give a model of which the classes say "
            "what their cells show."
        )
    return classifier
