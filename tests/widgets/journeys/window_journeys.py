"""Whole journeys in napari's real window; run by `test_journeys_window.py`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
import tifffile
from annotating import cells_of, journal_lines
from by_eye import (
    button,
    can_click,
    click,
    drop,
    live,
    open_dock,
    open_tab,
    press,
    reads,
    wait,
)
from clicking import click_in_next_box
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QFileDialog
from retraining import set_fake_training, use_fake_training
from voting import true_classes, write_answers

from napari_cellid.study.study import Study
from napari_cellid.widgets._shared.shortcut_overlay import ShortcutOverlay
from napari_cellid.widgets.annotate.open_study import add_study_docks
from napari_cellid.widgets.session.session import session_of

if TYPE_CHECKING:
    from pathlib import Path

    from napari_cellid.annotation.answer import CellKey
    from napari_cellid.simulation.field import SimulatedField

UM = 1.17


@pytest.fixture
def two_channels(tmp_path: Path, field: SimulatedField) -> Path:
    """An OME-TIFF with both channels, their names and the pixel size."""
    path = tmp_path / "m1.ome.tif"
    metadata = {
        "axes": "CYX",
        "Channel": {"Name": ["mCherry", "GCaMP"]},
        "PhysicalSizeX": UM,
        "PhysicalSizeY": UM,
        "PhysicalSizeXUnit": "µm",
        "PhysicalSizeYUnit": "µm",
    }
    channels = np.stack([field.red[0], field.green[0]]).astype(np.uint16)
    tifffile.imwrite(path, channels, ome=True, metadata=metadata)
    return path


@pytest.fixture
def viewer(make_napari_viewer: Any) -> Any:
    viewer = make_napari_viewer(show=True)
    live(0.2)
    return viewer


def identify_dock(viewer: Any, segmenter: Path, classifier: Path) -> Any:
    """The Identify dock, with quick models."""
    dock: Any = open_dock(viewer, "Identify cells")
    dock.panel.segmenter.setValue(segmenter)
    dock.panel.classifier.setValue(classifier)
    return dock


def wait_for_cells(dock: Any) -> None:
    wait(lambda: can_click(dock, "Save results"), "the cells")
    wait(lambda: not dock.worker.busy, "the end of the run")


def test_a_file_is_dropped_its_cells_are_coloured_and_saved(
    viewer: Any,
    two_channels: Path,
    segmenter_folder: Path,
    classifier_folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    drop(viewer, two_channels)
    images = [layer.colormap.name for layer in viewer.layers]
    assert sorted(images) == ["green", "red"]
    dock = identify_dock(viewer, segmenter_folder, classifier_folder)
    # channels and pixel size come from the file
    assert dock.panel.channels.pixel_size.spin.value() == pytest.approx(UM)
    click(dock, "Identify cells")
    wait_for_cells(dock)
    # one red, one green and one of cells are in view
    shown = [layer for layer in viewer.layers if layer.visible]
    assert [type(layer).__name__ for layer in shown] == ["Image", "Image", "Labels"]
    cells = shown[-1]
    assert set(cells.features["predicted"]) - {""}
    # the outlines are seen in the colours of their classes
    picture = viewer.window.screenshot(canvas_only=True, flash=False)[..., :3]
    label = int(cells.features["label"].iloc[1])
    colour = np.round(255 * np.asarray(cells.get_color(label))[:3])
    assert (np.abs(picture - colour).max(-1) < 30).sum() > 20
    out = tmp_path / "out"
    out.mkdir()
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(out))
    click(dock, "Save results")
    wait(lambda: list(out.glob("*/run.json")), "the files")
    (folder,) = out.iterdir()
    table = pd.read_csv(folder / "cells.csv")
    labels = tifffile.imread(folder / "labels.tif")
    assert set(table["label"]) == set(np.unique(labels)) - {0}
    assert len(table) == len(cells.features) - cells.features["label"].eq(0).sum()


def test_two_people_answer_settle_retrain_and_use_the_model(
    viewer: Any,
    lab: Study,
    classifier_folder: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    use_fake_training(monkeypatch)
    set_fake_training(lab, model=str(classifier_folder), epochs=2, seconds=0.05)
    told = true_classes(lab)
    # all but the first three cells were answered on other days
    first = list(told)[:3]
    for person in ("Ann", "Bo"):
        write_answers(lab, person, {key: told[key] for key in list(told)[3:]})
    annotate = add_study_docks(viewer, lab.path, "Ann")
    another = "glia" if told[first[0]] != "glia" else "excitatory"
    answer_by_key(viewer, "Ann", {key: told[key] for key in first})
    answer_by_key(viewer, "Bo", {**{k: told[k] for k in first}, first[0]: another})
    given = {line[:2] for line in journal_lines(lab)}
    assert {("Ann", cell.cell) for cell in first} <= given
    annotate.begin("Ann")
    settle_the_disputed_cell(viewer, told[first[0]])
    train_and_use(viewer)
    wait(lambda: Study.open(lab.path).config.models.classify, "the choice")
    session_of(viewer).close_study()


def answer_by_key(viewer: Any, person: str, answers: dict[CellKey, str]) -> None:
    """Answer these cells under a name, each with the letter of its class."""
    session = session_of(viewer)
    open_dock(viewer, "Annotate cells").begin(person)
    wait(lambda: session.cell in answers, "the first cell")
    while session.cell in answers:
        press(viewer, getattr(Qt.Key, f"Key_{answers[session.cell][0].upper()}"))
    assert {key: session.own_answers[key] for key in answers} == answers


def settle_the_disputed_cell(viewer: Any, answer: str) -> None:
    """Ask for two answers, and decide the one cell on which people differ."""
    click(open_dock(viewer, "Annotate cells"), "Blind")
    agreement: Any = open_dock(viewer, "Agreement")
    wait(lambda: agreement.votes is not None, "the votes")
    open_tab(agreement, "Vote rule")
    agreement.panel.vote.form.editor("min_annotators").setValue(2)
    click(agreement, "Save as the study's rule")
    open_tab(agreement, "Disputed cells")
    table = agreement.panel.disputed.view
    wait(lambda: table.model().rowCount() == 1, "the disputed cell")
    place = table.visualRect(table.model().index(0, 0)).center()
    QTest.mouseClick(table.viewport(), Qt.MouseButton.LeftButton, pos=place)
    click(agreement.panel.disputed, answer)
    wait(lambda: table.model().rowCount() == 0, "the decision")


def train_and_use(viewer: Any) -> None:
    """Train on the decided cells, and use the new model."""
    retrain: Any = open_dock(viewer, "Retrain")
    wait(lambda: retrain.estimates.decided_cells is not None, "the decided cells")
    click(retrain, "Start training")
    wait(lambda: retrain.controller.runs, "the run")
    wait(lambda: retrain.controller.active_run is None, "the end of the training")
    open_tab(retrain, "Did it help?")
    wait(lambda: can_click(retrain, "Use this model"), "the verdict")
    click(retrain, "Use this model")


def test_wrong_size_swapped_and_missing_channels_are_mended(
    viewer: Any,
    field: SimulatedField,
    segmenter_folder: Path,
    classifier_folder: Path,
) -> None:
    # named as nobody would name them, the wrong way round
    transform = {"scale": (UM, UM), "units": ("um", "um")}
    viewer.add_image(field.red[0], name="one", colormap="green", **transform)
    viewer.add_image(field.green[0], name="two", colormap="red", **transform)
    dock = identify_dock(viewer, segmenter_folder, classifier_folder)
    choose_channels(dock, red="two", green="one")
    # a wrong pixel size asks, and says how large a cell would be
    size = dock.panel.channels.pixel_size
    size.spin.setValue(11.7)
    texts: list[str] = []
    click_in_next_box("No", texts)
    click(dock, "Identify cells")
    assert "11.7 µm" in texts[0]
    assert not dock.worker.busy
    size.spin.setValue(UM)
    # a missing channel: outlines without classes, and the reason
    choose_channels(dock, red="two", green=None)
    click(dock, "Identify cells")
    wait_for_cells(dock)
    assert reads(dock, "there is no green channel")
    # exchanged channels are mended with the button beside their lists
    choose_channels(dock, red="two", green="one")
    click(dock, "Swap red and green")
    channels = dock.panel.channels.value()
    assert (channels.red.name, channels.green.name) == ("one", "two")
    assert viewer.layers["one"].colormap.name == "red"
    assert viewer.layers["two"].colormap.name == "green"
    assert size.spin.value() == pytest.approx(UM)
    click(dock, "Identify cells")
    wait_for_cells(dock)
    assert not reads(dock, "there is no")
    cells = [layer for layer in viewer.layers if layer.visible][-1]
    assert set(cells.features["predicted"]) - {"", "none"}


def choose_channels(dock: Any, *, red: str | None, green: str | None) -> None:
    """Choose the layers of both channels in their lists."""
    for colour, name in (("red", red), ("green", green)):
        combo = dock.panel.channels.boxes[colour]
        index = combo.findText(name or "none")
        assert index >= 0
        combo.setCurrentIndex(index)
        combo.activated.emit(index)
    live(0.05)


def test_two_viewers_at_once(make_napari_viewer: Any, lab: Study) -> None:
    one, two = make_napari_viewer(show=True), make_napari_viewer(show=True)
    docks = [
        add_study_docks(one, lab.path, "Ann"),
        add_study_docks(two, lab.path, "Bo"),
    ]
    sessions = [session_of(viewer) for viewer in (one, two)]
    assert sessions[0] is not sessions[1]
    key = cells_of(sessions[0])[0]
    for session in sessions:
        session.go_to(key)
    press(one, Qt.Key.Key_E)
    press(two, Qt.Key.Key_G)
    wait(lambda: len(journal_lines(lab)) == 2, "two answers")
    assert journal_lines(lab) == [
        ("Ann", key.cell, "excitatory"),
        ("Bo", key.cell, "glia"),
    ]
    assert sessions[0].own_answers == {key: "excitatory"}
    # each window has its own list of shortcuts
    press(two, Qt.Key.Key_Question)
    lists = [v.window._qt_window.findChild(ShortcutOverlay) for v in (one, two)]
    assert [overlay.isVisible() for overlay in lists] == [False, True]
    press(two, Qt.Key.Key_Escape)
    # closing the study in one leaves the other as it is
    click(docks[0], "Close")
    assert sessions[0].study is None
    press(two, Qt.Key.Key_Backspace)
    wait(lambda: sessions[1].own_answers == {}, "the answer taken back")
    assert button(docks[1], "Undo").isEnabled()
    sessions[1].close_study()
