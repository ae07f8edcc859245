"""Folders of suite2p: which files belong to a plane, and what its settings say."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_cellid.errors import InputError, file_reason
from napari_cellid.io.suite2p.npy import damaged, read_objects
from napari_cellid.io.suite2p.safe_pickle import (
    PickledArray,
    PickledScalar,
    PickleError,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

STAT, OPS = "stat.npy", "ops.npy"
#: in the place of ops.npy from version 1 on, if the user does not want it; later ones
#: take precedence
_PARTS = ("settings.npy", "db.npy", "detect_outputs.npy", "reg_outputs.npy")
#: what a folder of a plane has one of
_MARKS = (STAT, OPS, "reg_outputs.npy")
_PLANE = re.compile(r"plane(\d{1,4})")
#: the folder in which suite2p shows all planes side by side
_COMBINED = "combined"
#: a side longer than this (px) is none of an image
_LONGEST_SIDE = 100_000


@dataclass(frozen=True, eq=False)
class PlaneFolder:
    """A folder of suite2p for one plane.

    Parameters
    ----------
    path
        The folder.
    number
        Number of the plane, from 0.
    """

    path: Path
    number: int


def is_suite2p(path: Path) -> bool:
    """Whether a path is a folder of suite2p, the one above it, or a file in it."""
    if path.name in (STAT, OPS):
        return path.is_file()
    return path.is_dir() and bool(_found(path))


def plane_folders(path: Path) -> list[PlaneFolder]:
    """Find the folders of all planes.

    Parameters
    ----------
    path
        The folder of a plane, `stat.npy` or `ops.npy` in it, the folder `suite2p`, or
        the folder above it.

    Returns
    -------
    The folders by number.

    Raises
    ------
    InputError
        If there are none, or it is the folder with all planes side by side.
    """
    folder = path.parent if path.name in (STAT, OPS) else path
    if folder.absolute().name == _COMBINED:
        raise InputError(
            f"{folder} shows the planes side by side, so that neighbours in it are "
            "none in the tissue; give the folder above it, with one for each plane."
        )
    found = _found(folder)
    if not found:
        raise InputError(
            f"{folder} is no folder of suite2p: neither it nor a folder plane0 in it "
            f"has {STAT} or {OPS}; give the folder suite2p, or one of its planes."
        )
    return found


def root_folder(path: Path) -> Path:
    """The folder that suite2p wrote for all planes; that of one if it stands alone."""
    folder = (path.parent if path.name in (STAT, OPS) else path).absolute()
    if _PLANE.fullmatch(folder.name) and folder.parent.name == "suite2p":
        return folder.parent
    if not _is_plane(folder) and _found(folder)[0].path.parent != folder:
        return folder / "suite2p"
    return folder


def session_name(path: Path) -> str:
    """Name of a recording after its folder: that above `suite2p`, with the plane."""
    folder = (path.parent if path.name in (STAT, OPS) else path).absolute()
    plane = folder.name if _PLANE.fullmatch(folder.name) else ""
    session = folder.parent if plane else folder
    if session.name == "suite2p" and session.parent.name:
        session = session.parent
    return "-".join(filter(None, [session.name, plane])) or "suite2p"


def check_outside(folder: Path, path: Path, how: str = "") -> None:
    """Check that results do not go into a folder of suite2p.

    Parameters
    ----------
    folder
        Where results are to be written.
    path
        File or folder of the ROIs, of suite2p or not.
    how
        How to choose another folder, for the message.

    Raises
    ------
    InputError
        If they do.
    """
    if not is_suite2p(path):
        return
    root = root_folder(path).resolve()
    if folder.resolve().is_relative_to(root):
        raise InputError(
            f"The results would lie in {root}, which is suite2p's and stays as it is; "
            f"choose another folder{how}."
        )


def _found(folder: Path) -> list[PlaneFolder]:
    if _is_plane(folder):
        number = _PLANE.fullmatch(folder.absolute().name)
        return [PlaneFolder(folder, int(number[1]) if number else 0)]
    for parent in (folder, folder / "suite2p"):
        planes = [
            PlaneFolder(path, int(match[1]))
            for path in _folders(parent)
            if (match := _PLANE.fullmatch(path.name)) and _is_plane(path)
        ]
        if planes:
            return sorted(planes, key=lambda plane: plane.number)
    return []


def _folders(parent: Path) -> list[Path]:
    try:
        return [path for path in parent.iterdir() if path.is_dir()]
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise InputError(
            f"{parent} cannot be read ({file_reason(error)}); check its permissions."
        ) from error


def _is_plane(folder: Path) -> bool:
    return any((folder / name).is_file() for name in _MARKS)


class PlaneSettings:
    """What suite2p says of a plane: sizes, rates and mean images.

    Parameters
    ----------
    folder
        The folder of the plane.

    Raises
    ------
    InputError
        If they are missing, damaged, or those of another plane.
    """

    def __init__(self, folder: PlaneFolder) -> None:
        self.path, self._values = _read_values(folder.path)
        self.shape = (self._side("Ly"), self._side("Lx"))
        plane = self.number("iplane")
        named = _PLANE.fullmatch(folder.path.absolute().name)
        if plane is not None and plane != folder.number and named:
            raise InputError(
                f"{self.path} is that of plane {plane:g}, but lies in the folder "
                f"{folder.path.name}; copy the right file there, or name the folder "
                f"plane{plane:g}."
            )

    def number(self, name: str) -> float | None:
        """A number; None where there is none."""
        value = as_number(self._values.get(name))
        return value if value is not None and math.isfinite(value) else None

    def image(self, name: str) -> NDArray[np.float32] | None:
        """An image (y, x); None where there is none of that name.

        Raises
        ------
        InputError
            If its shape is not that of the plane, or it holds no numbers.
        """
        value = self._values.get(name)
        if not isinstance(value, PickledArray):
            return None
        try:
            image = value.values()
        except PickleError as error:
            raise damaged(self.path, f"{name}: {error}") from error
        if image.dtype.kind not in "biuf":
            raise damaged(self.path, f"{name} holds no numbers")
        if image.shape != self.shape:
            size = " x ".join(map(str, image.shape)) or "no axes"
            raise damaged(
                self.path,
                f"{name} has {size} pixels, but Ly x Lx are "
                f"{self.shape[0]} x {self.shape[1]}",
            )
        with np.errstate(over="ignore"):
            return np.asarray(image, np.float32)

    def _side(self, name: str) -> int:
        value = self.number(name)
        if value is None:
            raise damaged(self.path, f"it does not hold the size {name}")
        if value != int(value) or not 0 < value <= _LONGEST_SIDE:
            raise damaged(self.path, f"the size {name} is {value:g}")
        return int(value)


def as_number(value: object) -> float | None:
    """A number of Python or numpy in a pickle; None if it is none."""
    try:
        if isinstance(value, PickledScalar):
            value = value.value()
        elif isinstance(value, PickledArray) and value.shape() == ():
            value = value.values().item()
    except PickleError:
        return None
    return float(value) if isinstance(value, int | float) else None


def _read_values(folder: Path) -> tuple[Path, Mapping[str, Any]]:
    """The settings, and the file that they are named after in messages."""
    if (folder / OPS).is_file():
        return folder / OPS, _dictionary(folder / OPS)
    values: dict[str, Any] = {}
    parts = [folder / name for name in _PARTS if (folder / name).is_file()]
    for path in parts:
        values |= _dictionary(path)
    if not {"Ly", "Lx"} <= values.keys():
        listed = ", ".join(_PARTS[:2])
        raise InputError(
            f"{folder} has neither {OPS} nor the files in its place ({listed}), which "
            "hold the size of the image and the mean images; copy them there from the "
            "folder that suite2p wrote."
        )
    return parts[-1], values


def _dictionary(path: Path) -> dict[str, Any]:
    loaded = read_objects(path)
    try:
        values = loaded.objects()
        is_single = loaded.shape() == ()
    except PickleError as error:
        raise damaged(path, str(error)) from error
    if not is_single or not isinstance(values[0], dict):
        raise damaged(path, "it holds no dictionary")
    found: dict[str, Any] = values[0]
    return found
