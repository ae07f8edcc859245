"""What is held out: by animal where there are several, and never another cell later.

The role of a unit (an animal, else a sub-volume, a recording, or a piece of one) comes
from the hash of its name and is kept in the study's `split.json`, so that a cell on
which models are compared is never trained on, however many recordings come.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np

from napari_cellid.errors import InputError
from napari_cellid.files import replacing_file

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import pandas as pd
    from numpy.typing import NDArray

    from napari_cellid.config import SplitConfig

SPLIT_FILE = "split.json"
Role = Literal["train", "validation", "test"]
Level = Literal["animal", "subvolume", "recording", "tile"]
#: edge (µm) of the pieces of a recording where there is one only
TILE_UM = 150.0
_WORDS: dict[Level, str] = {
    "animal": "animals",
    "subvolume": "sub-volumes",
    "recording": "recordings",
    "tile": "parts",
}


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
        What the figures on held-out cells rest on, one sentence.
    """

    role: NDArray[np.object_]
    unit: NDArray[np.object_]
    words: str

    @property
    def held_out(self) -> tuple[str, ...]:
        """Units that are held out."""
        return tuple(sorted(set(self.unit[self.role == "test"])))


def split_cells(
    study: Path, cells: pd.DataFrame, config: SplitConfig, pixel_um: Mapping[str, float]
) -> Split:
    """Give each cell its role; new units get theirs for good.

    Parameters
    ----------
    study
        Folder of the study.
    cells
        `recording`, `animal`, `subvolume`, `plane`, `y`, `x` of each cell.
    config
        Shares.
    pixel_um
        Pixel size (µm) of each recording.

    Raises
    ------
    InputError
        If `split.json` is broken or cannot be written.
    """
    known = _read(study / SPLIT_FILE)
    before = json.dumps(known)
    _choose_levels(known["levels"], cells)
    unit = _units(known["levels"], cells, pixel_um)
    _choose_roles(known["roles"], sorted(set(unit)), config)
    if json.dumps(known) != before:
        _write(study / SPLIT_FILE, known)
    role = np.array([known["roles"][one] for one in unit], object)
    return Split(role, unit, _in_words(unit, role, known["levels"], cells))


def inner_validation(split: Split, cells: pd.DataFrame, share: float) -> Split:
    """Take validation cells from the training cells, where no whole unit is left.

    They choose the best epoch and calibrate; models are never compared on them.
    """
    if (split.role == "validation").any() or not (split.role == "train").any():
        return split
    role = split.role.copy()
    for k in np.flatnonzero(role == "train"):
        name = f"{cells['recording'].iloc[k]}/{cells['cell'].iloc[k]}"
        if _hash(f"validation {name}") < share:
            role[k] = "validation"
    return Split(role, split.unit, split.words)


def _choose_levels(levels: dict[str, Level], cells: pd.DataFrame) -> None:
    """Choose for each new recording what its cells are grouped by."""
    names = cells.drop_duplicates("recording")
    animals = {a for a in names["animal"] if a}
    subvolumes = {(a, s) for a, s in zip(names["animal"], names["subvolume"],
                  strict=True) if s}  # fmt: skip
    for row in names.itertuples():
        name = str(row.recording)
        if name in levels:
            continue
        if row.animal and len(animals) > 1:
            levels[name] = "animal"
        elif row.subvolume and len(subvolumes) > 1:
            levels[name] = "subvolume"
        elif len(names) > 1:
            levels[name] = "recording"
        else:
            levels[name] = "tile"


def _units(
    levels: Mapping[str, Level], cells: pd.DataFrame, pixel_um: Mapping[str, float]
) -> NDArray[np.object_]:
    found = []
    columns = ["recording", "animal", "subvolume", "y", "x"]
    for name, animal, subvolume, y, x in cells[columns].itertuples(index=False):
        level = levels[str(name)]
        if level == "animal":
            found.append(f"animal {animal}")
        elif level == "subvolume":
            found.append(
                f"sub-volume {subvolume}" + (f" of {animal}" if animal else "")
            )
        elif level == "recording":
            found.append(f"recording {name}")
        else:
            # all planes alike, for they may show the same cells
            size = TILE_UM / pixel_um[str(name)]
            found.append(f"part {int(y // size)}, {int(x // size)} of {name}")
    return np.array(found, object)


def _choose_roles(
    roles: dict[str, Role], units: list[str], config: SplitConfig
) -> None:
    """Choose the role of each new unit; there is one to train on, then one held out."""
    new = sorted((one for one in units if one not in roles), key=_hash)
    for one in new:
        u = _hash(one)
        within = config.held_out + config.validation
        roles[one] = (
            "test" if u < config.held_out else "validation" if u < within else "train"
        )
    have = {
        role: [one for one in units if roles[one] == role] for role in get_args(Role)
    }
    # those that are new give way, from the end of the order that is farthest
    wanted: tuple[tuple[Role, int, list[str]], ...] = (
        ("train", 1, new[::-1]),
        ("test", 2, new),
        ("validation", 4, new),
    )
    for role, at_least, order in wanted:
        if have[role] or len(units) < at_least:
            continue
        for one in order:
            if len(have[roles[one]]) > 1 or (role == "train" and roles[one] != role):
                have[roles[one]].remove(one)
                roles[one] = role
                have[role].append(one)
                break


def _in_words(
    unit: NDArray[np.object_],
    role: NDArray[np.object_],
    levels: Mapping[str, Level],
    cells: pd.DataFrame,
) -> str:
    held = sorted(set(unit[role == "test"]))
    if not held:
        return "Nothing is held out, for there is one unit only: no figure is honest."
    used = {levels[str(name)] for name in cells["recording"].unique()}
    few = ", ".join(held[:6]) + (f" and {len(held) - 6} more" if len(held) > 6 else "")
    said = f"Held out: {few}."
    if "tile" in used:
        return (
            f"{said} They are parts of a recording that is trained on, too, so the "
            "figures are optimistic for other recordings."
        )
    if "animal" not in used:
        word = _WORDS[next(iter(used))]
        return f"{said} They are {word}, maybe of animals that are trained on, too."
    return said


def _hash(name: str) -> float:
    """Number of 0 to 1 that belongs to a name, the same on every computer."""
    digest = hashlib.sha256(name.encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2**64


def _read(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text("utf-8"))
        roles, levels = dict(found["roles"]), dict(found["levels"])
        good = set(roles.values()) <= set(get_args(Role))
        if not (good and set(levels.values()) <= set(get_args(Level))):
            raise ValueError("it names a role or level that there is not")
    except FileNotFoundError:
        return {"format": 1, "levels": {}, "roles": {}}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(
            f"{path}, which says what is held out, cannot be read ({error}); put it "
            "back from a copy, for without it held-out cells could be trained on."
        ) from error
    return {"format": 1, "levels": levels, "roles": roles}


def _write(path: Path, known: Mapping[str, Any]) -> None:
    try:
        with replacing_file(path) as temporary:
            temporary.write_text(json.dumps(known, indent=1) + "\n", "utf-8")
    except OSError as error:
        raise InputError(
            f"{path} cannot be written ({error.strerror or error}); training needs a "
            "study that can be written to."
        ) from error
