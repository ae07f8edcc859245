"""The Identify dock says whether the models know such recordings."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from driving import click, run

from napari_cellid.novelty.comparison import TrainingVerdict
from napari_cellid.widgets.identify.training_line import TrainingLine
from napari_cellid.widgets.session.result_layer import result_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

INSIDE = "This recording lies within what the model was trained on."
#: the somata of the simulated sample are smaller, and its cells fewer
OUTSIDE = {"soma_diameter_um": (20.0, 30.0), "density_per_mm2": (1e5, 1e6)}


@pytest.fixture
def use(dock, segmenter_folder: Path, with_known_range: Callable) -> Callable:
    """A function that chooses a model that knows some ranges."""

    def choose(**ranges: tuple[float, float]) -> None:
        dock.panel.segmenter.setValue(with_known_range(segmenter_folder, **ranges))

    return choose


def test_inside_of_the_training_one_line_is_shown(channels, dock, use, qtbot) -> None:
    use()
    run(qtbot, dock)
    line = dock.panel._training
    assert line.isVisible()
    assert line.text() == INSIDE
    assert line.warnings() == ""
    assert not line._section.isVisible()


def test_warnings_unfold_below_the_line(channels, dock, use, qtbot) -> None:
    use(**OUTSIDE)
    layer = run(qtbot, dock)
    line = dock.panel._training
    record = result_of(layer).run_result.run["known_range"]
    assert line.text() == record["text"]
    assert line.text().endswith("trained on: size of somata, density of cells.")
    assert line._section.isVisible() and not line._warnings.isVisible()
    click(line._section.toggleButton())
    assert line._warnings.isVisible()
    assert line.warnings().split("\n\n") == record["warnings"]
    assert line._warnings.wordWrap() and line._line.wordWrap()


def test_a_model_of_before_shows_nothing(channels, dock, use, qtbot) -> None:
    run(qtbot, dock)
    assert not dock.panel._training.isVisible()
    assert dock.panel._training.text() == ""


def test_the_line_goes_with_its_result(viewer, channels, dock, use, qtbot) -> None:
    use(**OUTSIDE)
    layer = run(qtbot, dock)
    line = dock.panel._training
    assert line.text().startswith("Outside of what")
    viewer.layers.remove(layer)
    assert line.text() == "" and line.warnings() == ""


def test_warnings_make_the_dock_no_wider(qtbot, dock, use, channels) -> None:
    run(qtbot, dock)
    before = dock.panel.minimumSizeHint().width()
    use(**OUTSIDE)
    run(qtbot, dock)
    click(dock.panel._training._section.toggleButton())
    assert dock.panel._training.isVisible()
    assert dock.panel.minimumSizeHint().width() == before


def test_texts_are_as_high_as_they_need_to_be(qtbot) -> None:
    line = TrainingLine()
    qtbot.addWidget(line)
    words = "one two three four five six seven eight nine ten " * 4
    line.setValue(TrainingVerdict(words, (words, words)))
    line.resize(250, 400)
    line.show()
    click(line._section.toggleButton())
    line.adjustSize()
    line.resize(250, line.heightForWidth(250))
    for label in (line._line, line._warnings):
        assert label.height() >= label.heightForWidth(label.width())
