"""A dialog that gives a recording of the study a title."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtWidgets import QDialog, QDialogButtonBox, QLineEdit, QVBoxLayout

from napari_cellid.errors import InputError
from napari_cellid.study.renaming import LONGEST_TITLE
from napari_cellid.widgets._shared.layouts import small_text

if TYPE_CHECKING:
    from collections.abc import Callable

    from qtpy.QtWidgets import QWidget

_HINT = (
    "Everybody who has the study sees this title. The folder, the journals and the "
    "tables go on calling the recording {name}; an empty line brings that back."
)


class RenameDialog(QDialog):
    """A line for the title, and what stays as it is.

    Parameters
    ----------
    name
        Name of the recording.
    title
        Its title; "" for none.
    rename
        Gives it a title; raises `InputError` for one that cannot be used, and the
        dialog stays open then.
    """

    def __init__(
        self,
        name: str,
        title: str,
        rename: Callable[[str], None],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._rename = rename
        self.setWindowTitle(f"Rename {title or name}")
        self.line = QLineEdit()
        self.line.setPlaceholderText(name)
        # a name can be longer, and is not to be cut off
        self.line.setMaxLength(max(LONGEST_TITLE, len(name)))
        self.line.setText(title or name)
        self.line.setClearButtonEnabled(True)
        self.line.selectAll()
        hint = small_text()
        hint.setText(_HINT.format(name=name))
        self.problem = small_text()
        self.problem.hide()
        kind = QDialogButtonBox.StandardButton
        self.buttons = QDialogButtonBox(kind.Ok | kind.Cancel)
        self.buttons.accepted.connect(self._on_accepted)
        self.buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        for part in (self.line, hint, self.problem, self.buttons):
            layout.addWidget(part)
        self.resize(420, self.sizeHint().height())

    def _on_accepted(self) -> None:
        try:
            self._rename(self.line.text())
        except InputError as error:
            # beside the line, which is corrected there
            self.problem.setText(str(error))
            self.problem.show()
            self.line.setFocus()
            return
        self.accept()
