"""What another computer does to the recordings of a study that is open here."""

from __future__ import annotations

from typing import Any

import numpy as np

from napari_cellid.annotation.answer import CellKey
from napari_cellid.cells.measure import measure
from napari_cellid.identify import IdentifyResult
from napari_cellid.study.outlined import add_outlined_recording
from napari_cellid.study.save_results import add_recording
from napari_cellid.study.study import Study


def correct(path: Any, name: str) -> None:
    """Cut a strip off every cell, and number the labels from the other end."""
    study = Study.open(path)
    recording = study.recording(name)
    labels = recording.labels()
    shifted = np.roll(labels, 2, axis=1)
    labels = np.where(shifted == labels, labels, 0)
    labels[labels > 0] = labels.max() + 1 - labels[labels > 0]
    add_outlined_recording(study, recording.planes(), labels, recording.info)


def replace_images(path: Any, name: str) -> None:
    """Other images, of another shape, get the name of a recording."""
    study = Study.open(path)
    recording = study.recording(name)
    planes, labels = recording.planes(), recording.labels()
    part = slice(None), slice(10, None), slice(12, None)
    rng = np.random.default_rng(0)
    images = {
        "red": rng.random(labels[part].shape, np.float32),
        "green": rng.random(labels[part].shape, np.float32),
    }
    other = planes.__class__(name=name, pixel_size_um=planes.pixel_size_um, **images)
    cells = measure(labels[part], other)
    run = {"recording": name, "sources": [], "models": {}}
    result = IdentifyResult(other, labels[part], cells, (), None, run)
    add_recording(study, result, recording.info, replace=True)


def assert_shows_the_disk(session: Any, name: str) -> None:
    now = Study.open(session.study.path).recording(name)
    labels, cells = now.labels(), now.cells()
    assert session.recording.name == name
    np.testing.assert_array_equal(session.labels, labels)
    own = session.cells()[session.cells()["recording"] == name]
    for column in ("cell", "label", "plane", "y", "x"):
        assert own[column].tolist() == cells[column].tolist()
    # each cell is where the table has it, also for a click
    for row in own.itertuples():
        pixels = np.argwhere(labels == row.label)
        assert np.allclose(pixels.mean(axis=0)[1:], [row.y, row.x], atol=0.01)
        plane, y, x = pixels[0]
        key = CellKey(name, row.cell)
        assert session.cell_at((plane, y * 1.17, x * 1.17)) == key


def look(session: Any, times: int = 2) -> None:
    """What the timer of the session does every few seconds."""
    for _ in range(times):
        session.settings_watch.look()
        session.look_for_recordings()
        session.look_for_cells()
