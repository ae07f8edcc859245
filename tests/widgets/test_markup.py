"""Names that look like markup are shown as they are, in every dock."""

from __future__ import annotations

import re
import sys
from functools import partial
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from qtpy.QtCore import Qt
from qtpy.QtGui import QTextDocument
from qtpy.QtWidgets import QLabel, QTableWidget, QWidget
from voting import make_study, true_classes, write_answers

from napari_cellid.study.classes import rename_class
from napari_cellid.study.study import Study
from napari_cellid.widgets._shared.markup import as_rich_text

NAMES = ["<b>x", "<img src=x>", "<a href='x'>y", "a & <i>b"]
#: the beginning of each of NAMES as markup
MARKUP = re.compile(r"<(b>x|img|a |i>)")


@pytest.mark.parametrize("name", [*NAMES, "a<br>b", "&lt;b&gt;", "two\nlines"])
def test_a_text_is_shown_as_it_is(name: str) -> None:
    document = QTextDocument()
    document.setHtml(as_rich_text(name))
    assert document.toPlainText() == name
    assert as_rich_text("") == ""


def markup_in(widget: QWidget) -> list[str]:
    """Texts in which a name would be taken for markup."""
    texts = [one.toolTip() for one in (widget, *widget.findChildren(QWidget))]
    plain = Qt.TextFormat.PlainText
    labels = widget.findChildren(QLabel)
    texts += [label.text() for label in labels if label.textFormat() != plain]
    for table in widget.findChildren(QTableWidget):
        for row in range(table.rowCount()):
            items = (table.item(row, k) for k in range(table.columnCount()))
            texts += [item.toolTip() for item in items if item is not None]
    return [text for text in texts if MARKUP.search(text)]


def odd_study(tmp_path: Path, field: Any, name: str) -> Study:
    study = make_study(tmp_path / "s", field)
    for person in ("Ann", "Bo<b>x"):
        write_answers(study, person, true_classes(study))
    study.edit_config(partial(rename_class, class_id="glia", name=name))
    for recording in study.recordings:
        folder = study.path / "recordings" / recording
        folder.rename(folder.with_name(f"{recording} {name}"))
    for journal in study.annotations.glob("*.jsonl"):
        text = journal.read_text("utf-8")
        for recording in study.recordings:
            text = text.replace(f'"{recording}"', f'"{recording} {name}"')
        journal.write_text(text, "utf-8")
    return Study.open(study.path.rename(tmp_path / f"study {name}"))


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such folders")
@pytest.mark.parametrize("name", NAMES[:2])
def test_no_dock_takes_a_name_for_markup(
    qtbot: Any, tmp_path: Path, field: Any, viewer: Any, make_dock: Any, name: str
) -> None:
    from napari_cellid.widgets.agreement.widget import AgreementWidget
    from napari_cellid.widgets.gallery.widget import GalleryWidget
    from napari_cellid.widgets.retrain.widget import RetrainWidget

    study = odd_study(tmp_path, field, name)
    docks = [make_dock(viewer)]
    for kind in (AgreementWidget, GalleryWidget, RetrainWidget):
        docks.append(kind(viewer))
        qtbot.addWidget(docks[-1])
    docks[0].open_study(study.path, "Ann")
    shown = docks[0].findChildren(QLabel)
    qtbot.waitUntil(lambda: any("cell" in one.text() for one in shown), timeout=20000)
    qtbot.wait(1500)
    texts = [one.text() for dock in docks for one in dock.findChildren(QLabel)]
    assert any(name in unescape(text) for text in texts)
    for dock in docks:
        assert markup_in(dock) == []
