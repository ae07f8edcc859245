"""The status bar names the cell under the mouse in words, in a study, too."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from annotating import cells_of

from napari_cellid.widgets.session.hover_text import NOTHING_THERE, say_classes

if TYPE_CHECKING:
    from napari.components import ViewerModel

    from napari_cellid.widgets.annotate.widget import AnnotateWidget


def status_at(viewer: ViewerModel, name: str, world: Any) -> str:
    """What the status bar says with the mouse at a position."""
    layer = viewer.layers[name]
    return str(layer.get_status(world, world=True)["coordinates"])


@pytest.fixture
def place(annotate: AnnotateWidget, viewer: ViewerModel) -> Any:
    """Row of the first cell of the recording, and its position in the world."""
    row = annotate.session.row(cells_of(annotate.session)[0])
    assert row is not None
    labels = annotate.session.labels
    assert labels is not None
    where = np.argwhere(labels == row["label"])[0]
    return row, viewer.layers["a1 classes"].data_to_world(where)


LAYERS = ("a1 classes", "a1 green", "a1 red", "current cell")


@pytest.mark.parametrize("name", LAYERS)
def test_class_and_probability_in_the_layers_of_a_study(
    annotate: AnnotateWidget, viewer: ViewerModel, place: Any, name: str
) -> None:
    row, world = place
    annotate.session.set_blind(False)
    status = status_at(viewer, name, world)
    words = f"cell {row['cell']} · {row['predicted']} {row['confidence']:.2f}"
    assert status.endswith(words)
    assert "area" not in status


@pytest.mark.parametrize("name", LAYERS)
def test_somebody_blind_reads_the_number_alone(
    annotate: AnnotateWidget, viewer: ViewerModel, place: Any, name: str
) -> None:
    row, world = place
    status = status_at(viewer, name, world)
    assert status.endswith(f"cell {row['cell']}")
    assert row["predicted"] not in status
    layer: Any = viewer.layers[name]
    assert layer._get_tooltip_text(world, world=True) == str(row["cell"])


def test_the_own_answer_is_named_but_not_when_asked_again(
    annotate: AnnotateWidget, viewer: ViewerModel, place: Any
) -> None:
    _, world = place
    cell = cells_of(annotate.session)[0]
    annotate.session.go_to(cell)
    annotate.answer("glia")
    status = status_at(viewer, "a1 green", world)
    assert status.endswith(f"cell {cell.cell} · my answer: glia")
    annotate.session.go_to(cell, repeat=True)
    assert "glia" not in status_at(viewer, "a1 green", world)


def test_codes_of_answers_are_not_shown(
    annotate: AnnotateWidget, viewer: ViewerModel, place: Any
) -> None:
    labels = annotate.session.labels
    assert labels is not None
    beside = np.argwhere(labels == 0)[0]
    world = viewer.layers["a1 classes"].data_to_world(beside)
    assert status_at(viewer, "a1 classes", world).rstrip().endswith("]:")
    # an image keeps its brightness
    assert status_at(viewer, "a1 green", world).split(": ")[1]


def test_an_outline_where_the_u_net_sees_nothing_says_so(viewer: ViewerModel) -> None:
    labels = np.zeros((40, 40), int)
    labels[5:12, 5:12], labels[25:32, 25:32] = 1, 2
    probability = np.zeros((1, 40, 40), np.float32)
    probability[0, 5:12, 5:12] = 0.9
    layer: Any = viewer.add_labels(labels, name="cells")
    layer.features = {
        "index": [0, 1, 2],
        "label": [0, 1, 2],
        "predicted": ["", "glia", "glia"],
        "confidence": [np.nan, 0.8, 0.9],
    }
    say_classes(layer, lambda: probability)
    on_cell, on_nothing = (
        status_at(viewer, "cells", place) for place in ((8, 8), (28, 28))
    )
    assert on_cell.endswith("glia 0.80")
    assert on_nothing.endswith(f"glia 0.90, {NOTHING_THERE}")
