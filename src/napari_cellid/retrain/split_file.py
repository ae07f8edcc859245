"""The file `split.json`: the unit of each recording, and the role of each unit."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Self, get_args

from napari_cellid.errors import InputError, file_reason
from napari_cellid.files import atomic_write
from napari_cellid.json_file import parse_json

if TYPE_CHECKING:
    from pathlib import Path

SPLIT_FILE = "split.json"
Role = Literal["train", "validation", "test"]
_FORMAT = 1


@dataclass
class TiledRecording:
    """A recording that is split into tiles.

    Parameters
    ----------
    size_px
        Edge of a tile (px).
    cells
        The tile of each known cell; it stays the same when the outline is corrected.
    """

    size_px: float
    cells: dict[int, str] = field(default_factory=dict)

    def unit(self, recording: str, cell: int, y: float, x: float) -> str:
        """Return the tile of a cell; the position at its first appearance counts."""
        if cell not in self.cells:
            # the same tiles in all planes, because planes may show the same cells
            self.cells[cell] = f"{int(y // self.size_px)}, {int(x // self.size_px)}"
        return f"part {self.cells[cell]} of {recording}"


@dataclass
class SplitFile:
    """The permanent roles of a study: the content of `split.json`.

    Parameters
    ----------
    units
        Unit of each recording that is not tiled.
    tiles
        The tiled recordings.
    roles
        Role of each unit.
    """

    units: dict[str, str] = field(default_factory=dict)
    tiles: dict[str, TiledRecording] = field(default_factory=dict)
    roles: dict[str, Role] = field(default_factory=dict)
    _text: str = ""

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read the file; without a file there are no roles yet.

        Raises
        ------
        InputError
            If the file is damaged.
        """
        try:
            text = path.read_text("utf-8")
            return cls._from(parse_json(text), text)
        except FileNotFoundError:
            return cls()
        except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
            raise InputError(
                f"{path}, which lists the held-out cells, cannot be read ({error}); "
                "restore it from a copy, because without it held-out cells could be "
                "used for training."
            ) from error

    @classmethod
    def _from(cls, values: dict[str, Any], text: str) -> Self:
        if values["format"] != _FORMAT:
            raise ValueError(f"it has the format {values['format']}")
        roles = {str(name): role for name, role in values["roles"].items()}
        if not set(roles.values()) <= set(get_args(Role)):
            raise ValueError("it contains an unknown role")
        units, tiles = {}, {}
        for name, one in values["recordings"].items():
            if "unit" in one:
                units[name] = str(one["unit"])
                continue
            parts = one["parts"].items()
            cells = {int(cell): part for part, cells in parts for cell in cells}
            tiles[name] = TiledRecording(float(one["size_px"]), cells)
        return cls(units, tiles, roles, text)

    def write(self, path: Path) -> None:
        """Write the file if something is new.

        Raises
        ------
        InputError
            If the file cannot be written.
        """
        text = json.dumps(self._values(), indent=1, ensure_ascii=False) + "\n"
        if text == self._text:
            return
        try:
            with atomic_write(path) as temporary:
                temporary.write_text(text, "utf-8", newline="\n")
        except OSError as error:
            raise InputError(
                f"{path} cannot be written ({file_reason(error)}); training needs "
                "write access to the study."
            ) from error
        self._text = text

    def _values(self) -> dict[str, Any]:
        recordings: dict[str, Any] = {
            name: {"unit": unit} for name, unit in self.units.items()
        }
        for name, tiles in self.tiles.items():
            parts: dict[str, list[int]] = {}
            for cell, part in sorted(tiles.cells.items()):
                parts.setdefault(part, []).append(cell)
            recordings[name] = {"size_px": tiles.size_px, "parts": parts}
        return {
            "format": _FORMAT,
            "recordings": dict(sorted(recordings.items())),
            "roles": dict(sorted(self.roles.items())),
        }
