"""What is changed in the list of classes is written into the study."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from qtpy.QtCore import QObject

from napari_cellid.study.classes import remove_class, set_class_markers
from napari_cellid.widgets._shared.notifications import input_errors_shown

if TYPE_CHECKING:
    from collections.abc import Callable

    from napari_cellid.config import StudyConfig
    from napari_cellid.widgets.annotate.class_editor import ClassEditor
    from napari_cellid.widgets.session.session import StudySession


class ClassEdits(QObject):
    """Connects the list of classes with the settings of the study.

    Parameters
    ----------
    session
        Its study is changed.
    editor
        The list of classes.
    parent
        The dock; it deletes this object.
    """

    def __init__(
        self, session: StudySession, editor: ClassEditor, parent: QObject
    ) -> None:
        super().__init__(parent)
        self._session, self._editor = session, editor
        editor.edited.connect(self._edit_config)
        editor.removal_requested.connect(self._remove_class)
        editor.markers_requested.connect(self._set_markers)

    def _edit_config(self, edit: Callable[[StudyConfig], StudyConfig]) -> None:
        """Change the classes; show them as they are if the change is refused."""
        before = self._session.config
        with input_errors_shown():
            self._session.edit_config(edit)
        if self._session.config is before:
            self._editor.reset()

    def _set_markers(self, class_id: str, markers: str) -> None:
        self._edit_class(set_class_markers, class_id=class_id, markers=markers)

    def _remove_class(self, class_id: str) -> None:
        self._edit_class(remove_class, class_id=class_id)

    def _edit_class(self, edit: Callable[..., StudyConfig], **values: str) -> None:
        """Change a class in a way that depends on the answers of all people."""
        with input_errors_shown():
            answered = self._session.all_given_answers()
            self._edit_config(partial(edit, answered=answered, **values))
