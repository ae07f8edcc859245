"""Adjudication: one person's decision on a cell overrides its votes."""

from __future__ import annotations

import numpy as np
import pandas as pd

from napari_cellid.config import UNSURE

#: columns of a vote table that hold text
TEXT_COLUMNS = ("consensus", "status", "votes", "adjudicator")
_KEY = ["recording", "cell"]


def apply_adjudications(
    counted: pd.DataFrame, adjudications: pd.DataFrame
) -> pd.DataFrame:
    """Let the latest adjudication of each cell override its votes.

    Parameters
    ----------
    counted
        One row a cell, as `count_votes` makes them: `recording`, `cell`,
        `consensus`, `status`, `votes`, `adjudicator`, and numbers.
    adjudications
        Rows `recording`, `cell`, `annotator`, `answer` and, if known, `time`. A row
        without an answer was withdrawn and does not count.

    Returns
    -------
    The same columns. An adjudicated cell has the status `adjudicated`, its answer as
    consensus (empty if the adjudicator was unsure), and the adjudicator's name. Cells
    that were adjudicated without a vote are added, with 0 votes.
    """
    given = adjudications[adjudications["answer"].notna().to_numpy()]
    if given.empty:
        return counted
    # name and answer decide between equal times, so the order of the rows never does
    order = [name for name in ("time", "annotator", "answer") if name in given]
    latest = given.sort_values(order).drop_duplicates(_KEY, keep="last")
    adjudicated = pd.DataFrame(
        {
            "recording": latest["recording"].astype(object),
            "cell": latest["cell"].astype(np.int64),
            "_by": latest["annotator"].astype(object),
            "_answer": latest["answer"].astype(object),
        }
    )
    table = counted.merge(adjudicated, on=_KEY, how="outer", sort=True)
    # an outer merge makes integers floats and puts NaN beside them
    table = _fill(table, counted)
    rows = table["_by"].notna().to_numpy()
    # an unsure adjudicator settles the dispute, but the cell trains no model
    answer = table["_answer"].where(table["_answer"] != UNSURE, "")
    table.loc[rows, "consensus"] = answer[rows]
    table.loc[rows, "status"] = "adjudicated"
    table.loc[rows, "adjudicator"] = table["_by"][rows]
    return table[counted.columns]


def _fill(table: pd.DataFrame, counted: pd.DataFrame) -> pd.DataFrame:
    """Fill in the columns of cells that were adjudicated without a vote."""
    empty = {
        name: "" if name in TEXT_COLUMNS else 0
        for name in counted.columns.difference(_KEY)
    }
    types = counted.dtypes.drop(_KEY).to_dict()
    return table.fillna(empty).astype(types)
