"""The page of the Agreement dock with the vote rule and its outcome."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QLabel, QPushButton, QVBoxLayout, QWidget
from superqt.utils import QSignalDebouncer, signals_blocked

from napari_cellid.config import VoteConfig
from napari_cellid.widgets._shared.layouts import action_button, group_box
from napari_cellid.widgets._shared.settings_form import SettingsForm
from napari_cellid.widgets.agreement.vote_counts import OutcomeCountsView

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari_cellid.widgets.agreement.vote_counts import OutcomeCount

#: votes are counted this long (ms) after the last change of the form
_DELAY_MS = 40


class VotePanel(QWidget):
    """The vote rule, its outcome, and buttons that save it."""

    #: the new rule
    valueChanged = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.form = SettingsForm(VoteConfig)
        self.counts = OutcomeCountsView()
        self.save_rule_button = action_button("Save as the study's rule")
        self.save_rule_button.setToolTip(
            "<qt>Writes the rule into study.toml; the command line then uses it, "
            "too.</qt>"
        )
        self.save_table_button = QPushButton("Save consensus table")
        self.save_table_button.setToolTip(
            "<qt>Writes consensus.csv into the study: every cell with its votes and "
            "their outcome.</qt>"
        )
        self.training_set_button = QPushButton("Make training set")
        self.training_set_button.setToolTip(
            "<qt>Writes training_set.csv and training_set.json into the study: the "
            "decided cells as training data.</qt>"
        )
        self._study_rule: VoteConfig | None = None
        self._unsaved_note = QLabel()
        self._debouncer = QSignalDebouncer(parent=self)
        self._debouncer.setTimeout(_DELAY_MS)
        self._debouncer.triggered.connect(self._emit_value)
        self._build()

    def value(self) -> VoteConfig:
        """The rule that the form shows."""
        return VoteConfig(**self.form.values())

    def reset(self) -> None:
        """Forget the study's rule: the next one replaces what the form shows."""
        self._study_rule = None

    def set_study_rule(self, rule: VoteConfig) -> None:
        """Show the study's rule; if it is unchanged, the user's edits stay."""
        if rule == self._study_rule:
            return
        self._study_rule = rule
        with signals_blocked(self.form):
            self.form.setValue(rule)
        self._update_buttons()

    def show_offer(self, offer: QWidget) -> None:
        """Show an offer to change the rule above it."""
        layout = self.layout()
        assert isinstance(layout, QVBoxLayout)
        layout.insertWidget(0, offer)

    def show_counts(
        self, counts: Sequence[OutcomeCount], study_counts: Sequence[OutcomeCount]
    ) -> None:
        """Show the outcome of the rule, compared with that of the study's rule."""
        before = {count.name: count.n for count in study_counts}
        self.counts.show_counts(counts, before if self._is_edited() else None)

    def _build(self) -> None:
        rule = group_box(
            "Vote rule", self.form, self._unsaved_note, self.save_rule_button
        )
        outcome = group_box("Outcome", self.counts)
        self._unsaved_note.setWordWrap(True)
        layout = QVBoxLayout(self)
        layout.setAlignment(Qt.AlignmentFlag.AlignTop)
        layout.addWidget(rule)
        layout.addWidget(outcome)
        layout.addWidget(self.save_table_button)
        layout.addWidget(self.training_set_button)
        self.form.valueChanged.connect(self._on_form)
        self._update_buttons()

    def _on_form(self) -> None:
        self._update_buttons()
        self._debouncer.throttle()

    def _emit_value(self) -> None:
        self.valueChanged.emit(self.value())

    def _is_edited(self) -> bool:
        return self._study_rule is not None and self.value() != self._study_rule

    def _update_buttons(self) -> None:
        # only the rule "quorum" uses this number
        self.form.editor("quorum").setEnabled(self.value().rule == "quorum")
        self.save_rule_button.setEnabled(self._is_edited())
        self._unsaved_note.setVisible(self._is_edited())
        self._unsaved_note.setText(
            "Not saved in the study yet: + and − compare with the study's rule."
        )
