"""Curves of the loss and of a metric over the epochs of a training."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from matplotlib.backends.backend_qtagg import FigureCanvasQTAgg
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from napari.utils.theme import get_theme
from qtpy.QtCore import QSize
from qtpy.QtWidgets import QSizePolicy

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qtpy.QtGui import QShowEvent, QWheelEvent

#: label, colour (Okabe and Ito), line and marker of the data sets
_STYLES = {
    "train": ("training", "#e69f00", "--", "o"),
    "validation": ("validation", "#56b4e9", "-", "s"),
}
#: colours on a light theme, where those above are pale
_LIGHT_COLOURS = {"train": "#b36b00", "validation": "#0072b2"}
#: metrics of the lower plot; the first one that was measured is shown
_METRICS = {
    "accuracy": "accuracy: share of correctly classified cells",
    "f1": "F1 of detected cells",
    "dice": "overlap with the outlines (Dice)",
}
_FONT_SIZE = 8


class TrainingCurves(FigureCanvasQTAgg):
    """Two plots, one above the other: the loss and a metric."""

    def __init__(self, theme: str = "dark") -> None:
        super().__init__(Figure(layout="constrained"))
        self._theme = theme
        self._epochs: Sequence[dict[str, Any]] = ()
        self._total = 0
        self._stale = True
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Expanding)
        self.setMinimumHeight(200)

    def show_epochs(self, epochs: Sequence[dict[str, Any]], total: int) -> None:
        """Show the curves of these epochs.

        Parameters
        ----------
        epochs
            Their events in the log, in order.
        total
            Number of epochs of the whole training; 0 if that is not known.
        """
        if (list(epochs), total) != (list(self._epochs), self._total):
            self._epochs, self._total = epochs, total
            self._replot()

    def set_theme(self, theme: str) -> None:
        """Use the colours of a theme of napari."""
        self._theme = theme
        self._replot()

    def sizeHint(self) -> QSize:
        """As high as two small plots."""
        return QSize(340, 300)

    def showEvent(self, event: QShowEvent) -> None:
        """Draw the curves if they have changed while they were hidden."""
        super().showEvent(event)
        if self._stale:
            self._plot()

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Let the mouse wheel scroll the page."""
        event.ignore()

    def _replot(self) -> None:
        self._stale = True
        if self.isVisible():
            self._plot()

    def _plot(self) -> None:
        self._stale = False
        theme = get_theme(self._theme)
        background, text = theme.background.as_hex(), theme.text.as_hex()
        light = theme.background.as_rgb_tuple()[0] > 127
        self.figure.clear()
        self.figure.set_facecolor(background)
        loss, metric = self.figure.subplots(2, 1, sharex=True)
        name = self._metric_name()
        self._plot_lines(loss, "loss", light=light)
        self._plot_lines(metric, name, light=light)
        loss.set_title("loss (lower is better)", fontsize=_FONT_SIZE + 1, color=text)
        metric.set_title(_METRICS[name], fontsize=_FONT_SIZE + 1, color=text)
        metric.set_xlabel("epoch", fontsize=_FONT_SIZE, color=text)
        for axes in (loss, metric):
            self._style_axes(axes, text, background)
        if loss.lines:
            loss.legend(fontsize=_FONT_SIZE, labelcolor=text, frameon=False)
        self.draw_idle()

    def _plot_lines(self, axes: Any, name: str, *, light: bool) -> None:
        for part, (label, colour, line, marker) in _STYLES.items():
            points = [
                (event["epoch"], event[part][name])
                for event in self._epochs
                # the epoch before the training has no figures of it
                if name in event.get(part, {})
            ]
            if points:
                axes.plot(
                    *zip(*points, strict=True),
                    line + marker,
                    color=_LIGHT_COLOURS[part] if light else colour,
                    label=label,
                    markersize=3.5,
                    linewidth=1.4,
                )
        best = [event["epoch"] for event in self._epochs if event.get("best")]
        if best:
            axes.axvline(best[-1], color="gray", linewidth=1, linestyle=":")

    def _style_axes(self, axes: Any, text: str, background: str) -> None:
        axes.set_facecolor(background)
        axes.tick_params(colors=text, labelsize=_FONT_SIZE)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        last = self._epochs[-1]["epoch"] if self._epochs else 1
        axes.set_xlim(-0.3, max(self._total, last, 1) + 0.3)
        for side, spine in axes.spines.items():
            spine.set_visible(side in ("left", "bottom"))
            spine.set_color(text)
        axes.grid(axis="y", color="gray", alpha=0.3, linewidth=0.6)

    def _metric_name(self) -> str:
        measured = {k for event in self._epochs for k in event.get("validation", {})}
        return next((name for name in _METRICS if name in measured), "accuracy")
