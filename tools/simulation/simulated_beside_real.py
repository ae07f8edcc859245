"""Simulated beside recorded fields, by statistics of their mean images.

    python -m tools.simulation.simulated_beside_real --real FOLDER ... \
        --fields 200 --out DIR

Each FOLDER holds `green.tif` (mean image or movie) and, where there are, `red.tif`,
`labels.tif` (hand marks), `cells.csv` (their `label`, `class` and perhaps `source`:
only marks whose source begins with "real" count as marked cells) and `meta.json` with
`pixel_size_um`. Without it the pixel size is taken from --pixel-size-um.

As many fields of each kind are simulated, always the same ones, and measured in the
same way; their truth is what a person would outline. A recording larger than the
simulated fields is measured in overlapping parts of their size. Say with
--simulated-red in which recordings red was simulated, too: the table and the pictures
then say so. DIR gets `statistics.md` (the table), `statistics.json` (each field),
`statistics.png` (spectra, histograms and distributions) and `simulated_fields.jpg`.
None of these shows a recorded pixel; with --picture `beside_real.png` is written too,
which does.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import replace
from functools import partial
from multiprocessing import Pool
from pathlib import Path
from typing import Any

from tqdm import tqdm

from napari_cellid.errors import InputError
from napari_cellid.files import atomic_write
from tools.simulation import statistics_pictures as pictures
from tools.simulation.field_statistics import (
    Field,
    measure_field,
    read_field,
    simulated,
    tiles,
)
from tools.simulation.statistics_compared import (
    INSIDE,
    KINDS,
    TITLES,
    TRAINED_ON,
    compare,
    drivers,
    together,
)

HEADS = {
    "green": "Green: the image",
    "marked": "Green: marked cells",
    "found": "Green: cells outlined by the default U-Net, green alone",
    "red": "Red: the image",
    "nuclei": "Red: cells with a nucleus",
}
_SIMULATED_RED = " (simulated by another program in {})"


def main() -> None:
    options = _options()
    try:
        fields = _recorded(options)
        options.out.mkdir(parents=True, exist_ok=True)
    except (InputError, OSError) as error:
        print(error, file=sys.stderr)
        raise SystemExit(2) from error
    side, outline = options.side_um, not options.no_outlines
    drawn = _all_simulated(options)
    real = {
        field.name: [measure_field(part, outline) for part in tiles(field, side)]
        for field in fields
    }
    rows = compare(drawn, real)
    table = markdown(rows, list(real), options.simulated_red)
    _write(options.out / "statistics.md", table)
    kept = {
        "rows": rows,
        "together": together(drawn, real),
        "driven_by": {kind: drivers(drawn[kind]) for kind in TRAINED_ON},
        "real": real,
        "simulated": drawn,
    }
    _write(options.out / "statistics.json", json.dumps(kept, indent=1) + "\n")
    pictures.draw_statistics(options.out / "statistics.png", drawn, real, TITLES)
    pictures.draw_fields(options.out / "simulated_fields.jpg", side)
    if options.picture:
        pictures.draw_beside(options.out / "beside_real.png", fields)
    print(table)


def _recorded(options: argparse.Namespace) -> list[Field]:
    sizes = dict(options.pixel_size_um)
    fields = [read_field(folder, sizes.get(folder.name)) for folder in options.real]
    if options.names is not None:
        if len(options.names) != len(fields):
            raise InputError(
                f"{len(options.names)} names for {len(fields)} folders; give one each."
            )
        named = zip(fields, options.names, strict=True)
        fields = [replace(field, name=name) for field, name in named]
    names = [field.name for field in fields]
    if unknown := set(options.simulated_red) - set(names):
        raise InputError(
            f"No recording is called {min(unknown)!r}; --simulated-red takes names "
            f"of these: {', '.join(names)}."
        )
    fields = [
        replace(field, red_is_simulated=field.name in options.simulated_red)
        for field in fields
    ]
    if twice := {name for name in names if names.count(name) > 1}:
        raise InputError(
            f"Two recordings are called {sorted(twice)[0]!r}; tell them apart with "
            "--names."
        )
    return fields


def _all_simulated(options: argparse.Namespace) -> dict[str, list[dict[str, Any]]]:
    jobs = [(kind, number) for kind in KINDS for number in range(options.fields)]
    work = partial(_simulate, side_um=options.side_um, outline=not options.no_outlines)
    drawn: dict[str, list[dict[str, Any]]] = {kind: [] for kind in KINDS}
    with Pool(options.workers) as pool:
        made = tqdm(pool.imap(work, jobs), total=len(jobs))
        for (kind, _), measured in zip(jobs, made, strict=True):
            drawn[kind].append(measured)
    return drawn


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--real", type=Path, nargs="*", default=[])
    parser.add_argument("--names", nargs="*", help="of the folders, for the table")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--fields", type=int, default=60)
    parser.add_argument("--side-um", type=float, default=380.0)
    parser.add_argument(
        "--pixel-size-um",
        type=_declared,
        nargs="*",
        default=[],
        metavar="FOLDER=UM",
        help="of folders, by their own names, whose meta.json has none",
    )
    parser.add_argument(
        "--simulated-red",
        nargs="*",
        default=[],
        metavar="NAME",
        help="recordings whose red is not real",
    )
    parser.add_argument(
        "--no-outlines", action="store_true", help="leave out the U-Net's cells"
    )
    parser.add_argument(
        "--picture", action="store_true", help="draw recorded beside simulated fields"
    )
    parser.add_argument("--workers", type=int, default=2)
    return parser.parse_args()


def _simulate(job: tuple[Any, int], side_um: float, outline: bool) -> dict[str, Any]:
    return measure_field(simulated(*job, side_um), outline)


def _declared(text: str) -> tuple[str, float]:
    name, _, size = text.rpartition("=")
    return name, float(size)


def markdown(
    rows: list[dict[str, Any]], fields: list[str], simulated_red: list[str]
) -> str:
    """The table of the docs."""
    lines, last = [], ""
    for row in rows:
        what = row["statistic"].partition(".")[0]
        if what != last:
            of_red = simulated_red and what in ("red", "nuclei")
            said = _SIMULATED_RED.format(", ".join(simulated_red)) if of_red else ""
            lines += ["", f"**{HEADS[what]}{said}**", "", *_head(fields)]
            last = what
        title, form = TITLES[row["statistic"]]
        cells = [_range(row["simulated"].get(kind), form) for kind in KINDS]
        cells += [_told(row["real"].get(field), form) for field in fields]
        lines.append(f"| {title} | {' | '.join(cells)} |")
    return "\n".join(lines[1:]) + "\n"


def _head(fields: list[str]) -> list[str]:
    low, high = INSIDE
    kinds = [f"simulated, {kind} ({low}–{high} %)" for kind in KINDS]
    names = ["statistic", *kinds, *fields]
    return [f"| {' | '.join(names)} |", f"|{'---|' * len(names)}"]


def _range(ends: dict[str, list[float]] | None, form: str) -> str:
    if ends is None:
        return "–"
    low, high = (f"{value:{form}}" for value in ends["inside"])
    return f"{low} to {high}"


def _told(found: dict[str, Any] | None, form: str) -> str:
    """A recorded value and where it is outside; bold where it is in no training."""
    if found is None:
        return "–"
    value = f"{found['value']:{form}}"
    outside = {kind: found[kind] for kind in KINDS if found.get(kind, "in") != "in"}
    if set(TRAINED_ON) <= set(outside):
        sides = {place.removesuffix(" all") for place in outside.values()}
        return f"**{value}**, {' or '.join(sorted(sides))} all kinds"
    told = ", ".join(f"{place} {kind}" for kind, place in outside.items())
    return f"{value}, {told}" if told else value


def _write(path: Path, text: str) -> None:
    with atomic_write(path) as temporary:
        temporary.write_text(text, "utf-8")


if __name__ == "__main__":
    main()
