"""The page of a cross-validation, which holds everything and needs no other file."""

from __future__ import annotations

import base64
import hashlib
import io
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_cellid.crossvalidation.summary import RULE
from napari_cellid.models.card import package_versions
from napari_cellid.report.evaluation_figures import (
    accuracy_by_epoch,
    confusion_picture,
    methods_picture,
    reliability_picture,
)
from napari_cellid.report.evaluation_outlines import end_to_end_table, outlines_table
from napari_cellid.report.evaluation_tables import (
    best_network,
    named_methods,
    overall_rows,
    table_1,
    tables_2,
)
from napari_cellid.report.evaluation_text import PROTOCOLS, findings
from napari_cellid.report.table import count_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd
    from matplotlib.figure import Figure

    from napari_cellid.crossvalidation.experiment import Experiment

_DPI = 120
#: columns of tables in other words than in the CSV files
_COLUMNS = {"npv": "NPV", "f1": "F1"}


def render_page(
    experiment: Experiment,
    summary: Mapping[str, Any],
    outlines: Mapping[str, Any],
    title: str,
    notes: list[str],
    *,
    simulated: bool,
) -> str:
    """Render the page as HTML.

    Parameters
    ----------
    experiment
        What was run.
    summary
        Result of `crossvalidation.summary.summarise`.
    outlines
        Result of `evaluation_outlines.outline_metrics`.
    title
        Title of the page.
    notes
        What limits the figures, a sentence each.
    simulated
        Whether the study is simulated.
    """
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("napari_cellid.report"),
        # names of studies, classes and animals can look like markup
        autoescape=True,
        undefined=StrictUndefined,
    )
    template = environment.get_template("evaluation.html")
    return template.render(
        title=title,
        simulated=simulated,
        findings=findings(summary),
        protocols=[_protocol(name, part) for name, part in summary.items()],
        tables_2=_split_by_source(tables_2(summary, experiment.cells.classes)),
        overall=[
            [label, _share(paper), *(_share(values[p]) for p in values)]
            for label, paper, values in overall_rows(summary)
        ],
        overall_protocols=_with_network(summary),
        outlines=_outlines(outlines),
        end_to_end=_end_to_end(summary),
        pictures=_pictures(experiment, summary),
        about=_about(experiment, summary),
        caveats=notes,
    )


def _outlines(metrics: Mapping[str, Any]) -> list[list[str]]:
    if not metrics:
        return []
    table = outlines_table(metrics)
    return [
        [label, *("" if value is None else _share(value) for value in values)]
        for label, *values in table.astype(object).to_numpy()
    ]


def _end_to_end(summary: Mapping[str, Any]) -> dict[str, Any]:
    table = end_to_end_table(summary)
    names = {
        "found": "found", "correct": "correct", "correct_of_found": "correct of found",
        "macro_f1": "mean F1",
    }  # fmt: skip
    return {
        "columns": list(table.rename(columns=names).columns),
        "rows": [[_cell(value) for value in row] for row in table.to_numpy(object)],
    }


def _with_network(summary: Mapping[str, Any]) -> list[str]:
    named = {p: best_network(part["methods"]) for p, part in summary.items()}
    return [f"{p}, {name}" for p, name in named.items() if name is not None]


def _protocol(name: str, part: Mapping[str, Any]) -> dict[str, Any]:
    methods = part["methods"]
    table: list[dict[Any, Any]] = table_1({name: part}).to_dict("records")
    rows = []
    for row, (method, _, _) in zip(table, named_methods(methods), strict=True):
        one = methods[method]
        rows.append(
            [
                row["method"],
                f"{row['saturation']:.2f}", _printed(row["paper_saturation"]),
                f"{row['sd']:.2f}", _printed(row["paper_sd"]),
                f"{row['best_epoch']:.2f}", _printed(row["paper_best_epoch"]),
                f"{row['chosen_epoch']:.2f}",
                f"{row['pooled_low']:.1f} to {row['pooled_high']:.1f}",
                _share(one["pooled"]["balanced_accuracy"]),
                _share(one["pooled"]["kappa"]),
                _against(one, "with_rule"), _against(one, "with_best"),
            ]
        )  # fmt: skip
    size = (
        f"{count_text(part['n_folds'], 'fold')}, {count_text(part['n_seeds'], 'seed')}."
    )
    return {"name": name, "text": PROTOCOLS[name], "size": size, "rows": rows}


def _against(one: Mapping[str, Any], key: str) -> str:
    """Difference from another method on the same folds, in points."""
    found = one.get(key)
    if found is None:
        return ""
    p = "" if found["p_value"] is None else f" (p = {found['p_value']:.2g})"
    return f"{100 * found['difference']:+.1f}{p}"


