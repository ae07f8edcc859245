"""The figures of the README are those of the page of the models."""

from __future__ import annotations

import re
from itertools import takewhile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text("utf-8")
MODELS = (ROOT / "docs" / "explanation" / "models.md").read_text("utf-8")
#: columns of the tables of the models page: detection within 6 µm, balanced accuracy
SEMI_REAL, SIMULATED = (2, 4), (2, 6)
RATERS = re.compile(
    r"(\d+) % of the cells that all three marked are found, and (\d+) %\s"
)


def cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip("|").split("|")]


def table_after(text: str, title: str) -> list[list[str]]:
    lines = text.partition(title)[2].splitlines()
    start = next(k for k, line in enumerate(lines) if line.startswith("|"))
    rows = []
    for line in lines[start + 2 :]:
        if not line.startswith("|"):
            return rows
        rows.append(cells(line))
    return rows


def two_of(row: list[str], columns: tuple[int, int]) -> list[float]:
    return [float(row[column].split()[0]) for column in columns]


def both_and_classical(kind: str) -> list[list[float]]:
    """Detection and classes of `both`, then of the classical program."""
    if kind.startswith("semi-real"):
        rows = table_after(MODELS, "### Semi-real")
        first, columns = "0.8", SEMI_REAL
    else:
        rows = table_after(MODELS, "### Simulated: what")
        first, columns = kind.partition(", ")[2], SIMULATED
    start = next(k for k, row in enumerate(rows) if row[0] == first)
    # the other methods of a kind follow without its name
    own = takewhile(lambda row: row[0] in {first, ""}, rows[start:])
    named = {row[1].strip("`"): row for row in own}
    return [two_of(named[name], columns) for name in ("both", "classical")]


@pytest.mark.parametrize("row", table_after(README, "## How good"), ids=lambda r: r[0])
def test_a_row_of_the_readme_is_that_of_the_models_page(row):
    ours, classical = both_and_classical(row[0])
    shown = [float(figure.strip("*")) for figure in row[1:]]
    measured = [ours[0], classical[0], ours[1], classical[1]]
    # 0.585 may be rounded to either side
    assert shown == pytest.approx(measured, abs=0.0051)


def test_the_raters_of_the_readme_are_those_of_the_models_page():
    rows = table_after(MODELS, "### Real: centroids")
    recall, precision = next(row for row in rows if row[0] == "1.7")[-2:]
    found = RATERS.search(README)
    assert found
    assert [int(share) for share in found.groups()] == [
        round(100 * float(recall)),
        round(100 * float(precision)),
    ]
