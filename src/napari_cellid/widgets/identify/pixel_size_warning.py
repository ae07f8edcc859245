"""The warning that the pixel size may be wrong, and the way to its field."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_cellid.widgets.identify.result_warning import ResultWarning

if TYPE_CHECKING:
    from napari_cellid.identify.result import IdentifyResult


class PixelSizeWarning(ResultWarning):
    """Two sentences, and a button to the field in which the size is corrected."""

    def __init__(self) -> None:
        super().__init__("Correct the pixel size")

    def show_for(self, run_result: IdentifyResult) -> None:
        """Say what contradicts the pixel size of a result, if something does."""
        doubt = run_result.pixel_size_doubt
        self.line.setText(doubt)
        self.setVisible(bool(doubt))
