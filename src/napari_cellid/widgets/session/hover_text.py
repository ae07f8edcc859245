"""What napari says of the cell under the mouse: its class and how sure that is."""

from __future__ import annotations

import weakref
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from napari.layers import Image

from napari_cellid.annotation.answer import answer_text
from napari_cellid.config import NO_CLASS, NO_CLASS_TEXT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    import pandas as pd
    from napari.layers import Labels, Layer
    from numpy.typing import NDArray

#: the methods of a layer by which napari makes its texts
_TEXT_OF_FEATURES, _STATUS, _TOOLTIP = (
    "_get_properties",
    "get_status",
    "_get_tooltip_text",
)
#: an outline in which the U-Net is less sure than this on average is on no cell
_NOTHING_BELOW = 0.1
NOTHING_THERE = "nothing there, says the U-Net"


def say_classes(
    layer: Labels, probability: Callable[[], NDArray[Any] | None] = lambda: None
) -> None:
    """Let the status bar and the tooltip of a result name the class of each cell.

    napari lists every column of the features otherwise, which is longer than the bar.
    A layer of a class of our own would not be saved as labels, hence one method of this
    layer alone is replaced; where napari has no such method, nothing changes.

    Parameters
    ----------
    layer
        The layer of a result.
    probability
        Gives the probability (plane, y, x) of the U-Net; an outline where it sees no
        cell is said to be one.
    """
    if hasattr(layer, _TEXT_OF_FEATURES):
        # weak, because the layer holds the function
        said = partial(_words_at, weakref.ref(layer), probability)
        layer.__dict__[_TEXT_OF_FEATURES] = said


def say_cells(layers: Iterable[Layer], words: Callable[[Any], str]) -> None:
    """Let the status bar and the tooltip of layers name the cell under the mouse.

    Parameters
    ----------
    layers
        Layers of a study: their values alone mean nothing to people.
    words
        Gives the words at a position in world coordinates; "" where there is no cell.
        It must not keep the layers alive.
    """
    for layer in layers:
        if hasattr(layer, _STATUS):
            kind = type(layer)
            layer.__dict__[_STATUS] = partial(
                _status, weakref.ref(layer), kind.get_status, words
            )
        if hasattr(layer, _TOOLTIP):
            layer.__dict__[_TOOLTIP] = partial(_tooltip, words)


def say_values(layer: Layer) -> None:
    """Let the status bar and the tooltip of a layer say again what napari says."""
    for method in (_STATUS, _TOOLTIP):
        layer.__dict__.pop(method, None)


def class_words(cells: pd.DataFrame, label: int) -> str:
    """Class of a cell and its probability, such as "excitatory 0.99"; "" if unknown.

    Parameters
    ----------
    cells
        Cell table, or the features of a layer; while people annotate blind, its column
        `predicted` is missing.
    label
        Label of the cell.
    """
    if "predicted" not in cells:
        return ""
    rows = cells[cells["label"] == label]
    return "" if rows.empty else _class_words(rows.iloc[0])


def study_words(row: Mapping[str, Any], own: str, *, blind: bool) -> str:
    """A cell of a study in words: "85 · excitatory 0.99 · my answer: glia".

    Parameters
    ----------
    row
        Its row of the cell table.
    own
        The annotator's answer; "" without one.
    blind
        Whether the model's class is left out.
    """
    parts = [str(row["cell"])]
    if not blind and str(row.get("predicted") or ""):
        parts.append(_class_words(row))
    if own:
        parts.append(f"my answer: {answer_text(own)}")
    return " · ".join(parts)


def _class_words(row: Any) -> str:
    name = str(row["predicted"])
    if not name:
        return "not classified"
    shown = NO_CLASS_TEXT if name == NO_CLASS else name
    return f"{shown} {row['confidence']:.2f}"


def _words_at(
    ref: weakref.ref[Labels],
    probability: Callable[[], NDArray[Any] | None],
    position: Any,
    **place: Any,
) -> list[str]:
    layer = ref()
    if layer is None:
        return []
    value = layer.get_value(position, **place)
    words = class_words(layer.features, int(value)) if value else ""
    if not words:
        return []
    place_in = layer.world_to_data(position) if place.get("world") else position
    nothing = _is_nothing(layer, int(value), place_in, probability())
    return [words, NOTHING_THERE] if nothing else [words]


def _is_nothing(
    layer: Labels, label: int, position: Any, probability: NDArray[Any] | None
) -> bool:
    """Whether an outline is where the U-Net sees no cell, in the plane of a position.

    The position is in px of the layer.
    """
    if probability is None or probability.shape[-layer.ndim :] != layer.data.shape:
        return False
    # one plane, because this is asked at each move of the mouse
    plane = round(float(position[0])) if layer.ndim == 3 else 0
    labels = np.asarray(layer.data[plane] if layer.ndim == 3 else layer.data)
    inside = probability[plane][labels == label]
    return bool(inside.size and float(inside.mean()) < _NOTHING_BELOW)


def _status(
    ref: weakref.ref[Layer],
    method: Callable[..., dict[str, str]],
    words: Callable[[Any], str],
    position: Any = None,
    **place: Any,
) -> dict[str, str]:
    """The status of napari, with the cell in words."""
    layer = ref()
    if layer is None:
        return {}
    status = method(layer, position, **place)
    said = "" if position is None or not place.get("world") else words(position)
    # the numbers of other layers than images are codes of answers
    value = status.get("value", "") if isinstance(layer, Image) else ""
    texts = [text for text in (value, f"cell {said}" if said else "") if text]
    status["value"] = " · ".join(texts)
    status["coordinates"] = ": ".join([status.get("coords", ""), status["value"]])
    return status


def _tooltip(words: Callable[[Any], str], position: Any, **place: Any) -> str:
    return words(position) if place.get("world") else ""
