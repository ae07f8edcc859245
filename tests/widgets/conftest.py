"""A viewer with the simulated field, the dock beside it, quick models chosen."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

import pytest
from annotating import make_window
from driving import open_dock, wait_until_idle
from napari.components import ViewerModel
from napari.utils.notifications import notification_manager
from pytestqt.qtbot import QtBot
from qtpy.compat import isalive
from qtpy.QtCore import QSettings
from voting import make_study

from napari_cellid.study.study import Study

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from napari.layers import Image

    from napari_cellid.simulation.field import SimulatedField
    from napari_cellid.widgets.annotate.widget import AnnotateWidget
    from napari_cellid.widgets.identify.widget import IdentifyWidget

PIXEL_UM = 1.17
#: longest wait (ms) for what the window does on its own
_LONG_MS = 120_000


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "widgets" in item.path.parts:
            item.add_marker(pytest.mark.gui)


class PatientBot(QtBot):
    """The bot of pytest-qt, which waits long: a busy computer is no failure."""

    def waitUntil(
        self, callback: Callable[[], bool | None], *, timeout: int = 0
    ) -> None:
        super().waitUntil(callback, timeout=max(timeout, _LONG_MS))

    def waitSignal(
        self, signal: Any, *, timeout: int = 0, raising: bool | None = None, **how: Any
    ) -> Any:
        # a signal that must not come is not waited for (`assertNotEmitted`)
        timeout = timeout if raising is False else max(timeout, _LONG_MS)
        return super().waitSignal(signal, timeout=timeout, raising=raising, **how)


@pytest.fixture
def qtbot(qapp: Any, request: pytest.FixtureRequest) -> QtBot:
    return PatientBot(request)


@pytest.fixture
def viewer(qapp: Any) -> ViewerModel:
    return ViewerModel()


@pytest.fixture
def channels(viewer: Any, field: SimulatedField) -> tuple[Image, Image]:
    """The two channels of the simulated field as layers, with scale and units."""
    transform = {
        "scale": (15, PIXEL_UM, PIXEL_UM),
        "units": ("um", "um", "um"),
        "axis_labels": ("plane", "y", "x"),
    }
    red = viewer.add_image(field.red, name="a17 mCherry", colormap="red", **transform)
    green = viewer.add_image(
        field.green, name="a17 GCaMP", colormap="green", **transform
    )
    return red, green


@pytest.fixture
def dock(
    viewer: Any, segmenter_folder: Path, classifier_folder: Path, qtbot: Any
) -> Iterator[IdentifyWidget]:
    """The dock, as opened from napari's menu, with quick models chosen."""
    widget = open_dock(viewer, segmenter_folder, classifier_folder)
    yield widget
    if isalive(widget):
        wait_until_idle(qtbot, widget)
        widget.close()
        widget.deleteLater()


@pytest.fixture
def notifications() -> Iterator[list[str]]:
    """Messages of the notifications shown from now on."""
    messages: list[str] = []

    def record(notification: Any) -> None:
        messages.append(notification.message)

    notification_manager.notification_ready.connect(record)
    yield messages
    notification_manager.notification_ready.disconnect(record)


@pytest.fixture(autouse=True)
def own_settings(tmp_path: Path) -> None:
    """Use empty settings, so that no annotator name is remembered."""
    scope = QSettings.Format.IniFormat, QSettings.Scope.UserScope
    QSettings.setPath(*scope, str(tmp_path / "settings"))


@pytest.fixture(scope="session")
def made_lab(tmp_path_factory: pytest.TempPathFactory, field: SimulatedField) -> Path:
    """Folder of a study of the simulated field, twice: a1 and b2."""
    return make_study(tmp_path_factory.mktemp("lab") / "study", field).path


@pytest.fixture
def lab(tmp_path: Path, made_lab: Path) -> Study:
    """A copy of the study of a1 and b2; nobody has answered yet."""
    return Study.open(shutil.copytree(made_lab, tmp_path / "study"))


@pytest.fixture
def make_dock(qtbot: Any) -> Callable[[ViewerModel], AnnotateWidget]:
    """A function that opens the Annotate dock in a window with a canvas."""
    windows = []

    def make(viewer: ViewerModel) -> AnnotateWidget:
        window, widget = make_window(viewer)
        qtbot.addWidget(window)
        windows.append(window)
        return widget

    return make


@pytest.fixture
def annotate(
    viewer: ViewerModel, lab: Study, make_dock: Callable[[ViewerModel], AnnotateWidget]
) -> Iterator[AnnotateWidget]:
    """The Annotate dock on the study, Ann answering."""
    widget = make_dock(viewer)
    widget.open_study(lab.path, "Ann")
    yield widget
    widget.session.close_study()
