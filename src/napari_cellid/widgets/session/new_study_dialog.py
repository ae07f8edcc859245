"""A dialog that makes a new study, and shows where it will be."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from qtpy.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QFormLayout,
    QLayout,
    QLineEdit,
    QPushButton,
)

from napari_cellid.study.study import Study
from napari_cellid.widgets._shared.layouts import small_text
from napari_cellid.widgets._shared.notifications import input_errors_shown
from napari_cellid.widgets.session.recent_studies import recent_studies

if TYPE_CHECKING:
    from qtpy.QtWidgets import QWidget

_CONTENT = (
    "A study is a folder with the recordings of a question, their cells, and the "
    "answers of all annotators. Recordings are added from the Identify dock."
)
#: width of the dialog (px)
_WIDTH = 480


class NewStudyDialog(QDialog):
    """Asks for a name and a place.

    Parameters
    ----------
    place
        Folder in which the study is made at first.
    """

    def __init__(self, place: Path, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("New study")
        self._place = place
        self.name = QLineEdit()
        self.name.setPlaceholderText("such as: V1 interneurons, spring")
        self.place_button = QPushButton("Choose another folder…")
        self.path_text = small_text()
        self.buttons = QDialogButtonBox(
            QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel
        )
        form = QFormLayout(self)
        form.addRow(small_text(_CONTENT))
        form.addRow("Name of the study", self.name)
        form.addRow("Place", self.place_button)
        form.addRow(self.path_text)
        form.addRow(self.buttons)
        self.name.textChanged.connect(self._show_path)
        self.place_button.clicked.connect(self._choose_place)
        self.buttons.accepted.connect(self.accept)
        self.buttons.rejected.connect(self.reject)
        # Qt would keep room for lines that are wrapped in a narrow window
        form.setSizeConstraint(QLayout.SizeConstraint.SetNoConstraint)
        self._show_path()

    def value(self) -> Path | None:
        """Folder of the study; None without a name."""
        name = self.name.text().strip()
        return self._place / name if name else None

    def _choose_place(self) -> None:
        chosen = QFileDialog.getExistingDirectory(
            self, "Folder in which the study is made", str(self._place)
        )
        if chosen:
            self._place = Path(chosen)
            self._show_path()

    def _show_path(self) -> None:
        path = self.value()
        self.path_text.setText(f"It will be the folder {path or self._place / '…'}")
        ok = self.buttons.button(QDialogButtonBox.StandardButton.Ok)
        ok.setEnabled(self._is_complete())
        self._fit()

    def _fit(self) -> None:
        """As high as the wrapped lines."""
        height = self.layout().totalHeightForWidth(_WIDTH)
        self.setMinimumSize(_WIDTH, height)
        self.resize(self.width(), height)

    def _is_complete(self) -> bool:
        """Whether all that is needed was typed."""
        return self.value() is not None


def make_new_study(parent: QWidget) -> Path | None:
    """Ask for a new study and write it; None if the user cancels or it is refused."""
    recent = recent_studies()
    dialog = NewStudyDialog(recent[0].parent if recent else Path.home(), parent)
    path = dialog.value() if dialog.exec() == QDialog.DialogCode.Accepted else None
    if path is None:
        return None
    with input_errors_shown():
        return Study.create(path).path
    # after an error, which was shown
    return None
