"""Thumbnails of cells, made when they come into view."""

from __future__ import annotations

from collections import OrderedDict
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from qtpy.QtCore import QObject, Signal
from qtpy.QtGui import QPixmap

from napari_cellid.cells.patch_image import DisplaySettings, PatchSource
from napari_cellid.progress import Progress
from napari_cellid.widgets._shared.notifications import input_errors_shown
from napari_cellid.widgets._shared.qt_drawing import to_qimage
from napari_cellid.widgets._shared.worker import Worker

if TYPE_CHECKING:
    from collections.abc import Callable

    from napari_cellid.progress import Step
    from napari_cellid.recording import MeanPlanes
    from napari_cellid.study.recordings import StudyRecording
    from napari_cellid.widgets._shared.patch_canvas import ChannelView

#: thumbnails and mean images that are kept (bytes); others are made again when needed
_MAX_THUMBNAIL_BYTES, _MAX_IMAGE_BYTES = 128 << 20, 768 << 20


class ThumbnailPosition(NamedTuple):
    """Position of a thumbnail's centre: recording, plane, y and x (px)."""

    recording: str
    plane: int
    y: float
    x: float


class ThumbnailStyle(NamedTuple):
    """Side of a thumbnail (px), side of its field of view (µm), and its channels."""

    side: int
    field_um: float
    picture: ChannelView


class ThumbnailCache(QObject):
    """Makes and keeps thumbnails; reads a recording's images in a thread, once.

    Parameters
    ----------
    find
        Finds a recording of the open study by its name; called in the main thread. Its
        images are read in a thread, which gets the recording and nothing else.
    """

    #: name of a recording whose images have been read
    ready = Signal(str)

    def __init__(
        self,
        find: Callable[[str], StudyRecording | None],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self.worker = Worker(self)
        self.worker.finished.connect(self._read_next)
        self._find = find
        self._display = DisplaySettings()
        self._thumbnails: OrderedDict[
            tuple[ThumbnailPosition, ThumbnailStyle], QPixmap
        ] = OrderedDict()
        self._sources: OrderedDict[str, PatchSource | None] = OrderedDict()
        self._requested: list[str] = []

    def clear(self) -> None:
        """Remove all images, for another study or changed images.

        Images that are being read belong to the study of before: they are dropped.
        """
        self.worker.cancel()
        self._thumbnails.clear()
        self._sources.clear()
        self._requested.clear()

    def set_planes(self, recording: str, planes: MeanPlanes) -> None:
        """Use mean images of a recording that have been read already."""
        source = self._sources.get(recording)
        if source is None or source.planes is not planes:
            self._add(recording, planes)

    def picture(
        self, position: ThumbnailPosition, style: ThumbnailStyle
    ) -> QPixmap | None:
        """The thumbnail at a position; None until its images have been read."""
        key = (position, style)
        if key in self._thumbnails:
            self._thumbnails.move_to_end(key)
            return self._thumbnails[key]
        if position.recording not in self._sources:
            self._request(position.recording)
            return None
        self._sources.move_to_end(position.recording)
        source = self._sources[position.recording]
        if source is None:
            return None
        self._thumbnails[key] = self._render(source, position, style)
        max_thumbnails = max(_MAX_THUMBNAIL_BYTES // (4 * style.side**2), 200)
        while len(self._thumbnails) > max_thumbnails:
            self._thumbnails.popitem(last=False)
        return self._thumbnails[key]

    def _render(
        self, source: PatchSource, position: ThumbnailPosition, style: ThumbnailStyle
    ) -> QPixmap:
        centre = (position.plane, position.y, position.x)
        if style.picture == "both":
            patch = source.cut(centre, style.field_um, style.side)
            image = patch.colours(self._display)
        else:
            patch = source.cut(
                centre, style.field_um, style.side, channels=[style.picture]
            )
            image = patch.grey(style.picture, self._display)
        return QPixmap.fromImage(to_qimage(image))

    def _request(self, recording: str) -> None:
        # the recording that came into view last is read first
        if recording in self._requested:
            self._requested.remove(recording)
        self._requested.append(recording)
        self._read_next()

    def _read_next(self) -> None:
        if self.worker.busy or not self._requested:
            return
        recording = self._requested.pop()
        if recording in self._sources:
            self._read_next()
            return
        # the error of an unreadable recording is shown once; it gets no thumbnails
        self._sources[recording] = None
        with input_errors_shown():
            found = self._find(recording)
            if found is not None:
                self.worker.start(_read_planes(found), partial(self._add, recording))

    def _add(self, recording: str, planes: MeanPlanes) -> None:
        self._sources[recording] = PatchSource(planes, None)
        self._sources.move_to_end(recording)
        while len(self._sources) > 2 and self._image_bytes() > _MAX_IMAGE_BYTES:
            self._sources.popitem(last=False)
        self.ready.emit(recording)

    def _image_bytes(self) -> int:
        return sum(
            image.nbytes
            for source in self._sources.values()
            if source is not None
            for image in (source.planes.red, source.planes.green)
            if image is not None
        )


def _read_planes(recording: StudyRecording) -> Step[MeanPlanes]:
    yield Progress(f"Reading {recording.info.title or recording.name}")
    return recording.planes()
