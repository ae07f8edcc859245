"""The table of labels for an import of CRCNS ssc-2."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from napari_cellid.errors import InputError, first_line

if TYPE_CHECKING:
    from pathlib import Path

    from napari_cellid.study.study import Study

_KEY = ["mouse", "session", "fov", "roi_id"]


def read_labels(path: Path, study: Study) -> pd.DataFrame:
    """Read the table of labels.

    Raises
    ------
    InputError
        If it cannot be read, lacks a column, or has an answer that the study has not.
    """
    text = dict.fromkeys(("mouse", "session"), str)
    try:
        table = pd.read_csv(path, dtype=text, keep_default_na=False)
        table = table.astype({"fov": "int64", "roi_id": "int64"})
    except (OSError, ValueError, KeyError, UnicodeError) as error:
        raise InputError(
            f"{path} cannot be read as a table of labels ({first_line(error)}); give "
            "a CSV with mouse, session, fov (a number), roi_id (a number) and label."
        ) from error
    raters = rater_columns(table)
    if missing := [name for name in _KEY if name not in table]:
        raise InputError(
            f"{path} has no column {missing[0]}; give mouse, session, fov, roi_id and "
            "label."
        )
    if not raters:
        raise InputError(
            f"{path} has neither a column label nor columns of raters (rater1, "
            "rater2, ...); add what each cell is."
        )
    if (twice := table.duplicated(_KEY)).any():
        mouse, session, fov, roi = table.loc[twice, _KEY].iloc[0]
        raise InputError(
            f"{path} has ROI {roi} of {mouse}, {session}, fov {fov} in two rows; give "
            "one row an ROI, and a column for each annotator."
        )
    known = {*study.config.answers, ""}
    for name in raters:
        if other := sorted(set(table[name].astype(str)) - known):
            raise InputError(
                f"{path} has the label {other[0]!r}, but the study has "
                f"{', '.join(study.config.answers)}; use these names."
            )
    return table


def rater_columns(table: pd.DataFrame) -> list[str]:
    """Columns with answers: those of raters, else `label`."""
    raters = [str(name) for name in table if str(name).startswith("rater")]
    return raters or [name for name in ("label",) if name in table]
