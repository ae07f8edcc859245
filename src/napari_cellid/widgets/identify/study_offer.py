"""The button that saves the current result in the study that is open."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import QObject
from qtpy.QtWidgets import QPushButton, QSizePolicy, QWidget

from napari_cellid.widgets._shared.notifications import show_info
from napari_cellid.widgets.session.save import offer_text
from napari_cellid.widgets.session.study_saver import StudySaver

if TYPE_CHECKING:
    from napari_cellid.study.study import Study
    from napari_cellid.widgets.session.result_layer import ShownResult
    from napari_cellid.widgets.session.session import StudySession

_TIP = (
    "<qt>Saves the images, the outlines and the classes in the study that is open, so "
    "that they can be annotated there. Nothing goes into it otherwise.</qt>"
)


class StudyButton(QPushButton):
    """Says into which study the result goes; hidden if there is none."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setToolTip(_TIP)
        # long names must not widen the whole dock
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.show_offer("", busy=False)

    def show_offer(self, text: str, *, busy: bool) -> None:
        """Show what the button does; "" hides it unless something is being saved."""
        self.setText("Adding to the study…" if busy else text)
        self.setVisible(bool(text) or busy)
        self.setEnabled(not busy)


class StudyOffer(QObject):
    """Offers to save a result in the open study, and saves it when it is asked to.

    Parameters
    ----------
    session
        Its study is open.
    button
        Makes the offer.
    parent
        The dock; it deletes this object.
    """

    def __init__(
        self, session: StudySession, button: StudyButton, parent: QObject
    ) -> None:
        super().__init__(parent)
        self._session, self._button = session, button
        self._result: ShownResult | None = None
        self._being_saved: list[ShownResult] = []
        self.saver = StudySaver(session, parent)
        self.saver.saved.connect(self._on_saved)
        self.saver.queue.finished.connect(self.refresh)
        session.study_changed.connect(self.refresh)
        session.cells_changed.connect(self.refresh)
        button.clicked.connect(self.save)

    def set_result(self, result: ShownResult | None) -> None:
        """Offer to save this result, as it is when the button is clicked."""
        self._result = result
        self.refresh()

    def save(self) -> None:
        """Save the result in the open study."""
        if self._session.study is not None and self._result is not None:
            self._being_saved.append(self._result)
            self.saver.save(self._session.study, self._result)
            self.refresh()

    def refresh(self) -> None:
        """Show the button if there is something to save."""
        study, result = self._session.study, self._result
        if not self.saver.queue.busy:
            self._being_saved.clear()
        text = ""
        if study is not None and result is not None:
            text = "" if self._session.contains(result) else offer_text(study, result)
        self._button.show_offer(text, busy=result in self._being_saved)

    def _on_saved(self, name: str, study: Study) -> None:
        title = study.title_of(name)
        show_info(f"{title} is in the study {study.path.name}.")