def _split_by_source(table: pd.DataFrame) -> list[dict[str, Any]]:
    tables = []
    for key, part in table.groupby("source", sort=False):
        source = str(key)
        # the classes of the paper and of a study can have other names
        shown = part.drop(columns="source").dropna(axis=1, how="all")
        called = [c for c in map(str, shown) if c.startswith("called ")]
        rest = [c for c in map(str, shown) if c not in ("true class", *called)]
        shown = shown[["true class", *called, *rest]]
        tables.append(
            {
                "title": source[0].upper() + source[1:],
                "columns": [_COLUMNS.get(name, name) for name in shown.columns],
                "rows": [[_cell(value) for value in row] for row in shown.to_numpy()],
            }
        )
    return tables


def _cell(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, (int, np.integer)) or float(value).is_integer():
        return str(int(value)) if value > 1 or value == 0 else f"{value:g}"
    return _share(float(value))


def _pictures(experiment: Experiment, summary: Mapping[str, Any]) -> dict[str, Any]:
    confusion, reliability, epochs, whole = [], [], [], []
    classes = experiment.cells.classes
    for protocol, part in summary.items():
        methods = part["methods"]
        figure = accuracy_by_epoch(methods)
        if figure is not None:
            epochs.append({"protocol": protocol, "source": _embedded(figure)})
        name = best_network(methods)
        shown = [n for n in (name, RULE) if n is not None and n in methods]
        for one in shown:
            text = f"{protocol}: {one}"
            counts = methods[one]["confusion"]
            confusion.append(_embedded(confusion_picture(counts, classes, text)))
        if name is not None and "end_to_end" in methods[name]:
            counts = methods[name]["end_to_end"]["confusion"]
            text = f"{protocol}: {name}\noutlines of the U-Net"
            rows, columns = (*classes, "no cell"), (*classes, "missed")
            whole.append(_embedded(confusion_picture(counts, rows, text, columns)))
        compared = (name, "random forest", "small CNN")
        trained = [n for n in compared if n is not None and n in methods]
        if trained:
            figure = reliability_picture(methods, trained, f"Protocol {protocol}")
            reliability.append(_embedded(figure))
    return {
        "methods": _embedded(methods_picture(summary)),
        "confusion": confusion,
        "reliability": reliability,
        "epochs": epochs,
        "whole": whole,
    }


def _embedded(figure: Figure) -> str:
    """A figure as an address that holds the picture itself."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=_DPI)
    return f"data:image/png;base64,{base64.b64encode(buffer.getvalue()).decode()}"


def _starting_weights(experiment: Experiment, summary: Mapping[str, Any]) -> str:
    """Weights that each network begins with; a file with its hash."""
    names = {
        name: one["start"]
        for part in summary.values()
        for name, one in part["methods"].items()
    }
    texts: dict[str, None] = {}
    for method in experiment.methods:
        path = Path(method.start).expanduser()
        text = names.get(method.name) or method.start
        if path.is_file():
            digest = hashlib.sha256(path.read_bytes()).hexdigest()
            text += f" (SHA-256 {digest[:16]}…)"
        texts[f"{method.architecture}: {text}"] = None
    return "; ".join(texts)


def _about(experiment: Experiment, summary: Mapping[str, Any]) -> list[tuple[str, str]]:
    cells = experiment.cells
    counts = cells.table["class"].value_counts()
    by_class = ", ".join(f"{int(counts.get(c, 0))} {c}" for c in cells.classes)
    training = experiment.training.model_dump(exclude={"plan", "seed", "replay"})
    return [
        ("Study", experiment.study.name),
        ("Cells", f"{len(cells.table)}: {by_class}"),
        ("Recordings", str(cells.table["recording"].nunique())),
        ("Groups of the honest protocol", str(len(set(cells.groups())))),
        ("Animals", str(len(set(cells.groups("animal")) - {""}))),
        ("Starting weights", _starting_weights(experiment, summary)),
        ("Training", ", ".join(f"{k} {v}" for k, v in training.items())),
        ("Evaluation", ", ".join(
            f"{k} {v}" for k, v in experiment.config.model_dump().items())),
        ("Versions", ", ".join(f"{k} {v}" for k, v in package_versions().items())),
    ]  # fmt: skip


def _share(value: float) -> str:
    return "" if np.isnan(value) else f"{value:.4f}"


def _printed(value: float) -> str:
    return "" if np.isnan(value) else f"{value:.2f}"
