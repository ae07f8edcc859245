"""Files of an open study arrive late, damaged or while others are being read."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from annotating import cells_of, press
from elsewhere import assert_shows_the_disk, correct, look, replace_images
from qtpy.QtCore import Qt
from tifffile import imread, imwrite

from napari_cellid.annotation.answer import CellKey
from napari_cellid.io.results import CELLS, LABELS
from napari_cellid.study.recordings import IMAGES, RECORDINGS
from napari_cellid.study.renaming import rename_recording
from napari_cellid.study.study import Study
from napari_cellid.widgets.session import navigator

if TYPE_CHECKING:
    from pathlib import Path

    from napari_cellid.widgets.annotate.widget import AnnotateWidget


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Folders of studies that are opened from now on."""
    paths: list[Path] = []
    open_study = Study.open.__func__

    def opening(cls: type[Study], path: Path) -> Study:
        paths.append(path)
        return open_study(cls, path)

    monkeypatch.setattr(Study, "open", classmethod(opening))
    return paths


def without_last_cell(folder: Path) -> int:
    """Take the last cell out of the files of a recording; gives its number."""
    *lines, last = (folder / CELLS).read_text("utf-8").splitlines(keepends=True)
    columns = lines[0].strip().split(",")
    row = dict(zip(columns, last.split(","), strict=False))
    (folder / CELLS).write_text("".join(lines), "utf-8")
    labels = imread(folder / LABELS)
    labels[labels == int(row["label"])] = 0
    imwrite(folder / LABELS, labels)
    return int(row["cell"])


def test_damaged_outlines_wait_until_the_files_change_again(
    annotate: AnnotateWidget,
    lab: Study,
    notifications: list[str],
    opened: list[Path],
) -> None:
    session, path = annotate.session, lab.path / RECORDINGS / "a1" / LABELS
    before = session.labels.copy()
    correct(lab.path, "a1")
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 3])
    opened.clear()
    look(session, times=8)
    # a window does not stand still every few seconds, and it is said once
    assert len(opened) == 3
    assert [text for text in notifications if "labels.tif cannot be read" in text] == (
        notifications
    )
    assert len(notifications) == 1
    np.testing.assert_array_equal(session.labels, before)
    path.write_bytes(content)
    look(session, times=3)
    assert len(opened) == 4
    assert_shows_the_disk(session, "a1")


