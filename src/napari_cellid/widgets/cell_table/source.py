"""Where the cells of the table come from: a result of Identify, or the open study."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING

from qtpy.QtCore import QObject, Signal

from napari_cellid.colours import UNCLASSIFIED, answer_colours, prediction_colours
from napari_cellid.widgets.session.mouse_selection import MouseSelection

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np
    import pandas as pd
    from napari.components import ViewerModel
    from numpy.typing import NDArray

    from napari_cellid.annotation.answer import CellKey
    from napari_cellid.config import StudyConfig
    from napari_cellid.widgets.session.session import StudySession


class CellSource(QObject):
    """Cells, and the image in which they are shown and chosen.

    Parameters
    ----------
    session
        The session of the viewer.
    parent
        The source is deleted together with it.
    """

    #: the cells are others, or something else is known of them
    changed = Signal()
    #: the list of `CellKey` that were chosen in the image
    chosen = Signal(object)
    #: the mouse chose cells in the image
    picked = Signal()

    def __init__(self, session: StudySession, parent: QObject) -> None:
        super().__init__(parent)
        self.session = session

    @property
    @abstractmethod
    def title(self) -> str:
        """What it is called in a list of sources."""

    @property
    @abstractmethod
    def blind(self) -> bool:
        """Whether nothing that a model says may be shown."""

    @property
    @abstractmethod
    def answers(self) -> Mapping[CellKey, str]:
        """The annotator's own answers, by cell."""

    @property
    @abstractmethod
    def config(self) -> StudyConfig:
        """Settings with the answers that can be given."""

    @abstractmethod
    def cells(self) -> pd.DataFrame:
        """Cell table, with `recording`."""

    @abstractmethod
    def colours(self) -> dict[str, str]:
        """Colour (#rrggbb) of each class and answer; "" for none."""

    @abstractmethod
    def choose(self, keys: Sequence[CellKey]) -> None:
        """Show a cell in the image, or mark several ones."""

    @abstractmethod
    def show_only(self, listed: NDArray[np.bool_], groups: NDArray[np.object_]) -> None:
        """Show only some outlines in the image.

        Parameters
        ----------
        listed
            Which of `cells` (cell,) are shown.
        groups
            (cell,) class or answer that colours the outline, where it can be chosen.
        """

    @abstractmethod
    def start(self) -> None:
        """Begin to listen to clicks into the image."""

    @abstractmethod
    def stop(self) -> None:
        """Leave the mouse to napari."""

    def leave(self) -> None:
        """Leave the image as it was before."""
        self.stop()


class StudySource(CellSource):
    """All cells of the open study, of which the viewer shows one recording."""

    def __init__(
        self, viewer: ViewerModel, session: StudySession, parent: QObject
    ) -> None:
        super().__init__(session, parent)
        self._mouse = MouseSelection(viewer, session, self, anyone=True)
        self._mouse.cells_chosen.connect(self.picked)
        self._cells = session.cells()
        self._listed: NDArray[np.bool_] | None = None
        self._choosing = False
        for signal in (
            session.cells_changed,
            session.annotator_changed,
            session.votes_changed,
            session.config_changed,
            session.blind_changed,
        ):
            signal.connect(self._on_changed)
        session.recording_changed.connect(self._hide_outlines)
        session.outlines_drawn.connect(self._hide_outlines)
        session.cell_changed.connect(self._on_chosen)
        session.selection_changed.connect(self._on_chosen)

    @property
    def title(self) -> str:
        """Name of the study."""
        study = self.session.study
        return "" if study is None else f"Study {study.path.name}"

    @property
    def blind(self) -> bool:
        """Whether the annotator is."""
        return self.session.blind

    @property
    def answers(self) -> Mapping[CellKey, str]:
        """The annotator's own answers, by cell."""
        return self.session.own_answers

    @property
    def config(self) -> StudyConfig:
        """Settings of the study."""
        return self.session.config

    def cells(self) -> pd.DataFrame:
        """All cells of the study."""
        self._cells = self.session.cells()
        return self._cells

    def colours(self) -> dict[str, str]:
        """Colours of the study."""
        return prediction_colours(answer_colours(self.session.config))

    def choose(self, keys: Sequence[CellKey]) -> None:
        """Show a cell, or select several: the next answer is for all of them.

        Raises
        ------
        InputError
            If the recording of a cell cannot be shown.
        """
        self._choosing = True
        try:
            if len(keys) == 1:
                self.session.go_to(keys[0])
            else:
                self.session.select(keys)
        finally:
            self._choosing = False

    def show_only(self, listed: NDArray[np.bool_], groups: NDArray[np.object_]) -> None:
        """Show only some outlines; their colours are always those of the answers."""
        del groups
        self._listed = listed
        self._hide_outlines()

    def start(self) -> None:
        """Begin to listen to clicks into the image."""
        self._mouse.start()

    def stop(self) -> None:
        """Leave the mouse to napari, or to another dock."""
        self._mouse.stop()

    def leave(self) -> None:
        """Show all outlines again."""
        super().leave()
        self._listed = None
        self.session.hide_outlines(())

    def _hide_outlines(self) -> None:
        recording, listed = self.session.recording, self._listed
        if recording is None or listed is None or len(listed) != len(self._cells):
            # the table is being filled again
            return
        hidden = self._cells["recording"].eq(recording.name).to_numpy(bool) & ~listed
        self.session.hide_outlines(self._cells.loc[hidden, "label"].tolist())

    def _on_chosen(self) -> None:
        session = self.session
        current = () if session.cell is None else (session.cell,)
        if not self._choosing:
            self.chosen.emit(list(session.selected or current))

    def _on_changed(self) -> None:
        self.changed.emit()


def colour_of(groups: NDArray[np.object_], colours: Mapping[str, str]) -> list[str]:
    """Colour of each class or answer (cell,); that of no class for others."""
    return [colours.get(str(name), UNCLASSIFIED) for name in groups]
