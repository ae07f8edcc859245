"""Choosing how votes are counted, and seeing at once what comes of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import QSignalBlocker, Qt, QTimer, Signal
from qtpy.QtWidgets import QGroupBox, QLabel, QPushButton, QVBoxLayout, QWidget

from napari_cellid.config import VoteConfig
from napari_cellid.widgets._shared.settings_form import SettingsForm
from napari_cellid.widgets.agreement.vote_counts import OutcomeCountsView

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari_cellid.widgets.agreement.vote_counts import OutcomeCount

#: a rule is counted this long (ms) after the last change of the form
_QUIET_MS = 40


class VotePanel(QWidget):
    """The rule, what comes of it, and what can be written."""

    #: another rule
    changed = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.form = SettingsForm(VoteConfig)
        self.counts = OutcomeCountsView()
        self.save_rule = QPushButton("Save as the study's rule")
        self.save_rule.setToolTip(
            "<qt>Writes the rule into study.toml; the command line then counts by it, "
            "too.</qt>"
        )
        self.save_table = QPushButton("Save consensus table")
        self.save_table.setToolTip(
            "<qt>Writes consensus.csv into the study: every cell with its votes and "
            "what came of them.</qt>"
        )
        self.make_set = QPushButton("Make training set")
        self.make_set.setToolTip(
            "<qt>Writes training_set.csv and training_set.json into the study: the "
            "decided cells, to train on.</qt>"
        )
        self._saved: VoteConfig | None = None
        self._note = QLabel()
        self._quiet = QTimer(self, singleShot=True, interval=_QUIET_MS)
        self._quiet.timeout.connect(self._tell)
        self._build()

    def rule(self) -> VoteConfig:
        """The rule that the form shows."""
        return VoteConfig(**self.form.values())

    def forget(self) -> None:
        """Let the next rule that is set be shown, whatever the form says now."""
        self._saved = None

    def set_rule(self, rule: VoteConfig) -> None:
        """Show the study's rule; what the user changed stays while that is the same."""
        if rule == self._saved:
            return
        self._saved = rule
        blocker = QSignalBlocker(self.form)
        self.form.setValue(rule)
        blocker.unblock()
        self._show_state()

    def show_counts(
        self, counts: Sequence[OutcomeCount], saved: Sequence[OutcomeCount]
    ) -> None:
        """Show what the rule makes of the answers, beside the study's own rule."""
        before = {count.name: count.n for count in saved}
        self.counts.show_counts(counts, before if self._differs() else None)

    def _build(self) -> None:
        rule = QGroupBox("Vote rule")
        column = QVBoxLayout(rule)
        column.addWidget(self.form)
        column.addWidget(self._note)
        column.addWidget(self.save_rule)
        result = QGroupBox("What comes of it")
        QVBoxLayout(result).addWidget(self.counts)
        self._note.setWordWrap(True)
        layout = QVBoxLayout(self)
        layout.setAlignment(Qt.AlignmentFlag.AlignTop)
        layout.addWidget(rule)
        layout.addWidget(result)
        layout.addWidget(self.save_table)
        layout.addWidget(self.make_set)
        self.form.valueChanged.connect(self._on_form)
        self._show_state()

    def _on_form(self) -> None:
        self._show_state()
        self._quiet.start()

    def _tell(self) -> None:
        self.changed.emit(self.rule())

    def _differs(self) -> bool:
        return self._saved is not None and self.rule() != self._saved

    def _show_state(self) -> None:
        # a number that does nothing under this rule cannot be turned
        self.form.editor("quorum").setEnabled(self.rule().rule == "quorum")
        self.save_rule.setEnabled(self._differs())
        self._note.setVisible(self._differs())
        self._note.setText("Not the study's rule yet: + and − compare with that.")