def test_outlines_that_are_being_copied_are_not_tried_at_each_look(
    annotate: AnnotateWidget,
    lab: Study,
    notifications: list[str],
    opened: list[Path],
) -> None:
    session, path = annotate.session, lab.path / RECORDINGS / "a1" / LABELS
    correct(lab.path, "a1")
    content = path.read_bytes()
    opened.clear()
    for share in range(10):
        path.write_bytes(content[: len(content) * share // 10])
        look(session, times=1)
    assert len(opened) == 1
    path.write_bytes(content)
    look(session)
    assert_shows_the_disk(session, "a1")
    assert [text for text in notifications if "cannot be read" in text] == []


def test_outlines_that_arrive_after_the_table_are_drawn(
    annotate: AnnotateWidget, lab: Study
) -> None:
    session, folder = annotate.session, lab.path / RECORDINGS / "a1"
    late = (folder / LABELS).read_bytes()
    number = without_last_cell(folder)
    new = (folder / LABELS).read_bytes()
    (folder / LABELS).write_bytes(late)
    look(session)
    assert session.row(CellKey("a1", number)) is None
    (folder / LABELS).write_bytes(new)
    look(session)
    assert_shows_the_disk(session, "a1")


def test_outlines_that_cannot_be_read_yet_are_drawn_later(
    annotate: AnnotateWidget, lab: Study
) -> None:
    session, folder = annotate.session, lab.path / RECORDINGS / "a1"
    number = without_last_cell(folder)
    content = (folder / LABELS).read_bytes()
    (folder / LABELS).write_bytes(b"")
    look(session)
    # all or nothing: the cells belong to the outlines that are shown
    assert session.row(CellKey("a1", number)) is not None
    (folder / LABELS).write_bytes(content)
    look(session)
    assert session.row(CellKey("a1", number)) is None
    assert_shows_the_disk(session, "a1")


def test_a_recording_that_arrives_file_by_file_comes_in(
    annotate: AnnotateWidget, lab: Study, opened: list[Path]
) -> None:
    session, parent = annotate.session, lab.path / RECORDINGS
    (parent / "c3").mkdir()
    opened.clear()
    look(session, times=5)
    assert session.study.recordings == ("a1", "b2")
    assert len(opened) == 1
    for path in (parent / "b2").iterdir():
        shutil.copy2(path, parent / "c3")
    look(session, times=3)
    assert session.study.recordings == ("a1", "b2", "c3")
    assert len(cells_of(session, "c3")) == len(cells_of(session, "b2"))
    assert len(opened) == 2


def test_a_shown_recording_that_cannot_be_read_is_not_called_removed(
    annotate: AnnotateWidget, lab: Study, notifications: list[str]
) -> None:
    session, path = annotate.session, lab.path / RECORDINGS / "a1" / CELLS
    content = path.read_bytes()
    path.write_bytes(b"")
    rename_recording(Study.open(lab.path), "b2", "day 3")
    look(session)
    assert session.study.recordings == ("b2",)
    assert notifications == [
        "The recording a1 cannot be read any more; it comes back when its files are in "
        "order."
    ]
    path.write_bytes(content)
    look(session, times=3)
    assert session.study.recordings == ("a1", "b2")
    session.go_to(cells_of(session, "a1")[0])
    assert_shows_the_disk(session, "a1")


def test_the_cell_stays_where_its_images_are_other_ones(
    annotate: AnnotateWidget, lab: Study
) -> None:
    session, path = annotate.session, lab.path / RECORDINGS / "a1" / IMAGES
    cell = session.cell
    correct(lab.path, "a1")
    imwrite(path, imread(path)[..., ::-1].copy())
    look(session)
    assert_shows_the_disk(session, "a1")
    assert session.cell == cell
    press(annotate, Qt.Key.Key_E)
    assert list(session.own_answers) == [cell]


def test_votes_are_read_again_if_cells_change_while_they_are_read(
    annotate: AnnotateWidget, lab: Study, qtbot: Any
) -> None:
    session = annotate.session
    session.open_study(lab.path)
    session.stop_annotating()
    session._answers = None
    session.load_votes()
    replace_images(lab.path, "b2")
    session.look_for_cells()
    qtbot.waitUntil(lambda: session.votes is not None)
    keys = {CellKey(*key) for key in session._answers._study.cells()[
        ["recording", "cell"]].itertuples(index=False)}  # fmt: skip
    assert keys == {*cells_of(session, "a1"), *cells_of(session, "b2")}


def test_cells_that_are_removed_while_a_recording_is_read_are_not_shown(
    annotate: AnnotateWidget, lab: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    session, folder = annotate.session, lab.path / RECORDINGS / "b2"
    read_now, removed = navigator.wait_for, []

    def read_slowly(step: Any, text: str) -> Any:
        result = read_now(step, text)
        if not removed:
            removed.append(without_last_cell(folder))
            session.look_for_cells()
        return result

    monkeypatch.setattr(navigator, "wait_for", read_slowly)
    session.show_recording("b2")
    assert session.row(CellKey("b2", removed[0])) is None
    assert_shows_the_disk(session, "b2")


def test_an_answer_after_a_new_title_does_not_open_the_study(
    annotate: AnnotateWidget, opened: list[Path]
) -> None:
    annotate.session.rename_recording("a1", "day 3")
    opened.clear()
    press(annotate, Qt.Key.Key_E)
    assert len(annotate.session.own_answers) == 1
    assert opened == []
