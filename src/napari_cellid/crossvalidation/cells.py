"""The cells of a cross-validation: decided cells of a study, in groups."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from napari_cellid.config import NOT_A_CELL
from napari_cellid.errors import InputError
from napari_cellid.io.csv_text import unprotect_table
from napari_cellid.study.training_set import decided_cells

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from napari_cellid.config.evaluation import EvaluationConfig, GroupKind
    from napari_cellid.study.study import Study

#: fewest cells of a class
MIN_CELLS_PER_CLASS = 4
_COLUMNS = (
    "recording", "cell", "label", "plane", "y", "x", "class", "animal", "group",
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class EvaluationCells:
    """Cells of known class, in the order to which rows of folds refer.

    Parameters
    ----------
    table
        `recording`, `cell`, `label`, `plane`, `y`, `x`, `class`, `animal` and `group`
        of each cell, sorted by recording.
    classes
        Names of the classes, in the study's order.
    """

    table: pd.DataFrame
    classes: tuple[str, ...]

    @property
    def target(self) -> NDArray[np.int64]:
        """Index of the class of each cell."""
        number = {name: k for k, name in enumerate(self.classes)}
        return np.array([number[name] for name in self.table["class"]], np.int64)

    def groups(self, column: str = "group") -> NDArray[np.object_]:
        """Group, or animal, of each cell."""
        return self.table[column].to_numpy(object)


def collect_cells(study: Study, config: EvaluationConfig) -> EvaluationCells:
    """Collect the decided cells of a study, without those that are not a cell.

    Raises
    ------
    InputError
        If there are too few cells of a class or too few groups, a recording has one
        channel, or the same images stand in two groups.
    """
    cells, _ = decided_cells(study)
    cells = cells[cells["class"] != NOT_A_CELL]
    classes = tuple(c.name for c in study.config.visible_classes)
    for name in classes:
        n = int((cells["class"] == name).sum())
        if n < MIN_CELLS_PER_CLASS:
            raise InputError(
                f"The class {name} has {n} decided cells in {study.path}, but at least "
                f"{MIN_CELLS_PER_CLASS} are needed; answer more cells of it, or remove "
                "the class from the study."
            )
    cells = cells.assign(group=choose_groups(cells, config.groups, config.folds))
    cells = cells.sort_values(["recording", "cell"], ignore_index=True)
    _check_recordings(study, cells)
    cells = _draw(cells, config.cells)
    return EvaluationCells(cells[list(_COLUMNS)], classes)


def choose_groups(
    cells: pd.DataFrame, kind: GroupKind, folds: int
) -> NDArray[np.object_]:
    """Group of each cell: its animal, sub-volume or recording.

    All sessions and planes of a sub-volume of an animal are one group, because they
    show the same cells.

    Raises
    ------
    InputError
        If there are fewer groups than folds.
    """
    animal = cells["animal"].astype(str)
    part = animal + " / " + cells["subvolume"].astype(str)
    named = cells["subvolume"].astype(str) != ""
    by_kind = {
        "animal": animal.where(animal != ""),
        "subvolume": part.where(named),
        "recording": part.where(named, cells["recording"].astype(str)),
    }
    counts = {name: len(set(group)) for name, group in by_kind.items()}
    usable = {n: c for n, c in counts.items() if not by_kind[n].isna().any()}
    wanted = [kind] if kind != "auto" else list(by_kind)
    for name in wanted:
        if usable.get(name, 0) >= folds:
            return by_kind[name].to_numpy(object)
    if kind != "auto" and kind not in usable:
        raise InputError(
            f"Not every recording has its {kind} in the study, so that cells cannot be "
            f"grouped by {kind}; name them in study.toml, or choose other --groups."
        )
    name = max((n for n in wanted if n in usable), key=lambda n: usable[n])
    raise InputError(
        f"The study has {usable[name]} groups ({name}), fewer than the {folds} folds, "
        f"and a group is never in two folds; give --folds {max(usable[name], 2)} or "
        "fewer."
    )


def write_cells(path: Path, cells: EvaluationCells) -> None:
    """Write the cells, so that later answers do not change the experiment."""
    from napari_cellid.files import atomic_write
    from napari_cellid.io.tables import write_table

    with atomic_write(path) as temporary:
        write_table(temporary, cells.table)


def read_cells(path: Path, classes: tuple[str, ...]) -> EvaluationCells:
    """Read the cells that `write_cells` wrote.

    Raises
    ------
    InputError
        If the file cannot be read.
    """
    text = dict.fromkeys(("recording", "class", "animal", "group"), str)
    try:
        table = pd.read_csv(path, dtype=text, keep_default_na=False)
        return EvaluationCells(unprotect_table(table)[list(_COLUMNS)], classes)
    except (OSError, ValueError, KeyError) as error:
        raise InputError(
            f"{path}, the cells of this evaluation, cannot be read; choose another "
            "folder with --out."
        ) from error


def _check_recordings(study: Study, cells: pd.DataFrame) -> None:
    """Refuse recordings of one channel, and images that stand in two groups."""
    seen: dict[str, tuple[str, str]] = {}
    for name, part in cells.groupby("recording"):
        recording = study.recording(str(name))
        if set(recording.info.channels) != {"red", "green"}:
            raise InputError(
                f"{name} has only one channel, but the classifiers need two; identify "
                "the recording with both channels."
            )
        planes, group = recording.planes(), str(part["group"].iloc[0])
        digest = hashlib.sha256()
        for image in (planes.red, planes.green):
            digest.update(np.ascontiguousarray(image).tobytes())
        other, group_of_other = seen.setdefault(digest.hexdigest(), (str(name), group))
        if group_of_other != group:
            raise InputError(
                f"The recordings {other} and {name} have the same images but are in "
                "two groups, so that the same cells would be trained on and tested; "
                "remove one of them, or give both the same animal and sub-volume."
            )


def _draw(cells: pd.DataFrame, most: int) -> pd.DataFrame:
    """Draw about this many cells, the same share of each class but rare ones."""
    if not most or len(cells) <= most:
        return cells
    rng = np.random.default_rng(0)
    share, rows = most / len(cells), []
    # of a rare class half of an equal share, or folds would lack it
    least = max(most // (2 * cells["class"].nunique()), MIN_CELLS_PER_CLASS)
    for _, part in cells.groupby("class", sort=True):
        n = max(round(share * len(part)), least)
        rows.append(rng.choice(part.index.to_numpy(), min(n, len(part)), replace=False))
    return cells.loc[np.sort(np.concatenate(rows))].reset_index(drop=True)
