"""What napari says of the cell under the mouse: its class and how sure that is."""

from __future__ import annotations

import weakref
from functools import partial
from typing import TYPE_CHECKING, Any

from napari_cellid.config import NO_CLASS, NO_CLASS_TEXT

if TYPE_CHECKING:
    import pandas as pd
    from napari.layers import Labels

#: the method by which napari makes a text of all columns of the features
_TEXT_OF_FEATURES = "_get_properties"


def say_classes(layer: Labels) -> None:
    """Let the status bar and the tooltip of a result name the class of each cell.

    napari lists every column of the features otherwise, which is longer than the bar.
    A layer of a class of our own would not be saved as labels, hence one method of this
    layer alone is replaced; where napari has no such method, nothing changes.
    """
    if hasattr(layer, _TEXT_OF_FEATURES):
        # weak, because the layer holds the function
        layer.__dict__[_TEXT_OF_FEATURES] = partial(_words_at, weakref.ref(layer))


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
    if rows.empty:
        return ""
    row = rows.iloc[0]
    name = str(row["predicted"])
    if not name:
        return "not classified"
    shown = NO_CLASS_TEXT if name == NO_CLASS else name
    return f"{shown} {row['confidence']:.2f}"


def _words_at(ref: weakref.ref[Labels], position: Any, **place: Any) -> list[str]:
    layer = ref()
    if layer is None:
        return []
    value = layer.get_value(position, **place)
    words = class_words(layer.features, int(value)) if value else ""
    return [words] if words else []
