"""How often the program says that a recording is unlike the training of its models.

    python -m tools.evaluation.training_warnings --ranges WORK/ranges.json \
        --kind wide --kind sharp --n 60

Simulated fields on which no range was measured: as drawn, where a warning is a false
alarm, and with a fault that should be warned of. The table is Markdown.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from tools.training.known_ranges import Request, add_models, measure_fields

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import pandas as pd

_ALL_RED = {"red_excitatory": 1.0, "red_inhibitory": 1.0, "red_glia": 1.0}
#: settings that are not drawn, and the declared pixel size over the true one
CASES: dict[str, tuple[Mapping[str, float], float]] = {
    "as in the training, held out": ({}, 1.0),
    "pixel size declared 1.6 times too large": ({}, 1.6),
    "pixel size declared 1.6 times too small": ({}, 1 / 1.6),
    "3 frames": ({"n_frames": 3}, 1.0),
    "3 frames of 0.3 photons": (
        {"n_frames": 3, "green_photons": 0.3, "red_photons": 0.3},
        1.0,
    ),
    "bleed-through of 40 %": ({"bleed_green_to_red": 0.4}, 1.0),
    "all cells red": (_ALL_RED, 1.0),
    "a tenth of the pixels saturated": ({"clipped_high": 0.1}, 1.0),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    add_models(parser)
    parser.add_argument("--ranges", type=Path, required=True)
    parser.add_argument("--n", type=int, default=60, help="fields of each kind and row")
    parser.add_argument("--seed", type=int, default=1001)
    options = parser.parse_args()
    ranges = json.loads(options.ranges.read_text("utf-8"))
    fields = [
        Request(kind, (options.seed, k))
        for kind in options.kind
        for k in range(options.n)
    ]
    print("| simulated fields | warned | by property |\n|---|---|---|")
    for case, (fixed, declared) in CASES.items():
        requests = [replace(one, fixed=fixed, declared=declared) for one in fields]
        print(row(case, outside(measure_fields(requests, options), ranges)), flush=True)


def outside(
    measured: pd.DataFrame, ranges: Mapping[str, Sequence[float]]
) -> pd.DataFrame:
    """Whether each property of each field is outside of its range (field, property)."""
    known = measured[[name for name in measured if name in ranges]]
    low, high = ([ranges[name][end] for name in known] for end in (0, 1))
    return (known < low) | (known > high)


def row(case: str, warned: pd.DataFrame) -> str:
    """One row of the table."""
    return f"| {case} | {warned.any(axis=1).mean():.0%} | {', '.join(parts(warned))} |"


def parts(warned: pd.DataFrame) -> Iterator[str]:
    """Properties that were warned of in some fields, the most frequent first."""
    shares = warned.mean().sort_values(ascending=False)
    for name, share in shares.items():
        if share > 0:
            yield f"{name} {share:.0%}"


if __name__ == "__main__":
    main()
