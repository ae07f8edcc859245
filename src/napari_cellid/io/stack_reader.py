"""Readers whose files or folders say what all their channels are."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

from napari_cellid.io.assemble import read_stacks

if TYPE_CHECKING:
    from pathlib import Path

    from napari_cellid.io.base import ReadOptions
    from napari_cellid.io.stack import ImageStack
    from napari_cellid.recording import Recording


class ChannelReader(ABC):
    """Makes a recording of the channels that `open_stack` finds."""

    def read(
        self,
        red: Path | None,
        green: Path | None,
        both: Path | None,
        options: ReadOptions,
    ) -> Recording:
        """Read a recording, as `RecordingReader.read`; pixels are read when needed."""
        return read_stacks(red, green, both, options, self.open_stack)

    @abstractmethod
    def open_stack(self, path: Path, options: ReadOptions) -> ImageStack:
        """All channels of a file or folder, as `StackReader.open_stack`."""
