"""Pictures of a cross-validation: accuracy by epoch, confusion, reliability."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from napari_cellid.crossvalidation.paper import TABLE_1

if TYPE_CHECKING:
    from collections.abc import Mapping

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: the networks of the paper's Figure 4, one panel each
_PANELS = {
    "resnet18": "ResNet18",
    "resnet50": "ResNet50",
    "inceptionv3": "Inception-v3",
}


def accuracy_by_epoch(methods: Mapping[str, Any]) -> Figure | None:
    """Accuracy after each epoch, training cells dashed and test cells solid.

    As the paper's Figure 4, with its mean accuracy at saturation as points.

    Parameters
    ----------
    methods
        Methods of one protocol, from `crossvalidation.summary.summarise`.

    Returns
    -------
    The figure; None if no network was trained.
    """
    panels = {
        title: {n: m for n, m in methods.items() if n.startswith(kind) and m["curves"]}
        for kind, title in _PANELS.items()
    }
    panels = {title: some for title, some in panels.items() if some}
    if not panels:
        return None
    figure = _figure(4.2 * len(panels), 4.4)
    axes = figure.subplots(1, len(panels), sharey=True, squeeze=False)[0]
    paper = {row.plan: row for row in TABLE_1}
    for ax, (title, some) in zip(axes, panels.items(), strict=True):
        for k, (name, one) in enumerate(some.items()):
            colour, curves = f"C{k % 10}", one["curves"]
            epochs = np.arange(1, len(curves["test"]) + 1)
            test, train = (100 * np.array(curves[k]) for k in ("test", "train"))
            # with a marker: a single epoch has no line
            ax.plot(epochs, test, ".-", color=colour, label=name)
            ax.plot(epochs, train, ".--", color=colour, lw=1, ms=3)
            if name in paper:
                row = paper[name]
                ax.plot(row.epochs, row.saturation, "o", color=colour, mfc="none")
        ax.set(title=title, xlabel="epoch", ylim=(20, 101))
        ax.legend(fontsize=7, loc="lower right")
    axes[0].set_ylabel("accuracy (%)")
    return figure


def confusion_picture(
    confusion: Any,
    classes: tuple[str, ...],
    title: str,
    called: tuple[str, ...] | None = None,
) -> Figure:
    """Confusion matrix with counts; the colour is the share of the true class.

    Parameters
    ----------
    confusion
        Counts (true class, called class).
    classes
        Names of the true classes.
    title
        Title.
    called
        Names of the called classes, where they are others.
    """
    counts = np.asarray(confusion, float)
    share = counts / np.maximum(counts.sum(1, keepdims=True), 1)
    figure = _figure(3.6, 3.4)
    ax = figure.subplots()
    ax.imshow(share, cmap="Blues", vmin=0, vmax=1)
    for (y, x), n in np.ndenumerate(counts):
        colour = "white" if share[y, x] > 0.55 else "black"
        ax.text(x, y, f"{n:.0f}\n{share[y, x]:.0%}", ha="center", va="center",
                color=colour, fontsize=8)  # fmt: skip
    ticks = range(len(classes))
    ax.set_xticks(ticks, called or classes, rotation=30, ha="right", fontsize=8)
    ax.set_yticks(ticks, classes, fontsize=8)
    ax.set_title(title, fontsize=9)
    ax.set_xlabel("called", fontsize=8)
    ax.set_ylabel("true", fontsize=8)
    return figure


def reliability_picture(
    methods: Mapping[str, Any], names: list[str], title: str
) -> Figure:
    """Reliability diagram: accuracy against confidence of some methods."""
    figure = _figure(3.8, 3.4)
    ax: Axes = figure.subplots()
    ax.plot([0, 1], [0, 1], color="0.6", lw=1)
    for name in names:
        bins = methods[name]["reliability"]
        ece = methods[name]["pooled"]["ece"]
        ax.plot(
            [one["confidence"] for one in bins],
            [one["accuracy"] for one in bins],
            "o-", ms=3, label=f"{name} (ECE {ece:.3f})",
        )  # fmt: skip
    ax.set(xlabel="confidence", ylabel="accuracy", xlim=(0.3, 1.01), ylim=(0, 1.01))
    ax.set_title(title, fontsize=9)
    ax.legend(fontsize=6)
    return figure


def methods_picture(summary: Mapping[str, Any]) -> Figure:
    """Pooled accuracy of all methods with 95 % intervals, by protocol."""
    names = list(dict.fromkeys(n for part in summary.values() for n in part["methods"]))
    figure = _figure(7.5, 0.9 + 0.3 * len(names))
    ax = figure.subplots()
    for k, (protocol, part) in enumerate(summary.items()):
        shift = 0.22 * (k - (len(summary) - 1) / 2)
        known = [(y, part["methods"][n]) for y, n in enumerate(names)
                 if n in part["methods"]]  # fmt: skip
        value = np.array([100 * one["pooled"]["accuracy"] for _, one in known])
        limits = 100 * np.array([one["intervals"]["accuracy"] for _, one in known])
        errors = np.abs(limits.T - value)
        y = [place + shift for place, _ in known]
        ax.errorbar(value, y, xerr=errors, fmt="o", ms=4, capsize=2, label=protocol)
    ax.set_yticks(range(len(names)), names, fontsize=8)
    ax.invert_yaxis()
    ax.set_xlabel("accuracy of the pooled test cells (%), 95 % interval over groups")
    ax.legend(fontsize=8)
    return figure


def _figure(width: float, height: float) -> Figure:
    from matplotlib.figure import Figure

    # not pyplot, which would keep every figure of a long program
    return Figure((width, height), layout="constrained")
