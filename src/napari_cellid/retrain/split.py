"""The split into training, validation and held-out cells, by animal where possible.

A unit is an animal, otherwise a sub-volume, a recording, or a tile of a recording. The
hash of its name decides its role. `split.json` of the study keeps the units, their
roles, and the unit of each recording (of each cell, where a recording is tiled). The
file is only extended, so a held-out cell is never trained on later, even if recordings
are added, an animal is renamed or outlines are corrected.
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

#: edge (µm) of the tiles, if the study has only one recording
TILE_UM = 150.0
#: a class with fewer training cells gives none to validation
_FEWEST_TO_SHARE = 10


@dataclass(frozen=True, eq=False)
class Split:
    """The role of each cell: training, validation (best epoch) or test (held out).

    Parameters
    ----------
    role
        train, validation or test, for each cell.
    unit
        Name of the animal, sub-volume, recording or tile of each cell.
    words
        A description of the held-out cells, for the report.
    """

    role: NDArray[np.object_]
    unit: NDArray[np.object_]
    words: str

    @property
    def held_out(self) -> tuple[str, ...]:
        """The held-out units."""
        return tuple(sorted(set(self.unit[self.role == "test"])))


def split_cells(
    study: Path,
    cells: pd.DataFrame,
    config: SplitConfig,
    pixel_um: Mapping[str, float],
    *,
    keep: bool = True,
) -> Split:
    """Assign a role to each cell; the roles of new units are permanent.

    Parameters
    ----------
    study
        Folder of the study.
    cells
        `recording`, `cell`, `animal`, `subvolume`, `y`, `x` of each cell.
    config
        Shares of held-out and validation cells.
    pixel_um
        Pixel size (µm) of each recording.
    keep
        Whether new roles are written to the study.

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
    """Take validation cells from the training cells if no whole unit validates.

    Validation cells choose the best epoch and calibrate the probabilities; models are
    never compared on them. A class with few cells gives none.
    """
    if (split.role == "validation").any():
        return split
    role = split.role.copy()
    train = role == "train"
    n = cells.loc[train, "class"].value_counts()
    rows = zip(cells["recording"], cells["cell"], cells["class"], strict=True)
    for k, (recording, cell, kind) in enumerate(rows):
        # by the cell alone, so that it keeps its role when others are answered
        chosen = hash_fraction(f"validation {recording}/{cell}") < share
        if train[k] and chosen and n[kind] >= _FEWEST_TO_SHARE:
            role[k] = "validation"
    return Split(role, split.unit, split.words)


def hash_fraction(name: str) -> float:
    """Return a number from 0 to 1 for a name, the same on every computer."""
    digest = hashlib.sha256(name.encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2**64


def _choose_units(
    known: SplitFile, cells: pd.DataFrame, pixel_um: Mapping[str, float]
) -> None:
    """Choose the unit of each new recording, or that it is tiled."""
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
        # tiles are a last resort: a recording that comes later is a unit as a whole
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
    """Choose the role of each new unit: at least one trains, then one is held out."""
    roles = known.roles
    # by hash: neither the order of adding nor the alphabet chooses what is held out
    new = sorted((one for one in units if one not in roles), key=hash_fraction)
    # of few units the hashes of most may be below the share
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
    # only new units change their role, the one nearest to the other role first
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
    """Assign a role to a new unit if no unit has it and there are enough units."""
    there = [roles[one] for one in units]
    if wanted in there or len(units) < at_least:
        return
    for one in new:
        # the last training unit, or the last held-out unit, keeps its role
        needed = wanted != "train" and roles[one] in ("train", "test")
        if needed and there.count(roles[one]) == 1:
            continue
        roles[one] = wanted
        return
