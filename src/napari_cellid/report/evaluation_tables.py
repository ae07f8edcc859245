"""Tables of a cross-validation beside those of the paper."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from napari_cellid.crossvalidation.paper import (
    SAME_AS,
    TABLE_1,
    TABLE_2,
    TABLE_2_CLASSES,
)
from napari_cellid.crossvalidation.statistics import (
    negative_predictive_values,
    table_metrics,
)
from napari_cellid.evaluation.metrics import metrics_by_class

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from napari_cellid.crossvalidation.paper import PaperRow

#: metrics over all classes, with their names in tables
OVERALL = {
    "accuracy": "accuracy", "kappa": "Cohen's kappa", "mcc": "MCC",
    "balanced_accuracy": "balanced accuracy", "macro_precision": "macro precision",
    "macro_f1": "macro F1", "weighted_f1": "weighted F1",
    "majority": "accuracy of the majority class",
}  # fmt: skip


def table_1(summary: Mapping[str, Any]) -> pd.DataFrame:
    """Accuracies (percent) of all methods beside the paper's Table 1.

    Parameters
    ----------
    summary
        Result of `crossvalidation.summary.summarise`.

    Returns
    -------
    One row a method and protocol. `saturation` is the accuracy at the fixed epoch,
    `best_epoch` that at the epoch that is best on the test cells, which is optimistic,
    and `chosen_epoch` that at the epoch which other cells chose.
    """
    rows = []
    for protocol, part in summary.items():
        for name, label, paper in named_methods(part["methods"]):
            one = part["methods"][name]
            accuracy = one["accuracy"]
            low, high = one["intervals"]["accuracy"]
            rows.append(
                {
                    "protocol": protocol,
                    "method": label,
                    "saturation": _percent(accuracy["fixed"]["mean"]),
                    "sd": _percent(accuracy["fixed"]["sd"]),
                    "best_epoch": _percent(accuracy["best"]["mean"]),
                    "chosen_epoch": _percent(accuracy["chosen"]["mean"]),
                    "pooled_low": _percent(low),
                    "pooled_high": _percent(high),
                    "paper_method": paper.method if paper else "",
                    "paper_saturation": paper.saturation if paper else np.nan,
                    "paper_best_epoch": paper.best if paper else np.nan,
                    "paper_sd": paper.sd if paper else np.nan,
                    "starting_weights": one["start"],
                }
            )
    return pd.DataFrame(rows)


def named_methods(
    methods: Mapping[str, Any],
) -> list[tuple[str, str, PaperRow | None]]:
    """Name, label and row of the paper of each method; rows that share one are both."""
    named: list[tuple[str, str, PaperRow | None]] = []
    by_plan: dict[str, PaperRow] = {row.plan: row for row in TABLE_1}
    for name in methods:
        named.append((name, name, by_plan.get(name)))
        named += [
            (name, f"{same} (trains the same as {name})", by_plan[same])
            for same, of in SAME_AS.items()
            if of == name
        ]
    return named


def best_network(methods: Mapping[str, Any]) -> str | None:
    """The paper's best plan if it was run, else the network with the best accuracy."""
    networks = [name for name, one in methods.items() if one["curves"]]
    if TABLE_1[-1].plan in networks:
        return TABLE_1[-1].plan
    return max(
        networks,
        key=lambda name: methods[name]["accuracy"]["chosen"]["mean"],
        default=None,
    )


def table_2(confusion: NDArray[np.int64], classes: tuple[str, ...]) -> pd.DataFrame:
    """Confusion matrix with the metrics of each class, as the paper's Table 2.

    Parameters
    ----------
    confusion
        Counts (true class, predicted class).
    classes
        Names of the classes.

    Returns
    -------
    One row a true class; shares are from 0 to 1.
    """
    npv = negative_predictive_values(confusion)
    rows = []
    for k, (name, one) in enumerate(
        zip(classes, metrics_by_class(confusion), strict=True)
    ):
        rows.append(
            {"true class": name}
            | {
                f"called {c}": int(n)
                for c, n in zip(classes, confusion[k], strict=True)
            }
            | {
                "n": one.n,
                "sensitivity": one.sensitivity,
                "specificity": one.specificity,
                "precision": one.precision,
                "npv": npv[k],
                "f1": one.f1,
            }
        )
    return pd.DataFrame(rows)


def tables_2(summary: Mapping[str, Any], classes: tuple[str, ...]) -> pd.DataFrame:
    """Table 2 of the paper, and of the best network under each protocol, in one."""
    parts = [
        table_2(TABLE_2, TABLE_2_CLASSES).assign(source="Seong & Park, recomputed")
    ]
    for protocol, part in summary.items():
        name = best_network(part["methods"])
        if name is not None:
            confusion = np.array(part["methods"][name]["confusion"], np.int64)
            parts.append(
                table_2(confusion, classes).assign(
                    source=f"protocol {protocol}, {name}"
                )
            )
    table = pd.concat(parts, ignore_index=True)
    first = ["source", "true class"]
    return table[[*first, *(c for c in table if c not in first)]]


def overall_rows(
    summary: Mapping[str, Any],
) -> list[tuple[str, float, dict[str, float]]]:
    """Metrics over all classes: label, value of the paper, values by protocol."""
    paper = table_metrics(TABLE_2)
    best = {
        protocol: part["methods"][name]["pooled"]
        for protocol, part in summary.items()
        if (name := best_network(part["methods"])) is not None
    }
    return [
        (label, paper[key], {p: values[key] for p, values in best.items()})
        for key, label in OVERALL.items()
    ]


def _percent(value: float) -> float:
    return round(100 * value, 3)
