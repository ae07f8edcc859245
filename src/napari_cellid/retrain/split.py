"""What is held out: by animal where there are several, and never another cell later.

The role of a unit (an animal, else a sub-volume, a recording, or a piece of one) comes
from the hash of its name. Units, their roles and the unit of each recording (of each
cell, where a recording is cut in pieces) are kept in the study's `split.json`, which
is only added to: a cell on which models are compared is never trained on, however many
recordings come, and though an animal be renamed or outlines be mended.
"""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from napari_cellid.retrain.split_file import SPLIT_FILE, SplitFile, TiledRecording
from napari_cellid.retrain.split_text import describe_split

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    import pandas as pd
    from numpy.typing import NDArray

    from napari_cellid.config import SplitConfig
    from napari_cellid.retrain.split_file import Role

#: edge (µm) of the pieces of a recording where there is one only
TILE_UM = 150.0
#: training cells of a class of which some may choose the best epoch
_FEWEST_TO_SHARE = 10


@dataclass(frozen=True, eq=False)
class Split:
    """Which cells are trained on, choose the best epoch, and are held out.

    Parameters
    ----------
    role
        train, validation or test, for each cell.
    unit
        Name of the animal, sub-volume, recording or piece of each cell.
    words
        What the figures on held-out cells rest on, in words.
    """

    role: NDArray[np.object_]
    unit: NDArray[np.object_]
    words: str

    @property
    def held_out(self) -> tuple[str, ...]:
        """Units that are held out."""
        return tuple(sorted(set(self.unit[self.role == "test"])))


def split_cells(
    study: Path,
    cells: pd.DataFrame,
    config: SplitConfig,
    pixel_um: Mapping[str, float],
    *,
    keep: bool = True,
) -> Split:
    """Give each cell its role; new units get theirs for good.

    Parameters
    ----------
    study
        Folder of the study.
    cells
        `recording`, `cell`, `animal`, `subvolume`, `y`, `x` of each cell.
    config
        Shares.
    pixel_um
        Pixel size (µm) of each recording.
    keep
        Whether new roles are written; else they are only told.

    Raises
    ------
    InputError
        If `split.json` is broken or cannot be written.
    """
    known = SplitFile.read(study / SPLIT_FILE)
    _choose_units(known, cells, pixel_um)
    unit = _units(known, cells)
    _choose_roles(known, sorted(set(unit)), config)
    if keep:
        known.write(study / SPLIT_FILE)
    role = np.array([known.roles[one] for one in unit], object)
    return Split(role, unit, describe_split(cells, role, unit))


def split_off_validation(split: Split, cells: pd.DataFrame, share: float) -> Split:
    """Take validation cells from the training cells, where no whole unit is left.

    They choose the best epoch and calibrate; models are never compared on them. A
    class with few cells gives none away.
    """
    if (split.role == "validation").any():
        return split
    role = split.role.copy()
    train = role == "train"
    n = cells.loc[train, "class"].value_counts()
    rows = zip(cells["recording"], cells["cell"], cells["class"], strict=True)
    for k, (recording, cell, kind) in enumerate(rows):
        chosen = hash_fraction(f"validation {recording}/{cell}") < share
        if train[k] and chosen and n[kind] >= _FEWEST_TO_SHARE:
            role[k] = "validation"
    return Split(role, split.unit, split.words)


def hash_fraction(name: str) -> float:
    """Number from 0 to 1 that belongs to a name, the same on every computer."""
    digest = hashlib.sha256(name.encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2**64


def _choose_units(
    known: SplitFile, cells: pd.DataFrame, pixel_um: Mapping[str, float]
) -> None:
    """Choose the unit of each new recording, or that it is cut in pieces."""
    table = cells.drop_duplicates("recording")[["recording", "animal", "subvolume"]]
    rows = [tuple(map(str, row)) for row in table.itertuples(index=False)]
    animals = {animal for _, animal, _ in rows if animal}
    parts = {(animal, part) for _, animal, part in rows if part}
    for name, animal, part in rows:
        if name in known.units or name in known.tiles:
            continue
        if animal and len(animals) > 1:
            known.units[name] = f"animal {animal}"
        elif part and len(parts) > 1:
            of = f" of {animal}" if animal else ""
            known.units[name] = f"sub-volume {part}{of}"
        elif len(rows) > 1 or known.units or known.tiles:
            known.units[name] = f"recording {name}"
        else:
            known.tiles[name] = TiledRecording(TILE_UM / pixel_um[name])


def _units(known: SplitFile, cells: pd.DataFrame) -> NDArray[np.object_]:
    found = []
    rows = zip(cells["recording"], cells["cell"], cells["y"], cells["x"], strict=True)
    for name, cell, y, x in rows:
        if name in known.units:
            found.append(known.units[name])
        else:
            found.append(known.tiles[name].unit(name, int(cell), float(y), float(x)))
    return np.array(found, object)


def _choose_roles(known: SplitFile, units: list[str], config: SplitConfig) -> None:
    """Choose the role of each new unit; there is one to train on, then one held out."""
    roles = known.roles
    new = sorted((one for one in units if one not in roles), key=hash_fraction)
    most_held = max(math.ceil(config.held_out * len(units)), 1)
    most_chosen = max(math.ceil(config.validation * len(units)), 1)
    for one in new:
        there = [roles[u] for u in units if u in roles]
        u, within = hash_fraction(one), config.held_out + config.validation
        roles[one] = "train"
        if u < config.held_out and there.count("test") < most_held:
            roles[one] = "test"
        elif config.held_out <= u < within and (
            there.count("validation") < most_chosen
        ):
            roles[one] = "validation"
    # those that are new give way, the one nearest to the other role first
    _make_sure(roles, units, new[::-1], "train", at_least=1)
    _make_sure(roles, units, new, "test", at_least=2)
    _make_sure(roles, units, new, "validation", at_least=4)


def _make_sure(
    roles: dict[str, Role],
    units: list[str],
    new: Iterable[str],
    wanted: Role,
    *,
    at_least: int,
) -> None:
    """Give a role to a new unit if none has it and there are enough units."""
    there = [roles[one] for one in units]
    if wanted in there or len(units) < at_least:
        return
    for one in new:
        # the last unit to train on, or the last that is held out, stays
        needed = wanted != "train" and roles[one] in ("train", "test")
        if needed and there.count(roles[one]) == 1:
            continue
        roles[one] = wanted
        return
