"""`study.toml` is damaged on the shared drive while the study is open here."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from annotating import press
from qtpy.QtCore import Qt

from napari_cellid.errors import InputError
from napari_cellid.study.settings import STUDY_FILE
from napari_cellid.study.study import Study

if TYPE_CHECKING:
    from napari_cellid.widgets.annotate.widget import AnnotateWidget


def test_an_emptied_file_takes_neither_classes_nor_titles_nor_answers(
    annotate: AnnotateWidget, lab: Study, notifications: list[str]
) -> None:
    session = annotate.session
    session.rename_recording("a1", "day 3")
    config, path = session.config, lab.path / STUDY_FILE
    content = path.read_bytes()
    path.write_bytes(b"")
    session.settings_watch.look()
    assert any("study.toml is empty" in text for text in notifications)
    assert session.config == config
    assert session.title_of("a1") == "day 3"
    # answers are kept; a change of the settings is refused, and nothing is written
    press(annotate, Qt.Key.Key_E)
    assert len(session.own_answers) == 1
    with pytest.raises(InputError, match="is empty"):
        session.rename_recording("a1", "day 4")
    assert path.read_bytes() == b""
    path.write_bytes(content)
    session.settings_watch.look()
    session.rename_recording("a1", "day 4")
    assert Study.open(lab.path).titles["a1"] == "day 4"
    assert Study.open(lab.path).config == config
