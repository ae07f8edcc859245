"""Tables and pictures of a finished `napari-cellid reproduce`, for a page of the docs.

    python -m tools.evaluation.experiment_page DIR --images docs/images/experiment

The tables are printed as Markdown; the pictures are `accuracy.png`, all methods with
intervals, and `epochs_<protocol>.png`, accuracy by epoch.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_cellid.crossvalidation.paper import TABLE_1
from napari_cellid.report.evaluation_figures import (
    accuracy_by_epoch,
    methods_picture,
)
from tools.pictures import save_figure

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_DPI = 80


def main() -> None:
    """Print the tables and draw the pictures."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=Path, help="the folder of the experiment")
    parser.add_argument("--images", type=Path, required=True)
    options = parser.parse_args()
    summary = json.loads((options.folder / "summary.json").read_text("utf-8"))
    # the outlines of the U-Net stand beside the protocols
    protocols = {name: part for name, part in summary.items() if "methods" in part}
    options.images.mkdir(parents=True, exist_ok=True)
    figure = methods_picture(protocols)
    save_figure(figure, options.images / "accuracy.png", dpi=_DPI)
    for name, part in protocols.items():
        curves = accuracy_by_epoch(part["methods"])
        if curves is not None:
            save_figure(curves, options.images / f"epochs_{name}.png", dpi=_DPI)
        print(*_table(name, part["methods"]), sep="\n")


def _table(protocol: str, methods: Mapping[str, Any]) -> Iterator[str]:
    """One row a method: accuracies in percent, and the difference from the rule."""
    paper = {row.plan: row for row in TABLE_1}
    yield f"\nProtocol {protocol}\n"
    yield (
        "| method | saturation | paper | best epoch | paper | chosen epoch | interval "
        "| balanced | against the rule |"
    )
    yield "|---|---|---|---|---|---|---|---|---|"
    for name, one in methods.items():
        row, accuracy = paper.get(name), one["accuracy"]
        low, high = one["intervals"]["accuracy"]
        rule = one.get("with_rule")
        yield " | ".join(
            [
                f"| `{name}`" if row else f"| {name}",
                f"{100 * accuracy['fixed']['mean']:.1f}",
                f"{row.saturation:.1f}" if row else "",
                f"{100 * accuracy['best']['mean']:.1f}",
                f"{row.best:.1f}" if row else "",
                f"{100 * accuracy['chosen']['mean']:.1f}",
                f"{100 * low:.0f} to {100 * high:.0f}",
                f"{100 * one['pooled']['balanced_accuracy']:.1f}",
                f"{100 * rule['difference']:+.1f} |" if rule else " |",
            ]
        )


if __name__ == "__main__":
    main()
