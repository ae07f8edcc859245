"""No text is cut off in small windows; run by `test_journeys_window.py`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from by_eye import LEFT, NONE_HELD, click, live, open_dock, open_tab, reads, wait
from qtpy.QtCore import QPoint
from qtpy.QtTest import QTest
from qtpy.QtWidgets import (
    QAbstractButton,
    QAbstractScrollArea,
    QDockWidget,
    QLabel,
    QTabWidget,
    QToolButton,
    QWidget,
)
from voting import true_classes, write_answers

from napari_cellid.study.classes import add_class
from napari_cellid.widgets.annotate.open_study import add_study_docks
from napari_cellid.widgets.session.session import session_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from napari_cellid.study.study import Study

DOCKS = (
    "Annotate cells",
    "Agreement",
    "Identify cells",
    "Cell gallery",
    "Cell table",
    "Retrain",
    "Traces",
)
SIZES = ((1280, 800), (1024, 700))


def cut_off(dock: QWidget) -> list[str]:
    """Texts of labels and buttons that are not seen whole."""
    return [
        f"{type(one).__name__} {one.text()!r}: {one.width()} x {one.height()} px"
        for kind in (QLabel, QAbstractButton)
        for one in dock.findChildren(kind)
        if one.isVisible() and one.text() and not _is_whole(one, dock)
    ]


def _is_whole(one: Any, dock: QWidget) -> bool:
    """Whether a text has the room that its size hint asks for, inside the dock."""
    corner = one.mapTo(dock, QPoint())
    inside = corner.x() >= 0 and corner.x() + one.width() <= dock.width()
    if not _scrolls(one, dock):
        inside = inside and corner.y() + one.height() <= dock.height()
    return inside and _has_room(one)


def _has_room(one: Any) -> bool:
    if isinstance(one, QLabel) and one.wordWrap():
        return one.height() >= one.heightForWidth(one.width())
    if isinstance(one, QLabel):
        return bool(one.width() >= one.sizeHint().width())
    # frames of buttons may be narrower than the style would like
    text = one.fontMetrics().horizontalAdvance(one.text().replace("&", ""))
    icon = 0 if one.icon().isNull() else one.iconSize().width()
    if isinstance(one, QToolButton) and not one.text():
        return True
    return bool(one.width() >= text + icon)


def _scrolls(one: QWidget, dock: QWidget) -> bool:
    """Whether it is in an area that scrolls."""
    parent = one.parentWidget()
    while parent is not None and parent is not dock:
        if isinstance(parent, QAbstractScrollArea):
            return True
        parent = parent.parentWidget()
    return False


def widest(window: QWidget) -> list[str]:
    """The widgets that need most width, each inside the one before."""
    docks = [dock for dock in window.findChildren(QDockWidget) if dock.isVisible()]
    dock = max(docks, key=lambda one: one.minimumSizeHint().width())
    limit = dock.minimumSizeHint().width() * 0.85
    parts = [one for one in dock.findChildren(QWidget) if not one.isWindow()]
    return [
        f"{type(one).__name__} {one.minimumSizeHint().width()}"
        for one in (dock, *parts)
        if one.minimumSizeHint().width() > limit
    ]


@pytest.fixture
def viewer(make_napari_viewer: Any, lab: Study) -> Iterator[Any]:
    """A window with all docks, on a study in which two people have answered."""
    told = true_classes(lab)
    keys = list(told)
    for person in ("Ann", "Bo"):
        write_answers(lab, person, {key: told[key] for key in keys[:12]})
    write_answers(lab, "Bo", {keys[0]: "glia", keys[1]: "not_a_cell"}, after=9)
    viewer = make_napari_viewer(show=True)
    viewer.window._qt_window.resize(*SIZES[0])
    annotate = add_study_docks(viewer, lab.path, "Ann")
    annotate.session.set_blind(False)
    for title in DOCKS:
        open_dock(viewer, title)
    yield viewer
    session_of(viewer).close_study()


def _vote_with_many(study: Study) -> None:
    """Five people who do not agree, and seven classes."""
    classes = true_classes(study)
    keys = list(classes)[:12]
    for person in ("Ann", "Bo", "Cy", "Dee", "Eva"):
        write_answers(study, person, {key: classes[key] for key in keys})
    for person, answer in (("Bo", "not_a_cell"), ("Cy", "unsure"), ("Dee", "glia")):
        write_answers(study, person, dict.fromkeys(keys[:3], answer), after=9)
    config = study.config
    for name in ("astrocyte", "endothelium", "microglia", "Purkinje"):
        config = add_class(config, name)
    study.save_config(config)


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_many_people_and_classes_do_not_stretch_the_window(
    make_napari_viewer: Any, lab: Study, theme: str
) -> None:
    _vote_with_many(lab)
    viewer = make_napari_viewer(show=True)
    viewer.theme = theme
    window = viewer.window._qt_window
    window.resize(*SIZES[1])
    live(0.2)
    annotate = add_study_docks(viewer, lab.path, "Ann")
    annotate.session.set_blind(False)
    agreement: Any = open_dock(viewer, "Agreement")
    wait(lambda: agreement.votes is not None, "the votes")
    open_tab(agreement, "Disputed cells")
    disputed = agreement.panel.disputed
    wait(lambda: disputed.model.rowCount() > 0, "the disputed cells")
    place = disputed.view.visualRect(disputed.model.index(0, 1)).center()
    QTest.mouseClick(disputed.view.viewport(), LEFT, NONE_HELD, place)
    live(0.3)
    assert disputed.shown() is not None and reads(agreement, "Eva")
    problems = cut_off(agreement)
    sizes = [(window.width(), window.height())]
    table: Any = open_dock(viewer, "Cell table")
    wait(lambda: table.panel.model.rowCount() > 0, "the cells")
    click(table, "More filters")
    live(0.3)
    problems += cut_off(table)
    sizes.append((window.width(), window.height()))
    for title in DOCKS:
        open_dock(viewer, title)
        # napari stacks a new dock first, which stretches the window for a moment
        live(0.6)
        sizes.append((window.width(), window.height()))
    assert sizes == [SIZES[1]] * len(sizes)
    assert not problems, "\n".join(problems)
    # what has no room scrolls
    assert table.panel.view.height() >= 90 and table.panel.plots.height() >= 120
    annotate.close_study()


def pages(dock: QWidget) -> Iterator[str]:
    """Show each tab of a dock in turn; gives its title."""
    every = [tabs for tabs in dock.findChildren(QTabWidget) if tabs.isVisible()]
    if not every:
        yield ""
    for tabs in every:
        for index in range(tabs.count()):
            tabs.setCurrentIndex(index)
            live(0.1)
            yield tabs.tabText(index)


def test_nothing_is_cut_off(viewer: Any) -> None:
    window = viewer.window._qt_window
    problems = []
    for size in SIZES:
        for theme in ("dark", "light"):
            viewer.theme = theme
            window.resize(*size)
            live(0.2)
            for title in DOCKS:
                dock: Any = open_dock(viewer, title)
                if title == "Agreement":
                    wait(lambda dock=dock: dock.votes is not None, "the votes")
                live(0.1)
                for page in pages(dock):
                    where = f"{size} {theme} {title} {page}"
                    problems += [f"{where}: {text}" for text in cut_off(dock)]
                shown = (window.width(), window.height())
                if shown != size:
                    needs = ", ".join(widest(window))
                    problems.append(f"{title}: {shown}, not {size}: {needs}")
    assert not problems, "\n".join(problems)
