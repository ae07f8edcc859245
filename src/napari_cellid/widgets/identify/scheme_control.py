"""What red marks: kept in the open study, else chosen in the Identify dock."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari.layers import Labels
from qtpy.QtCore import QObject, Signal

from napari_cellid.config import StudyConfig
from napari_cellid.study.predicted_names import is_model_of
from napari_cellid.study.saved_choices import scheme_of
from napari_cellid.study.scheme import require_scheme
from napari_cellid.widgets._shared.notifications import input_errors_shown
from napari_cellid.widgets.session.result_layer import result_of, update_features
from napari_cellid.widgets.session.result_names import rename_result
from napari_cellid.widgets.session.scheme_dialog import ask_unknown_scheme

if TYPE_CHECKING:
    from pathlib import Path

    from napari.components import ViewerModel
    from qtpy.QtWidgets import QWidget

    from napari_cellid.models.card import ModelCard
    from napari_cellid.widgets._shared.scheme_choice import SchemeChoice
    from napari_cellid.widgets.session.session import StudySession


class SchemeControl(QObject):
    """Connects the choice of a labelling scheme with the study and the results.

    Parameters
    ----------
    choice
        Shows the scheme.
    session
        Its study keeps the scheme, if one is open.
    viewer
        The results in its layers follow the scheme.
    parent
        Parent of the question what red marks.
    """

    #: the labels layer whose classes have other names now
    renamed = Signal(object)

    def __init__(
        self,
        choice: SchemeChoice,
        session: StudySession,
        viewer: ViewerModel,
        parent: QWidget,
    ) -> None:
        super().__init__(parent)
        self._choice, self._session, self._viewer = choice, session, viewer
        self._parent = parent
        self._model: ModelCard | None = None
        choice.valueChanged.connect(self._on_chosen)
        session.study_changed.connect(self._on_study)
        session.config_changed.connect(self._on_config)
        self._show()

    def naming(self) -> tuple[StudyConfig | None, Path | None]:
        """Settings that name the classes, and the folder of the study's models.

        Raises
        ------
        InputError
            If it is not known what red marks.
        """
        study = self._session.study
        if study is None:
            own_names = self._model is not None and self._model.scheme is not None
            scheme = None if own_names else self._choice.value()
            return None if scheme is None else StudyConfig.of_scheme(scheme), None
        ask_unknown_scheme(self._session, self._parent)
        require_scheme(self._session.config)
        return self._session.config, study.models

    def set_model(self, card: ModelCard | None) -> None:
        """Take the chosen classifier, which may have a scheme of its own."""
        self._model = card
        self._show()

    def show_saved(self, config: StudyConfig) -> None:
        """Show the scheme of results that were opened, and choose it for the next run.

        A study or a model that has a scheme of its own keeps it.

        Parameters
        ----------
        config
            Settings that name the classes of the results.
        """
        choice, scheme = self._choice, scheme_of(config)
        if scheme is not None:
            choice.chosen = scheme
        own = self._model is not None and self._model.scheme is not None
        if self._session.study is None and not own:
            # with the names and colours that the results have
            choice.show_study(config.scheme, config.classes)

    def _show(self) -> None:
        """Show the scheme of the study or of the model, which cannot be chosen here."""
        choice, config = self._choice, self._session.config
        if self._session.study is not None:
            choice.show_study(config.scheme, config.classes)
        elif self._model is not None and self._model.scheme is not None:
            choice.show_model(self._model)
        elif not choice.isEnabled():
            choice.setValue(choice.chosen)
        choice.setEnabled(
            self._session.study is not None
            or self._model is None
            or self._model.scheme is None
        )

    def _on_chosen(self) -> None:
        with input_errors_shown():
            scheme = self._choice.value()
            if self._session.study is None:
                self._rename_results(StudyConfig.of_scheme(scheme))
                return
            self._session.set_scheme(scheme)
        # also after a refusal
        self._show()

    def _on_study(self) -> None:
        self._show()
        config = self._session.config
        if self._session.study is not None and config.scheme is not None:
            # beside the scheme of the study, names of another one would mislead
            self._rename_results(config, only_certain=True)

    def _on_config(self, before: StudyConfig) -> None:
        config = self._session.config
        if config.scheme != before.scheme or config.classes != before.classes:
            self._show()
            self._rename_results(config)

    def _rename_results(
        self, config: StudyConfig, *, only_certain: bool = False
    ) -> None:
        """Name the classes of all results that are shown.

        Parameters
        ----------
        config
            Settings of the study or of the scheme.
        only_certain
            Whether to leave out, without a word, those of models that do not say what
            cells show.
        """
        study = self._session.study
        for layer in self._viewer.layers:
            result = result_of(layer)
            if result is None or not isinstance(layer, Labels):
                continue
            card = result.run_result.classifier_card
            if card is None or (only_certain and not all(card.states)):
                continue
            before = result.labelled
            of_study = study is not None and is_model_of(study.models, card)
            with input_errors_shown():
                if rename_result(result, config, of_study=of_study):
                    self._session.keep_saved(result, before)
                    update_features(layer, result)
                    self.renamed.emit(layer)
