"""Loss and accuracy of a training, epoch by epoch."""

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

#: what is trained on and what the best epoch is chosen by: told apart by colour
#: (Okabe, Ito), by line and by mark
_LINES = {
    "train": ("training", "#e69f00", "--", "o"),
    "validation": ("validation", "#56b4e9", "-", "s"),
}
#: the same on a light theme, where the ones above are pale
_ON_LIGHT = {"train": "#b36b00", "validation": "#0072b2"}
#: figures of the lower picture, the first one that there is
_FIGURES = {
    "accuracy": "accuracy: share of cells told right",
    "f1": "F1 of found cells",
    "dice": "overlap with the outlines (Dice)",
}
_SMALL = 8


class TrainingCurves(FigureCanvasQTAgg):
    """Two pictures above one another: loss, and what is told right."""

    def __init__(self, theme: str = "dark") -> None:
        super().__init__(Figure(layout="constrained"))
        self._theme = theme
        self._epochs: Sequence[dict[str, Any]] = ()
        self._total = 0
        self._stale = True
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Expanding)
        self.setMinimumHeight(200)

    def show_epochs(self, epochs: Sequence[dict[str, Any]], total: int) -> None:
        """Show what the epochs said.

        Parameters
        ----------
        epochs
            Their events, in order.
        total
            Number of epochs that there will be; 0 where that is not known.
        """
        if (list(epochs), total) != (list(self._epochs), self._total):
            self._epochs, self._total = epochs, total
            self._draw_soon()

    def set_theme(self, theme: str) -> None:
        """Take the colours of another theme of napari."""
        self._theme = theme
        self._draw_soon()

    def sizeHint(self) -> QSize:
        """As high as two small pictures."""
        return QSize(340, 300)

    def showEvent(self, event: QShowEvent) -> None:
        """Draw what was not needed before."""
        super().showEvent(event)
        if self._stale:
            self._plot()

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Leave the wheel to the page that the picture stands on."""
        event.ignore()

    def _draw_soon(self) -> None:
        self._stale = True
        if self.isVisible():
            self._plot()

    def _plot(self) -> None:
        self._stale = False
        theme = get_theme(self._theme)
        back, ink = theme.background.as_hex(), theme.text.as_hex()
        light = theme.background.as_rgb_tuple()[0] > 127
        self.figure.clear()
        self.figure.set_facecolor(back)
        loss, figure = self.figure.subplots(2, 1, sharex=True)
        name = self._figure()
        self._lines(loss, "loss", light=light)
        self._lines(figure, name, light=light)
        loss.set_title("loss (lower is better)", fontsize=_SMALL + 1, color=ink)
        figure.set_title(_FIGURES[name], fontsize=_SMALL + 1, color=ink)
        figure.set_xlabel("epoch", fontsize=_SMALL, color=ink)
        for axes in (loss, figure):
            self._dress(axes, ink, back)
        if loss.lines:
            loss.legend(fontsize=_SMALL, labelcolor=ink, frameon=False)
        self.draw_idle()

    def _lines(self, axes: Any, name: str, *, light: bool) -> None:
        for part, (label, colour, line, mark) in _LINES.items():
            points = [
                (event["epoch"], event[part][name])
                for event in self._epochs
                if name in event.get(part, {})
            ]
            if points:
                axes.plot(
                    *zip(*points, strict=True),
                    line + mark,
                    color=_ON_LIGHT[part] if light else colour,
                    label=label,
                    markersize=3.5,
                    linewidth=1.4,
                )
        best = [e["epoch"] for e in self._epochs if e.get("best")]
        if best:
            axes.axvline(best[-1], color="gray", linewidth=1, linestyle=":")

    def _dress(self, axes: Any, ink: str, back: str) -> None:
        axes.set_facecolor(back)
        axes.tick_params(colors=ink, labelsize=_SMALL)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        last = self._epochs[-1]["epoch"] if self._epochs else 1
        axes.set_xlim(-0.3, max(self._total, last, 1) + 0.3)
        for side, spine in axes.spines.items():
            spine.set_visible(side in ("left", "bottom"))
            spine.set_color(ink)
        axes.grid(axis="y", color="gray", alpha=0.3, linewidth=0.6)

    def _figure(self) -> str:
        there = {k for event in self._epochs for k in event.get("validation", {})}
        return next((name for name in _FIGURES if name in there), "accuracy")
