"""The real and semi-real sets that can be scored, and what is known of each.

A set is a folder of images and marks of people or programs. None is part of this
repository. What nobody knows of a set is said in its description.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from tools.evaluation.set_scores import (
    score_hand_marks,
    score_raters,
    score_red_calls,
    score_truth,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tools.evaluation.compared_methods import Methods
    from tools.evaluation.set_scores import Row

Kind = Literal["real", "semi-real"]
#: files of a field with known truth
TRUTH_FILES = ("green.tif", "red.tif", "labels.tif", "cells.csv", "meta.json")
#: folders of the data folder that hold sets
_PARENTS = ("", "real")


@dataclass(frozen=True)
class FieldSet:
    """A set that can be scored.

    Parameters
    ----------
    name
        As `--only` takes it.
    kind
        Whether a part of it is simulated.
    folders
        Where it can be, below the data folder.
    files
        Files that it needs.
    score
        Makes the rows of the table from the folder.
    about
        What is known of it, one or two sentences.
    """

    name: str
    kind: Kind
    folders: tuple[str, ...]
    files: tuple[str, ...]
    score: Callable[[Path, Methods], Iterator[Row]]
    about: str

    def find(self, data: Path) -> Path | str:
        """The folder of the set, or a sentence on why it is skipped."""
        for folder in (data / name for name in self.folders):
            missing = [name for name in self.files if not (folder / name).exists()]
            if folder.is_dir() and missing:
                return f"{self.name}: skipped, {folder} has no {', '.join(missing)}."
            if folder.is_dir():
                return folder
        return f"{self.name}: skipped, there is no folder {data / self.folders[0]}."


THREE_RATERS = FieldSet(
    "gcamp_three_raters",
    "real",
    ("real/gcamp_three_raters", "gcamp_three_raters"),
    ("green.tif", "rater_a.csv", "rater_b.csv", "rater_c.csv"),
    score_raters,
    "GCaMP mean image without a red channel; three people marked the middles of cells "
    "independently, matched within 4 px. The pixel size is unknown.",
)
RED_CALLS = FieldSet(
    "ppc_red_interneurons",
    "real",
    ("real/ppc_red_interneurons", "ppc_red_interneurons"),
    ("green.tif", "red.tif", "rois_with_calls.csv"),
    score_red_calls,
    "Mouse parietal cortex, GCaMP and a cytosolic red in inhibitory cells; suite2p's "
    "outlines of active cells (recall, but no precision) and one person's calls red or "
    "not red. The images were stretched for display; the pixel size is unknown, so "
    "that 6 µm are those of the declared size.",
)
HAND_MARKS = FieldSet(
    "hand marks in green alone",
    "real",
    (),
    ("green.tif", "labels.tif", "cells.csv", "meta.json"),
    score_hand_marks,
    "The green channel of the semi-real field, which is real, without the simulated "
    "red, against its hand marks. Not every visible cell is marked, so precision is a "
    "lower bound; the pixel size is presumed.",
)
SEMI_REAL = FieldSet(
    "semireal",
    "semi-real",
    (),
    TRUTH_FILES,
    score_truth,
    "Real green with hand marks, simulated red; the classes of the marks were drawn at "
    "random. The pixel size is presumed; distances are those of the presumed size, "
    "whichever size was declared to the models.",
)


def all_sets(data: Path) -> list[FieldSet]:
    """The sets that are known, and all semi-real fields of a data folder."""
    semi_real = sorted(path.name for path in data.glob("semireal_*") if path.is_dir())
    # a name for the sentence on what is absent
    names = semi_real or ["semireal_*"]
    return [
        THREE_RATERS,
        RED_CALLS,
        *(
            replace(HAND_MARKS, name=f"{name}, green alone", folders=(name,))
            for name in names
        ),
        *(replace(SEMI_REAL, name=name, folders=(name,)) for name in names),
    ]


def folders_without_marks(data: Path) -> Iterator[str]:
    """A sentence for each folder in which this program knows of no marks."""
    scored = {data / name for one in all_sets(data) for name in one.folders}
    for parent in _PARENTS:
        folders = (data / parent).iterdir() if (data / parent).is_dir() else ()
        for folder in sorted(folders):
            is_set = folder.is_dir() and folder not in {data / p for p in _PARENTS}
            if is_set and folder not in scored:
                yield (
                    f"{folder.name}: skipped, no marks of cells are known there to "
                    "compare with."
                )
