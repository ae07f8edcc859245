"""The key ? lists the shortcuts that hold now, and each dock has its help."""

from __future__ import annotations

import inspect
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from annotating import canvas_of, journal_lines, press
from qtpy.QtCore import QPoint, QRect, Qt
from qtpy.QtGui import QTextCursor
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QLabel

from napari_cellid.widgets._shared import help_pages
from napari_cellid.widgets._shared.help_line import HelpLine
from napari_cellid.widgets._shared.help_pages import PAGES, docs_folder, help_address
from napari_cellid.widgets._shared.help_window import HelpWindow
from napari_cellid.widgets._shared.napari_shortcuts import napari_groups
from napari_cellid.widgets._shared.shortcut_overlay import ShortcutOverlay

if TYPE_CHECKING:
    from napari.components import ViewerModel

    from napari_cellid.study.study import Study
    from napari_cellid.widgets.annotate.widget import AnnotateWidget

SHIFT = Qt.KeyboardModifier.ShiftModifier
QUESTION = Qt.Key.Key_Question


@pytest.fixture
def overlay(annotate: AnnotateWidget) -> ShortcutOverlay:
    found = annotate.window().findChild(ShortcutOverlay)
    assert isinstance(found, ShortcutOverlay)
    return found


def ask(dock: AnnotateWidget) -> None:
    press(canvas_of(dock), QUESTION, SHIFT)


def shown(overlay: ShortcutOverlay) -> dict[str, str]:
    """Keys and meanings that are on the screen."""
    texts = [label.text() for label in overlay.findChildren(QLabel)]
    lines = [line for group in overlay.groups for line in group.lines]
    for keys, meaning in lines:
        assert keys in texts
        assert meaning in texts
    return dict(lines)


def test_the_key_lists_what_holds_now(
    annotate: AnnotateWidget, overlay: ShortcutOverlay
):
    assert not overlay.isVisible()
    ask(annotate)
    assert overlay.isVisible()
    lines = shown(overlay)
    assert lines["E"] == "excitatory"
    assert lines["N"] == "not a cell"
    assert lines["→"] == "next cell"
    assert lines["Backspace or Ctrl+Z"] == "take the last answer back"
    assert lines["Click"] == "go to this cell"
    assert lines["Insert"] == "add missed cells with clicks"
    # a key of napari that is an answer now is not listed twice
    assert list(lines).count("←") == 1


def test_it_lies_over_the_image(annotate: AnnotateWidget, overlay: ShortcutOverlay):
    ask(annotate)
    canvas = canvas_of(annotate)
    place = QRect(canvas.mapTo(annotate.window(), QPoint()), canvas.size())
    assert place.contains(overlay.geometry())
    assert overlay.height() > 200


def test_a_narrow_image_does_not_cut_it_off(
    annotate: AnnotateWidget, overlay: ShortcutOverlay
) -> None:
    window = annotate.window()
    window.resize(700, 700)
    ask(annotate)
    assert canvas_of(annotate).width() < overlay.width()
    for label in overlay.findChildren(QLabel):
        assert label.width() >= label.sizeHint().width()
        middle = label.mapTo(window, label.rect().center())
        assert window.rect().contains(middle)


@pytest.mark.parametrize("key", [Qt.Key.Key_Escape, QUESTION])
def test_a_key_closes_it(
    annotate: AnnotateWidget, overlay: ShortcutOverlay, key: Qt.Key
):
    ask(annotate)
    QTest.keyClick(overlay, key)
    assert not overlay.isVisible()
    assert canvas_of(annotate).hasFocus()


def test_it_gives_no_answers(
    annotate: AnnotateWidget, overlay: ShortcutOverlay, lab: Study
):
    ask(annotate)
    QTest.keyClick(overlay, Qt.Key.Key_E)
    assert journal_lines(lab) == []
    QTest.keyClick(overlay, Qt.Key.Key_Escape)
    press(canvas_of(annotate), Qt.Key.Key_E)
    assert [line[2] for line in journal_lines(lab)] == ["excitatory"]


def test_keys_that_are_off_are_not_listed(
    annotate: AnnotateWidget, overlay: ShortcutOverlay
):
    annotate.panel.keys.click()
    ask(annotate)
    lines = shown(overlay)
    assert "E" not in lines
    # napari has its arrows again
    assert lines["←"] == "previous plane"


@pytest.mark.parametrize(
    ("shape", "ndisplay", "named"),
    [
        ((9, 9), 2, False),
        ((1, 9, 9), 2, False),
        ((2, 9, 9), 2, True),
        ((2, 9, 9), 3, False),
        ((4, 2, 9, 9), 3, True),
    ],
)
def test_planes_are_named_where_there_are_planes(
    viewer: ViewerModel, shape: tuple[int, ...], ndisplay: int, named: bool
) -> None:
    viewer.add_image(np.zeros(shape))
    viewer.dims.ndisplay = ndisplay
    meanings = [text for group in napari_groups(viewer) for _, text in group.lines]
    assert "show the whole image" in meanings
    assert ("previous plane" in meanings) == named
    assert ("next plane" in meanings) == named


def test_the_list_of_one_plane_names_none(
    annotate: AnnotateWidget, overlay: ShortcutOverlay, viewer: ViewerModel
) -> None:
    annotate.panel.keys.click()
    annotate.close_study()
    viewer.layers.clear()
    viewer.add_image(np.zeros((9, 9)))
    ask(annotate)
    assert overlay.isVisible()
    meanings = shown(overlay).values()
    assert "show the whole image" in meanings and "next plane" not in meanings


