"""A report of figures: Markdown with a table a set, or all rows as CSV or JSON."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

Row = dict[str, Any]
#: files that a report can be
SUFFIXES = (".md", ".csv", ".json")
#: headings of what is never in one table; simulated fields are in neither
_HEADINGS = {
    "real": "Real recordings",
    "semi-real": "Semi-real fields (real green, simulated red)",
}
#: said by the headings
_LEFT_OUT = ["kind", "set"]
_EMPTY = ""


@dataclass(eq=False)
class Report:
    """The rows of all sets that were scored.

    Parameters
    ----------
    rows
        One row a method and setting, with the columns `kind` and `set`.
    about
        What is known of each set, by its name.
    skipped
        A sentence for each set that was skipped.
    models
        Name, task and hash of each model that was used.
    """

    rows: list[Row] = field(default_factory=list)
    about: dict[str, str] = field(default_factory=dict)
    skipped: list[str] = field(default_factory=list)
    models: list[dict[str, str]] = field(default_factory=list)

    def add(self, name: str, about: str, rows: list[Row]) -> None:
        """Add the rows of a set."""
        self.about[name] = about
        self.rows.extend(rows)

    def text(self, suffix: str) -> str:
        """The report as a file with an end of its name in `SUFFIXES`."""
        if suffix == ".csv":
            return pd.DataFrame(self.rows).to_csv(index=False, float_format="%.6g")
        if suffix == ".json":
            # JSON has no NaN
            rows = [
                {key: None if value != value else value for key, value in row.items()}
                for row in self.rows
            ]
            whole = {"models": self.models, "rows": rows, "about": self.about}
            return json.dumps(whole | {"skipped": self.skipped}, indent=1) + "\n"
        return self.markdown()

    def markdown(self) -> str:
        """Headings for real and semi-real sets, a table a set, models and skipped."""
        parts = []
        for kind, heading in _HEADINGS.items():
            names = dict.fromkeys(r["set"] for r in self.rows if r["kind"] == kind)
            parts += [f"## {heading}"] if names else []
            for name in names:
                rows = [r for r in self.rows if (r["kind"], r["set"]) == (kind, name)]
                parts += [f"### {name}", self.about[name], markdown_table(rows)]
        if self.models:
            parts += ["## Models", markdown_table(self.models)]
        if self.skipped:
            parts += ["## Skipped", "\n".join(f"- {one}" for one in self.skipped)]
        return "\n\n".join(parts) + "\n"


def markdown_table(rows: list[Row]) -> str:
    """Rows as a Markdown table of the columns that any of them has."""
    columns = dict.fromkeys(key for row in rows for key in row if key not in _LEFT_OUT)
    lines = [list(columns), ["---"] * len(columns)]
    lines += [[_cell(row.get(column)) for column in columns] for row in rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _cell(value: Any) -> str:
    """A value as it is shown: figures with three decimals, nothing where unknown."""
    if value is None or value != value:
        return _EMPTY
    return f"{value:.3f}" if isinstance(value, float) else str(value)
