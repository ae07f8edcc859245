"""What `study.toml` and `recording.toml` say."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from napari_cellid.colours import PALETTE
from napari_cellid.config import (
    SPECIAL_KEYS,
    RecordingInfo,
    StudyClass,
    StudyConfig,
)
from napari_cellid.config.study import DEFAULT_CLASSES
from napari_cellid.errors import InputError
from napari_cellid.study.toml import read_toml, toml_text, validate_settings, write_toml

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

STUDY_FILE, RECORDING_FILE = "study.toml", "recording.toml"
#: counts up when an older program could no longer read the folder
FORMAT_VERSION = 1
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"

_HEAD = (
    "A study of napari-cellid: the classes that cells can have, how votes are counted,",
    "and, under [recordings.<name>], what is to be known of a recording in place of",
    "what its own recording.toml says (animal, subvolume, pixel_size_um).",
)
_RECORDING_HEAD = (
    "What a study knows of this recording; a table [recordings.<name>] in study.toml",
    "goes before it.",
)


@dataclass(frozen=True)
class StudySettings:
    """What `study.toml` says.

    Parameters
    ----------
    config
        Classes and vote.
    overrides
        For names of recordings, values that go before those of their own file.
    """

    config: StudyConfig = field(default_factory=StudyConfig)
    overrides: dict[str, dict[str, Any]] = field(default_factory=dict)


def read_settings(path: Path) -> StudySettings:
    """Read a `study.toml`.

    Raises
    ------
    InputError
        If it is not TOML, was made by a newer version, or a key or value is wrong.
    """
    values = read_toml(path)
    _check_format(values.pop("format", FORMAT_VERSION), path)
    overrides = values.pop("recordings", {})
    config = validate_settings(StudyConfig, values, path)
    tables = overrides if isinstance(overrides, dict) else {"": overrides}
    for name, table in tables.items():
        where = f"recordings.{name}" if name else "recordings"
        # with the one value that has no default, to check the rest
        given = {"pixel_size_um": 1.0, **table} if isinstance(table, dict) else table
        validate_settings(RecordingInfo, given, path, where)
    return StudySettings(config, tables)


def write_settings(path: Path, settings: StudySettings) -> None:
    """Write a `study.toml`.

    Raises
    ------
    InputError
        If it cannot be written.
    """
    values = {"format": FORMAT_VERSION, **settings.config.model_dump(mode="json")}
    if not any(values["models"].values()):
        # programs that know of no models can read it then
        del values["models"]
    if settings.overrides:
        values["recordings"] = settings.overrides
    write_toml(path, values, _HEAD)


def read_recording_info(path: Path, override: dict[str, Any]) -> RecordingInfo:
    """Read a `recording.toml`; values of `override` go before what it says.

    Raises
    ------
    InputError
        If it is missing or broken, or a key or value is wrong.
    """
    own = validate_settings(RecordingInfo, read_toml(path), path)
    if not override:
        return own
    return RecordingInfo.model_validate({**own.model_dump(), **override})


def recording_info_text(info: RecordingInfo) -> str:
    """Text of a `recording.toml`."""
    return toml_text(info.model_dump(mode="json"), _RECORDING_HEAD)


def config_for_classes(classes: Sequence[str]) -> StudyConfig:
    """Settings of a new study for the classes that a model knows.

    Parameters
    ----------
    classes
        Names, in order; none for the paper's three.

    Raises
    ------
    InputError
        If a name cannot be that of a class in a study.
    """
    if set(classes) <= {one.name for one in DEFAULT_CLASSES}:
        return StudyConfig()
    free = [letter for letter in _LETTERS if letter not in SPECIAL_KEYS.values()]
    made = []
    for k, name in enumerate(classes):
        wanted = [letter for letter in name.upper() if letter in free]
        key = (wanted or free)[0]
        free.remove(key)
        made.append({"name": name, "key": key, "colour": PALETTE[k % len(PALETTE)]})
    try:
        return StudyConfig(classes=tuple(StudyClass(**one) for one in made))
    except ValueError as error:
        raise InputError(
            f"The model's classes ({', '.join(classes)}) cannot be those of a study "
            f"({_reason(error)}); make the study.toml by hand, or give another model."
        ) from error


def _reason(error: ValueError) -> str:
    from pydantic import ValidationError

    from napari_cellid.study.toml import validation_message

    return (
        validation_message(error) if isinstance(error, ValidationError) else str(error)
    )


def _check_format(found: Any, path: Path) -> None:
    if not isinstance(found, int) or isinstance(found, bool) or found < 1:
        raise InputError(
            f"{path}: format is {found!r}, but {FORMAT_VERSION} is wanted."
        )
    if found > FORMAT_VERSION:
        raise InputError(
            f"{path} was made by a newer napari-cellid (format {found}, this one reads "
            f"up to {FORMAT_VERSION}); install the newest napari-cellid."
        )
