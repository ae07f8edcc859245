"""Score the models on every real and semi-real set of a data folder, in one table.

    python -m tools.evaluation.real_fields --data DATA --threshold 0.7 \
        --threshold 0.4 --classifier inception --out real.md

The sets are not part of this repository, so what is absent is skipped, with a sentence.
Real and semi-real sets (real green, simulated red) have tables of their own; figures of
simulated fields are those of `evaluate.py`. `--out` writes Markdown, CSV or JSON by the
end of its name.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import ValidationError

from napari_cellid.config import SegmentConfig
from napari_cellid.config.markers import first_reason
from napari_cellid.errors import InputError
from napari_cellid.files import atomic_write
from tools.evaluation.compared_methods import Methods
from tools.evaluation.figure_table import SUFFIXES, Report
from tools.evaluation.real_sets import all_sets, folders_without_marks

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tools.evaluation.real_sets import FieldSet


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    # not defaults of argparse, which would keep them beside those that are given
    options.classifier = options.classifier or ["inception"]
    options.threshold = options.threshold or [0.7]
    try:
        report = score_all(options)
    except InputError as error:
        print(error, file=sys.stderr)
        return 2
    print(report.markdown())
    if options.out:
        with atomic_write(options.out) as path:
            path.write_text(report.text(options.out.suffix), "utf-8")
    return 0


def score_all(options: argparse.Namespace) -> Report:
    """Score every set that is there and asked for."""
    _check(options)
    methods = Methods(options.segmenter, options.classifier, options.threshold)
    report = Report()
    for one in _requested(options):
        folder = one.find(options.data)
        if isinstance(folder, str):
            report.skipped.append(folder)
            continue
        print(f"scoring {one.name} …", file=sys.stderr, flush=True)
        rows = [
            {"kind": one.kind, "set": one.name, **row}
            for row in one.score(folder, methods)
        ]
        report.add(one.name, one.about, rows)
    if not options.only:
        report.skipped.extend(folders_without_marks(options.data))
    report.models = methods.used_models()
    return report


def _requested(options: argparse.Namespace) -> list[FieldSet]:
    sets = all_sets(options.data)
    if not options.only:
        return sets
    chosen = [one for one in sets if one.name == options.only]
    if not chosen:
        names = "; ".join(one.name for one in sets)
        raise InputError(f"There is no set {options.only!r}; give one of: {names}.")
    return chosen


def _check(options: argparse.Namespace) -> None:
    # before the models run for minutes
    if not options.data.is_dir():
        raise InputError(
            f"There is no folder {options.data}; give --data the folder of the sets."
        )
    if options.out and options.out.suffix not in SUFFIXES:
        raise InputError(
            f"{options.out.name} ends with none of {', '.join(SUFFIXES)}; rename it."
        )


def _threshold(text: str) -> float:
    """A threshold as the models take it."""
    try:
        return SegmentConfig(threshold=text).threshold
    except ValidationError as error:
        raise argparse.ArgumentTypeError(first_reason(error)) from error


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data", type=Path, required=True, help="folder of the sets")
    parser.add_argument("--segmenter", help="model that outlines; the default one")
    parser.add_argument(
        "--classifier", action="append", help="can be repeated; inception"
    )
    parser.add_argument(
        "--threshold", type=_threshold, action="append", help="can be repeated; 0.7"
    )
    parser.add_argument("--only", metavar="NAME", help="one set alone")
    parser.add_argument("--out", type=Path, help="file .md, .csv or .json")
    return parser


if __name__ == "__main__":
    sys.exit(main())
