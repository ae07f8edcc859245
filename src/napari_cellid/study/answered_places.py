"""Places of answers about cells that a study does not know by their number."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from napari_cellid.annotation.all_answers import read_annotations
from napari_cellid.annotation.lock import locked
from napari_cellid.files import atomic_write
from napari_cellid.io.tables import (
    RETIRED_COLUMNS,
    no_retired,
    read_retired,
    write_cells,
)
from napari_cellid.study.answer_matching import (
    OWN_CELL_UM,
    answers_of_recording,
    distance_to_own,
)
from napari_cellid.study.recordings import RETIRED_OTHER

if TYPE_CHECKING:
    from pathlib import Path

_KEY = ["cell", "plane", "y", "x"]
#: label of such a place: no outline had it
NO_LABEL = 0


def unknown_places(
    annotations: Path, name: str, known: pd.DataFrame, pixel_size_um: float
) -> pd.DataFrame:
    """Where answers were given about cells that are not known by number and place.

    Answers of a merged copy name cells by the numbers of the copy, and count by their
    place. When other images take the name of the recording, their places must not
    count for the cells of those: so they are kept with the cells of other images.

    Parameters
    ----------
    annotations
        Folder of the journals.
    name
        Name of the recording.
    known
        Cells with columns `cell`, `plane`, `y` and `x`; a number may stand more than
        once.
    pixel_size_um
        Edge of a pixel in µm.

    Returns
    -------
    One row a place, with the columns of retired cells and the label 0.

    Raises
    ------
    InputError
        If a journal cannot be read.
    """
    answers = read_annotations(annotations).all_answers
    places = answers_of_recording(answers, name)[_KEY].drop_duplicates().dropna()
    point = places[["plane", "y", "x"]].to_numpy(float)
    point[:, 1:] *= pixel_size_um
    distance = distance_to_own(
        places["cell"].to_numpy(np.int64), point, known, pixel_size_um
    )
    unknown = places[distance > OWN_CELL_UM]
    # to the microsecond: it tells which images the answers were about
    now = datetime.now(UTC).isoformat()
    rows = unknown.assign(label=NO_LABEL, area_um2=0.0, retired=now)
    return rows[list(RETIRED_COLUMNS)].reset_index(drop=True)


def adopt_other_places(folder: Path, copy: Path) -> None:
    """Take over where cells of other images were, from a copy of a recording.

    The copy may have had other images for a while: answers about those come with its
    journals, and count for no cell of the images that both have now.

    Parameters
    ----------
    folder
        Folder of the recording in the study.
    copy
        Folder of the same recording in the copy.

    Raises
    ------
    InputError
        If the tables cannot be read or written.
    """
    theirs = copy / RETIRED_OTHER
    if not theirs.exists():
        return
    with locked(folder, "merging"):
        own = folder / RETIRED_OTHER
        ours = read_retired(own) if own.exists() else no_retired()
        # as places: in the study another cell can have the number
        rows = read_retired(theirs).assign(label=NO_LABEL)
        merged = pd.concat([ours, rows], ignore_index=True).drop_duplicates(_KEY)
        if len(merged) > len(ours):
            with atomic_write(own) as temporary:
                write_cells(temporary, merged)
