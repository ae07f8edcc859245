"""One unit of work, and the folder that keeps the results of finished ones."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from napari_cellid.errors import InputError, file_reason
from napari_cellid.files import atomic_write
from napari_cellid.json_file import read_json

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

#: ending of the files with results
_SUFFIX = ".json"


@dataclass(frozen=True)
class Unit:
    """A unit of work: one call, whose result is kept on disk.

    Parameters
    ----------
    name
        Unique among the units of a batch; it is the name of the result file.
    function
        A function of a module, so that other processes can import it. It returns
        values for JSON.
    arguments
        Its arguments: plain values that JSON can hold.
    weight
        Expected duration relative to other units, for the estimate of the time left.
    """

    name: str
    function: Callable[..., Mapping[str, Any]]
    arguments: Mapping[str, Any] = field(default_factory=dict)
    weight: float = 1.0

    @property
    def key(self) -> str:
        """Hash of the call: a result counts only for the call that gave it."""
        call = [self.function.__module__, self.function.__qualname__]
        text = json.dumps([call, self.arguments], sort_keys=True, default=str)
        return hashlib.sha256(text.encode()).hexdigest()


class UnitStore:
    """Results of finished units, one JSON file each, written completely or not at all.

    Parameters
    ----------
    folder
        The folder; it is made with the first result.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, unit: Unit) -> Path:
        """Path of the result file of a unit."""
        return self.folder / f"{unit.name}{_SUFFIX}"

    def load(self, unit: Unit) -> dict[str, Any] | None:
        """Result of a unit; None if it is not finished, or its file is damaged.

        Raises
        ------
        InputError
            If the folder has the result of another call under the name of the unit.
        """
        stored = self._read(unit)
        if stored is None:
            return None
        if stored.get("key") != unit.key:
            raise InputError(
                f"{self.path(unit)} is the result of other settings; choose another "
                "folder, or the settings with which this one was begun."
            )
        result: dict[str, Any] = stored["result"]
        return result

    def seconds(self, unit: Unit) -> float:
        """How long a finished unit took (s); 0 if that is unknown."""
        stored = self._read(unit) or {}
        return float(stored.get("seconds", 0.0))

    def save(
        self, unit: Unit, result: Mapping[str, Any], seconds: float
    ) -> dict[str, Any]:
        """Write the result of a unit.

        Returns
        -------
        The result as `load` would give it: what JSON makes of it.

        Raises
        ------
        InputError
            If the file cannot be written.
        """
        content = {
            "unit": unit.name,
            "key": unit.key,
            "seconds": round(seconds, 3),
            "result": dict(result),
        }
        text = json.dumps(content)
        try:
            with atomic_write(self.path(unit)) as temporary:
                temporary.write_text(text, "utf-8", newline="\n")
        except OSError as error:
            raise InputError(
                f"{self.path(unit)} cannot be written ({file_reason(error)}); make "
                "room, or choose another folder."
            ) from error
        kept: dict[str, Any] = json.loads(text)["result"]
        return kept

    def _read(self, unit: Unit) -> dict[str, Any] | None:
        try:
            stored = read_json(self.path(unit))
        # a file that cannot be read is that of a unit that is done again
        except (OSError, ValueError):
            return None
        return stored if isinstance(stored, dict) and "result" in stored else None
