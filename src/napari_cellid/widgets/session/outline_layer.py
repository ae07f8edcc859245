"""The layer of outlines, coloured by answers, of a recording of a study."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from napari_cellid.cells.contours import OutlinePixels, join_indices
from napari_cellid.widgets._shared.layer_shape import LayerShape
from napari_cellid.widgets._shared.layers import set_transform
from napari_cellid.widgets.session.outline_colours import (
    BACKGROUND,
    SELECTED,
    UNANSWERED,
    answer_codes,
    outline_colours,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from napari.components import ViewerModel
    from numpy.typing import NDArray

    from napari_cellid.config import StudyConfig


class OutlineLayer:
    """Outlines as an image of small numbers, one for each answer.

    An answer changes the few pixels of its cell and no colour map.

    Parameters
    ----------
    viewer
        Gets the layer.
    name
        Name of the layer.
    labels
        (plane, y, x).
    transform
        Arguments of the layer; of two axes if there is one plane.
    config
        Classes of the study.
    """

    def __init__(
        self,
        viewer: ViewerModel,
        name: str,
        labels: NDArray[Any],
        transform: Mapping[str, Any],
        config: StudyConfig,
    ) -> None:
        from napari.layers import Labels

        self._flat = len(transform["scale"]) == 2
        self._pixels = OutlinePixels(labels)
        self._codes = answer_codes(config)
        self._answers: dict[int, str] = {}
        self._selected: tuple[int, ...] = ()
        self._hidden: frozenset[int] = frozenset()
        self.layer: Any = Labels(
            self._empty(labels),
            name=name,
            colormap=outline_colours(config, self._codes),
            opacity=1,
            **transform,
        )
        viewer.add_layer(self.layer)
        self.layer.editable = False
        self._shape = LayerShape.of(self.layer)
        self.layer.events.data.connect(self._on_new_data)

    def set_recording(
        self,
        name: str,
        labels: NDArray[Any],
        transform: Mapping[str, Any],
        config: StudyConfig,
    ) -> None:
        """Be the layer of another recording with as many axes; nothing is drawn yet.

        Parameters
        ----------
        name, labels, transform, config
            As for the layer itself.
        """
        self._pixels = OutlinePixels(labels)
        self._answers, self._selected, self._hidden = {}, (), frozenset()
        self.set_config(config)
        layer = self.layer
        with layer.events.data.blocker(self._on_new_data):
            layer.data = self._empty(labels)
        layer.name, layer.opacity, layer.visible = name, 1, True
        set_transform(layer, transform)
        layer.editable = False
        self._shape = LayerShape.of(layer)

    def set_answers(self, answers: Mapping[int, str]) -> None:
        """Colour all outlines.

        Parameters
        ----------
        answers
            Answer to each label; all other labels have no answer yet.
        """
        self._answers = dict(answers)
        self._draw()

    def set_labels(self, labels: NDArray[Any], answers: Mapping[int, str]) -> None:
        """Draw the outlines of other labels of the same shape.

        Parameters
        ----------
        labels
            (plane, y, x).
        answers
            Answer to each label, as for `set_answers`.
        """
        self._pixels = OutlinePixels(labels)
        self.set_answers(answers)

    def draw_new(self, pixels: tuple[NDArray[np.intp], ...]) -> None:
        """Draw the outline of a cell that has no label yet.

        Parameters
        ----------
        pixels
            (plane, y, x) indices of its pixels.
        """
        # a pixel of background around it, or its border would have no outline
        corner = np.array([axis.min() - 1 for axis in pixels])
        inside = tuple(axis - first for axis, first in zip(pixels, corner, strict=True))
        mask = np.zeros([int(axis.max()) + 2 for axis in inside], np.uint8)
        mask[inside] = 1
        outline = OutlinePixels(mask).outline(1)
        moved = zip(outline, corner, strict=True)
        self._write([tuple(axis + first for axis, first in moved)], UNANSWERED)

    def hide(self, labels: Collection[int]) -> None:
        """Draw no outlines of these labels, and those of all others."""
        hidden = frozenset(labels)
        if hidden == self._hidden:
            return
        self._hidden, selected = hidden, self._selected
        self._draw()
        self.select(selected)

    def _draw(self) -> None:
        drawn = self._drawn()
        self._selected = ()
        self.layer.data = drawn[-1] if self._flat else drawn
        # napari lets people paint in new data
        self.layer.editable = False

    def _drawn(self) -> NDArray[np.uint8]:
        """All outlines (plane, y, x) in the codes of their answers."""
        codes = {
            label: self._codes.get(answer, UNANSWERED)
            for label, answer in self._answers.items()
        }
        codes |= dict.fromkeys(self._hidden, BACKGROUND)
        return self._pixels.draw(codes, UNANSWERED)

    def _on_new_data(self) -> None:
        """Draw the outlines again if their layer gets data of another size."""
        problem = self._shape.problem(self.layer)
        if problem:
            selected, self._selected = self._selected, ()
            self._shape.put_back(self.layer, self._drawn(), problem)
            self.select(selected)

    def set_config(self, config: StudyConfig) -> bool:
        """Use the classes and colours of changed settings.

        Returns
        -------
        Whether the codes of the answers have changed, so that `set_answers` must draw
        the outlines again.
        """
        before, self._codes = self._codes, answer_codes(config)
        self.layer.colormap = outline_colours(config, self._codes)
        return self._codes != before

    def colour(self, labels: Sequence[int], answer: str | None) -> None:
        """Colour the outlines of some cells by an answer."""
        self._answers |= dict.fromkeys(labels, answer or "")
        code = self._codes.get(answer or "", UNANSWERED)
        shown = [label for label in labels if label not in self._hidden]
        self._write([self._pixels.outline(label) for label in shown], code)

    def select(self, labels: Sequence[int]) -> None:
        """Highlight the cells that the next answer is for."""
        before, after = set(self._selected), set(labels)
        for changed, code in (
            (before - after, BACKGROUND),
            (after - before, SELECTED),
        ):
            self._write([self._pixels.inside(label) for label in changed], code)
        self._selected = tuple(labels)

    def _empty(self, labels: NDArray[Any]) -> NDArray[np.uint8]:
        """Data of the layer without any outline."""
        return np.zeros(labels.shape[1:] if self._flat else labels.shape, np.uint8)

    def _write(self, parts: Sequence[tuple[NDArray[np.intp], ...]], code: int) -> None:
        if not parts:
            return
        layer, index = self.layer, join_indices(parts)
        layer.data_setitem(index[1:] if self._flat else index, code)
        # a layer that cannot be edited has no undo history: napari's undo would show
        # an earlier answer than the current one
        layer.editable = True
        layer.editable = False
