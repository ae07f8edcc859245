"""Files of CaImAn among recordings: they hold components, but no mean images."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_cellid.errors import InputError
from napari_cellid.io.base import Certainty
from napari_cellid.io.caiman.file import is_caiman
from napari_cellid.io.hdf5 import SIGNATURE

if TYPE_CHECKING:
    from pathlib import Path

    from napari_cellid.io.base import ReadOptions
    from napari_cellid.recording import Recording


class CaimanReader:
    """Recognises files of CaImAn, and says that images are needed beside them."""

    name = "caiman"
    formats = "CaImAn (.hdf5, for its components)"

    def certainty(self, path: Path, head: bytes) -> Certainty:
        """Go by what the file holds."""
        if not head.startswith(SIGNATURE):
            return Certainty.NO
        return Certainty.CERTAIN if is_caiman(path) else Certainty.NO

    def read(
        self,
        red: Path | None,
        green: Path | None,
        both: Path | None,
        options: ReadOptions,
    ) -> Recording:
        """Refuse the file: its correlation image is no mean image."""
        path = both or green or red
        raise InputError(
            f"{path} is a file of CaImAn, which holds components but no mean images of "
            "the two channels; give the images with --red and --green, and this file "
            "with classify --rois."
        )
