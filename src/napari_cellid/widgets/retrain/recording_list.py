"""A list of recordings, those to train on ticked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QListWidget, QListWidgetItem, QSizePolicy, QWidget
from superqt.utils import signals_blocked

from napari_cellid.report.table import count_text

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

#: most recordings that are visible without scrolling
_MAX_ROWS = 6


class RecordingList(QListWidget):
    """Recordings with their numbers of cells, and a tick for each."""

    valueChanged = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._names: set[str] = set()
        self.setSpacing(2)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.itemChanged.connect(self._on_item_changed)

    def value(self) -> tuple[str, ...]:
        """Names of the ticked recordings."""
        items = (self.item(k) for k in range(self.count()))
        ticked = (i for i in items if i.checkState() == Qt.CheckState.Checked)
        return tuple(str(item.data(Qt.ItemDataRole.UserRole)) for item in ticked)

    def clear_recordings(self) -> None:
        """List nothing, for another study: its recordings can have the same names."""
        self._names = set()
        with signals_blocked(self):
            self.clear()

    def set_recordings(
        self,
        recordings: Mapping[str, int],
        corrected: Collection[str],
        titles: Mapping[str, str] | None = None,
    ) -> None:
        """List recordings; the ticks of those that were listed stay as they are.

        Parameters
        ----------
        recordings
            Number of cells by name of the recording.
        corrected
            Those whose outlines somebody has corrected: they are ticked at first.
        titles
            What people see of a recording, by its name.
        """
        titles = titles or {}
        ticked_before = set(self.value())
        ticked = ticked_before | (set(corrected) - self._names)
        with signals_blocked(self):
            self.clear()
            for name, n in recordings.items():
                by_hand = " · corrected by hand" if name in corrected else ""
                text = f"{titles.get(name, name)} · {count_text(n, 'cell')}{by_hand}"
                item = QListWidgetItem(text)
                item.setData(Qt.ItemDataRole.UserRole, name)
                checked, not_checked = Qt.CheckState.Checked, Qt.CheckState.Unchecked
                item.setCheckState(checked if name in ticked else not_checked)
                self.addItem(item)
            self._names = set(recordings)
        rows = min(max(len(recordings), 1), _MAX_ROWS)
        height = self.sizeHintForRow(0) if recordings else 20
        self.setFixedHeight(rows * (height + 4) + 8)

    def _on_item_changed(self) -> None:
        self.valueChanged.emit()
