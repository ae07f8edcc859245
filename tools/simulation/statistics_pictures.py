"""Figures of `simulated_beside_real.py`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import matplotlib as mpl
import numpy as np
from matplotlib import pyplot as plt
from matplotlib.ticker import MaxNLocator

from napari_cellid.evaluation.image_statistics import BAND, stretch_to_display
from tools.pictures import save_figure
from tools.simulation.field_statistics import BRIGHTNESS, FREQUENCIES, simulated

if TYPE_CHECKING:
    from pathlib import Path

    from matplotlib.axes import Axes

    from tools.simulation.field_statistics import Field

    Measured = dict[str, list[dict[str, Any]]]

mpl.use("Agg")

#: side of the parts of fields that are shown (µm)
_SHOWN_UM = 220.0
_KIND_COLOURS = {
    "nominal": "#4477aa", "wide": "#bbbbbb", "broad": "#ddcc77", "sharp": "#88ccee"
}  # fmt: skip
#: fields of each kind that are shown
_EXAMPLES = {"nominal": 1, "wide": 2, "broad": 3, "sharp": 3}
_REAL_COLOURS = ("#cc3311", "#ee7733", "#aa3377", "#117733")
_REAL_LINES = ("-", "--", "-.", ":")
_DRAWN = (
    "green.slope", "green.power_0.05", "green.power_0.2", "green.coarse",
    "green.q50", "green.q90", "green.skew", "green.noise",
    "marked.ring", "marked.rings", "marked.rim", "marked.density",
    "marked.diameter", "marked.regularity", "found.ring", "found.rim",
    "found.density", "found.diameter", "red.slope", "red.q90",
    "red.skew", "red.noise", "nuclei.nucleus", "nuclei.density",
)  # fmt: skip
_WHAT = {
    "green": "green", "marked": "green, marked cells", "found": "green, U-Net's cells",
    "red": "red", "nuclei": "red, cells with a nucleus",
}  # fmt: skip


def draw_statistics(
    path: Path, drawn: Measured, real: Measured, titles: dict[str, tuple[str, str]]
) -> None:
    """Spectra, histograms and distributions of statistics, recorded ones as lines."""
    figure = plt.figure(figsize=(11, 19), layout="constrained")
    top, bottom = figure.subfigures(2, 1, height_ratios=[1, 1.75])
    top.get_layout_engine().set(hspace=0.04)
    for column, channel in zip(top.subplots(2, 2).T, ("green", "red"), strict=True):
        _draw_spectra(column[0], channel, drawn, real)
        _draw_histograms(column[1], channel, drawn, real)
    bottom.suptitle(
        "Boxes: simulated fields, quartiles and 5–95 %. "
        "Lines: recordings, their parts shaded.", fontsize=9,
    )  # fmt: skip
    for axis, name in zip(bottom.subplots(6, 4).flat, _DRAWN, strict=True):
        _draw_distribution(axis, name, drawn, real)
        what = name.partition(".")[0]
        axis.set_title(f"{_WHAT[what]}:\n{titles[name][0]}", fontsize=8)
    save_figure(figure, path, dpi=90)
    plt.close(figure)


def _draw_spectra(axis: Axes, channel: str, drawn: Measured, real: Measured) -> None:
    _draw_curves(axis, FREQUENCIES, ("spectra", channel), drawn, real)
    axis.set(xscale="log", yscale="log", xlim=(0.006, 1.0), ylim=(2e-3, 2e3))
    axis.set_xlabel("cycles per µm", fontsize=8)
    axis.set_ylabel(f"power (µm²), variance 1 in {BAND[0]}–{BAND[1]} /µm", fontsize=8)
    axis.set_title(f"{channel}: radial power spectrum", fontsize=9)
    axis.legend(fontsize=7, loc="lower left")


def _draw_histograms(axis: Axes, channel: str, drawn: Measured, real: Measured) -> None:
    middles = (BRIGHTNESS[1:] + BRIGHTNESS[:-1]) / 2
    _draw_curves(axis, middles, ("histograms", channel), drawn, real)
    axis.set(yscale="log", xlim=(0, 1), ylim=(1e-2, 30))
    axis.set_xlabel("share of the range, 1st to 99.8th percentile", fontsize=8)
    axis.set_ylabel("density of pixels", fontsize=8)
    axis.set_title(f"{channel}: intensity histogram", fontsize=9)


def _draw_curves(
    axis: Axes, x: np.ndarray, what: tuple[str, str], drawn: Measured, real: Measured
) -> None:
    """Bands of simulated fields and lines of recordings: (kept, channel)."""
    kept, channel = what
    # the kinds with the widest ranges first, below the others
    for kind in ("wide", "broad", "sharp", "nominal"):
        low, middle, high = _ends([f[kept][channel] for f in drawn[kind]])
        colour = _KIND_COLOURS[kind]
        axis.fill_between(
            x, low, high, color=colour, alpha=0.4, lw=0,
            label=f"simulated, {kind} (median, 5–95 %)",
        )  # fmt: skip
        axis.plot(x, middle, color=colour)
    for k, (name, parts) in enumerate(real.items()):
        curves = [p[kept][channel] for p in parts if channel in p[kept]]
        if not curves:
            continue
        other = channel == "red" and parts[0]["red_is_simulated"]
        axis.plot(
            x, _ends(curves)[1], color=_REAL_COLOURS[k % 4], ls=_REAL_LINES[k % 4],
            label=f"{name} (red simulated by another program)" if other else name,
        )  # fmt: skip
    axis.tick_params(labelsize=7)


def _ends(spectra: list[list[float]]) -> np.ndarray:
    """5th, 50th and 95th percentile at each frequency that most fields reach."""
    table = np.array(spectra, float)
    few = np.isnan(table).mean(0) > 0.5
    filled = np.where(few, 1.0, table)
    ends = np.nanpercentile(filled, [5, 50, 95], axis=0)
    ends[:, few] = np.nan
    return ends


def _draw_distribution(axis: Axes, name: str, drawn: Measured, real: Measured) -> None:
    given = [(kind, _known(fields, name)) for kind, fields in drawn.items()]
    for place, (kind, values) in enumerate(given):
        if len(values):
            axis.boxplot(
                values, positions=[place], orientation="horizontal", widths=0.6,
                whis=(5, 95), showfliers=False, patch_artist=True, manage_ticks=False,
                boxprops={"facecolor": _KIND_COLOURS[kind], "lw": 0.5},
                medianprops={"color": "black"},
            )  # fmt: skip
    for k, parts in enumerate(real.values()):
        values = _known(parts, name)
        if len(values):
            colour, line = _REAL_COLOURS[k % 4], _REAL_LINES[k % 4]
            axis.axvline(np.median(values), color=colour, ls=line)
            axis.axvspan(values.min(), values.max(), color=colour, alpha=0.15, lw=0)
    axis.set_yticks(range(len(given)), [kind for kind, _ in given], fontsize=7)
    axis.set_ylim(-0.6, len(given) - 0.4)
    axis.xaxis.set_major_locator(MaxNLocator(5))
    axis.tick_params(axis="x", labelsize=7)


def _known(fields: list[dict[str, Any]], name: str) -> np.ndarray:
    values = np.array([f["statistics"].get(name, np.nan) for f in fields], float)
    return values[~np.isnan(values)]


def draw_fields(path: Path, side_um: float) -> None:
    """The middle of the first measured fields: red, green, and both with the truth."""
    shown = [(kind, k) for kind, n in _EXAMPLES.items() for k in range(n)]
    figure, axes = plt.subplots(
        len(shown), 3, figsize=(7.6, 2.45 * len(shown) + 0.3), layout="constrained"
    )
    for row, (kind, number) in zip(axes, shown, strict=True):
        field = _middle(simulated(kind, number, side_um), _SHOWN_UM)
        _draw_row(row, field)
        row[0].set_ylabel(f"{kind} {number}\n{field.pixel_size_um:.2g} µm/px")
    titles = ("red (simulated)", "green (simulated)", "both, and the truth")
    for axis, title in zip(axes[0], titles, strict=True):
        axis.set_title(title, fontsize=10)
    save_figure(figure, path, dpi=100)
    plt.close(figure)


def _middle(field: Field, side_um: float) -> Field:
    side = round(side_um / field.pixel_size_um)
    y, x = (max(n - side, 0) // 2 for n in field.green.shape)
    return field.part(slice(y, y + side), slice(x, x + side))


def _draw_row(row: np.ndarray, field: Field) -> None:
    red, green = stretch_to_display(field.red), stretch_to_display(field.green)
    both = np.stack([red, green, np.zeros_like(red)], axis=2)
    side = field.pixel_size_um * field.green.shape[0]
    for axis, image in zip(row, (red, green, 0.75 * both), strict=True):
        axis.imshow(
            image, cmap="gray", vmin=0, vmax=1, extent=(0, side, side, 0),
            interpolation="nearest",
        )  # fmt: skip
        axis.set(xticks=[], yticks=[])
    _scale_bar(row[0], side)
    _outline(row[2], field, side)


def _outline(axis: Axes, field: Field, side: float) -> None:
    cells, nuclei = field.cells, field.nuclei
    numbers = np.unique(np.maximum(cells, nuclei))
    place = (np.arange(cells.shape[0]) + 0.5) * side / cells.shape[0]
    for number in numbers[numbers > 0]:
        green, red = cells == number, nuclei == number
        # as in the program: yellow excitatory, green inhibitory, red glia
        colour = "#ffe14d" if green.any() and red.any() else (
            "#4dff6a" if green.any() else "#ff5a4d"
        )  # fmt: skip
        axis.contour(
            place, place, green | red, [0.5], colors=colour, linewidths=0.8,
            linestyles=":" if number in field.ambiguous else "-",
        )  # fmt: skip


def _scale_bar(axis: Axes, side: float) -> None:
    axis.plot([0.06 * side, 0.06 * side + 50], [0.94 * side] * 2, "w", lw=2.5)
    axis.text(
        0.06 * side, 0.915 * side, "50 µm", color="w", fontsize=7, va="bottom",
        bbox={"color": "k", "alpha": 0.5, "pad": 1},
    )  # fmt: skip


def draw_beside(path: Path, fields: list[Field]) -> None:
    """Recorded fields, then simulated ones, a column each."""
    shown = [_middle(field, 1.5 * _SHOWN_UM) for field in fields]
    shown += [simulated(kind, 0, 1.5 * _SHOWN_UM) for kind in _EXAMPLES]
    figure, axes = plt.subplots(
        2, len(shown), figsize=(4 * len(shown), 8.6), layout="constrained"
    )
    for column, field in zip(axes.T, shown, strict=True):
        for axis, channel in zip(column, ("green", "red"), strict=True):
            image = getattr(field, channel)
            axis.set_axis_off()
            if image is None:
                continue
            made = field.settings or (channel == "red" and field.red_is_simulated)
            said = "simulated" if made else "recorded"
            axis.set_title(f"{field.name}: {channel} ({said})", fontsize=9)
            axis.imshow(stretch_to_display(image), cmap="gray")
    save_figure(figure, path, dpi=80)
    plt.close(figure)