def test_the_mode_that_adds_cells_has_its_keys(
    annotate: AnnotateWidget, overlay: ShortcutOverlay
):
    press(canvas_of(annotate), Qt.Key.Key_Insert)
    ask(annotate)
    lines = shown(overlay)
    assert lines["Insert or Esc"] == "add no more cells"
    QTest.keyClick(overlay, Qt.Key.Key_Escape)
    # the list is closed, and the mode is still on
    assert not overlay.isVisible()
    assert shown_mode(annotate)


def shown_mode(dock: AnnotateWidget) -> bool:
    return dock.session.add_mode is not None


def test_the_brush_is_listed_for_outlines(
    annotate: AnnotateWidget, overlay: ShortcutOverlay, viewer: ViewerModel
):
    viewer.add_labels(np.zeros((9, 9), int), name="mine")
    ask(annotate)
    lines = shown(overlay)
    assert lines["P"] == "brush: paint an outline"
    # E is an answer, and erases nothing
    assert lines["E"] == "excitatory"


def test_a_name_with_the_sign_can_be_typed(
    annotate: AnnotateWidget, overlay: ShortcutOverlay
):
    line = annotate.panel.name.line
    line.setFocus()
    QTest.keyClicks(line, "who?")
    assert "who?" in line.text()
    assert not overlay.isVisible()


def test_the_key_is_napari_s_again_without_docks(
    annotate: AnnotateWidget, overlay: ShortcutOverlay
):
    annotate.hide()
    ask(annotate)
    assert not overlay.isVisible()


def test_the_button_lists_them_too(annotate: AnnotateWidget, overlay: ShortcutOverlay):
    line = annotate.findChild(HelpLine)
    assert line is not None
    QTest.mouseClick(line.shortcuts, Qt.MouseButton.LeftButton)
    assert overlay.isVisible()


@pytest.mark.parametrize("dock", PAGES)
def test_each_dock_has_a_page_that_is_there(dock: str, viewer: ViewerModel, qtbot: Any):
    module = import_module(f"napari_cellid.widgets.{dock}.widget")
    kinds = [kind for kind in vars(module).values() if inspect.isclass(kind)]
    (kind,) = [kind for kind in kinds if kind.__module__ == module.__name__]
    widget = kind(viewer)
    qtbot.addWidget(widget)
    widget.show()
    line = widget.findChild(HelpLine)
    QTest.mouseClick(line.help, Qt.MouseButton.LeftButton)
    (window,) = widget.findChildren(HelpWindow)
    assert window.isVisible()
    heading = PAGES[dock].partition("#")[2]
    block = window.browser.textCursor().block()
    if heading:
        assert block.blockFormat().headingLevel()
        assert help_pages.slug(block.text()) == heading
    else:
        assert window.browser.document().begin().blockFormat().headingLevel() == 1
    window.close()


def test_links_lead_to_pages_and_back(qtbot: Any):
    folder = docs_folder()
    assert folder is not None
    window = HelpWindow(folder)
    qtbot.addWidget(window)
    window.show_page(str(folder / "tour.md"))
    window.browser.anchorClicked.emit(link(window, "how-to/my-recording.md"))
    first = window.browser.document().begin().text()
    assert first == title(folder / "how-to" / "my-recording.md")
    assert window.back.isEnabled()
    window.back.click()
    assert window.browser.document().begin().text() == title(folder / "tour.md")
    assert not window.back.isEnabled()


def link(window: HelpWindow, target: str) -> Any:
    """The address of a link on the page, as a click gives it."""
    from qtpy.QtCore import QUrl

    cursor = QTextCursor(window.browser.document())
    while not cursor.atEnd():
        cursor.movePosition(QTextCursor.MoveOperation.NextCharacter)
        if cursor.charFormat().anchorHref() == target:
            return QUrl(target)
    raise LookupError(target)


def title(page: Path) -> str:
    return page.read_text(encoding="utf-8").splitlines()[0].removeprefix("# ")


def test_a_site_that_the_package_names_is_opened(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(help_pages, "_site", lambda: "https://example.org/cellid/")
    address = help_address("explanation/studies.md#all-cells-in-a-table")
    wanted = "https://example.org/cellid/explanation/studies/#all-cells-in-a-table"
    assert address == wanted


def test_the_list_lies_over_the_image_where_one_column_fits(
    annotate: AnnotateWidget, overlay: ShortcutOverlay
) -> None:
    # labels of napari's theme are larger than those that are not shown yet
    annotate.window().setStyleSheet("QLabel { padding: 2px 12px; }")
    for width in (1100, 1300, 1500, 1700):
        annotate.window().resize(width, 900)
        ask(annotate)
        image = overlay._image()
        one_column = overlay._scroll.widget().layout().count() == 1
        assert image.contains(overlay.geometry()) or one_column
        bar = overlay._scroll.verticalScrollBar()
        assert bar.maximum() == 0 or overlay.height() >= image.height()
        ask_again(overlay)


def ask_again(overlay: ShortcutOverlay) -> None:
    QTest.keyClick(overlay, QUESTION, SHIFT)
    assert not overlay.isVisible()
