"""Small pictures of cells, made when a list comes to show them."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, NamedTuple

from qtpy.QtCore import QObject, Signal
from qtpy.QtGui import QPixmap

from napari_cellid.cells.patch_image import DisplaySettings, PatchSource
from napari_cellid.progress import Progress
from napari_cellid.widgets._shared.painting import to_qimage
from napari_cellid.widgets._shared.worker import Worker

if TYPE_CHECKING:
    from collections.abc import Callable

    from napari_cellid.progress import Step
    from napari_cellid.recording import MeanPlanes
    from napari_cellid.widgets._shared.patch_canvas import ChannelView

#: pictures and images that are kept (bytes), the rest is made anew when it is wanted
_MOST_PICTURES, _MOST_IMAGES = 128 << 20, 768 << 20


class Spot(NamedTuple):
    """Where a thumbnail is taken: recording, plane, y and x (px)."""

    recording: str
    plane: int
    y: float
    x: float


class Style(NamedTuple):
    """How thumbnails look: side (px), side of the tissue (µm), which channels."""

    side: int
    field_um: float
    picture: ChannelView


class Thumbnails(QObject):
    """Makes thumbnails; a recording's images are read in a thread, once.

    Parameters
    ----------
    read
        Gives the mean images of a recording; called in a thread.
    """

    #: the thumbnails of a recording can be had now
    ready = Signal(str)

    def __init__(
        self, read: Callable[[str], MeanPlanes], parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self.worker = Worker(self)
        self.worker.finished.connect(self._read_next)
        self._read = read
        self._look = DisplaySettings()
        self._pictures: OrderedDict[tuple[Spot, Style], QPixmap] = OrderedDict()
        self._tissues: OrderedDict[str, PatchSource | None] = OrderedDict()
        self._wanted: list[str] = []

    def clear(self) -> None:
        """Forget all images: another study, or other images in it."""
        self._pictures.clear()
        self._tissues.clear()
        self._wanted.clear()

    def give(self, recording: str, planes: MeanPlanes) -> None:
        """Use these images of a recording, which have been read already."""
        tissue = self._tissues.get(recording)
        if tissue is None or tissue.planes is not planes:
            self._keep(recording, planes)

    def picture(self, spot: Spot, style: Style) -> QPixmap | None:
        """The thumbnail of a place; None as long as the images are not there."""
        key = (spot, style)
        if key in self._pictures:
            self._pictures.move_to_end(key)
            return self._pictures[key]
        if spot.recording not in self._tissues:
            self._want(spot.recording)
            return None
        self._tissues.move_to_end(spot.recording)
        tissue = self._tissues[spot.recording]
        if tissue is None:
            return None
        self._pictures[key] = self._render(tissue, spot, style)
        most = max(_MOST_PICTURES // (4 * style.side**2), 200)
        while len(self._pictures) > most:
            self._pictures.popitem(last=False)
        return self._pictures[key]

    def _render(self, tissue: PatchSource, spot: Spot, style: Style) -> QPixmap:
        where = (spot.plane, spot.y, spot.x)
        if style.picture == "both":
            patch = tissue.cut(where, style.field_um, style.side)
            shown = patch.colours(self._look)
        else:
            alone = [style.picture]
            patch = tissue.cut(where, style.field_um, style.side, channels=alone)
            shown = patch.grey(style.picture, self._look)
        return QPixmap.fromImage(to_qimage(shown))

    def _want(self, recording: str) -> None:
        # what was scrolled to last comes first
        if recording in self._wanted:
            self._wanted.remove(recording)
        self._wanted.append(recording)
        self._read_next()

    def _read_next(self) -> None:
        if self.worker.busy or not self._wanted:
            return
        recording = self._wanted.pop()
        if recording in self._tissues:
            self._read_next()
            return

        def done(planes: MeanPlanes) -> None:
            self._keep(recording, planes)

        # an unreadable recording is told once, and has no thumbnails
        self._tissues[recording] = None
        self.worker.start(_reading(self._read, recording), done)

    def _keep(self, recording: str, planes: MeanPlanes) -> None:
        self._tissues[recording] = PatchSource(planes, None)
        self._tissues.move_to_end(recording)
        while len(self._tissues) > 2 and self._size() > _MOST_IMAGES:
            self._tissues.popitem(last=False)
        self.ready.emit(recording)

    def _size(self) -> int:
        return sum(
            image.nbytes
            for tissue in self._tissues.values()
            if tissue is not None
            for image in (tissue.planes.red, tissue.planes.green)
            if image is not None
        )


def _reading(read: Callable[[str], MeanPlanes], recording: str) -> Step[MeanPlanes]:
    yield Progress(f"Reading {recording}")
    return read(recording)
