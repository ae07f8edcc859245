"""Settings of a study: `study.toml`, and the `recording.toml` of each recording."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from napari_cellid.annotation.lock import locked
from napari_cellid.config import RecordingInfo, StudyConfig
from napari_cellid.config.markers import DEFAULT_CLASSES
from napari_cellid.errors import InputError
from napari_cellid.naming import check_name, clean_name
from napari_cellid.study.toml import read_toml, validate_settings, write_toml
from napari_cellid.study.toml_edit import toml_text

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping
    from pathlib import Path

STUDY_FILE, RECORDING_FILE = "study.toml", "recording.toml"
#: what the text fields of a recording name
_NAMED = {"animal": "animal", "subvolume": "sub-volume"}
#: version of the format; increased when older programs cannot read the folder
FORMAT_VERSION = 3

_HEAD = (
    "A study of napari-cellid: the classes that cells can have, how votes are counted,",
    "and, under [recordings.<name>], what is to be known of a recording in place of",
    "what its own recording.toml says (title, animal, subvolume, pixel_size_um).",
)
_RECORDING_HEAD = (
    "What a study knows of this recording; a table [recordings.<name>] in study.toml",
    "goes before it.",
)


@dataclass(frozen=True)
class StudySettings:
    """Content of `study.toml`.

    Parameters
    ----------
    config
        Classes, vote rule and other settings.
    overrides
        For names of recordings, values that override those of their own file.
    """

    config: StudyConfig = field(default_factory=StudyConfig)
    overrides: dict[str, dict[str, Any]] = field(default_factory=dict)


def read_settings(path: Path) -> StudySettings:
    """Read a `study.toml`.

    Raises
    ------
    InputError
        If it is empty or not TOML, was made by a newer version, or has a wrong key or
        value.
    """
    values = read_toml(path)
    if not values:
        # default classes and no titles would be shown, and written with the next change
        raise InputError(
            f"{path} is empty, as after a full disk or an interrupted copy; restore it "
            f"from a copy of the study, or write format = {FORMAT_VERSION} into it to "
            "begin with the default classes."
        )
    _check_format(values.pop("format", FORMAT_VERSION), path)
    overrides = values.pop("recordings", {})
    if not {"scheme", "classes"} & values.keys():
        # written by an earlier version with the classes of its time, which were the
        # paper's: nobody has said what red marks
        names = [{**one.model_dump(), "markers": ""} for one in DEFAULT_CLASSES]
        values["classes"] = names
    config = validate_settings(StudyConfig, values, path)
    tables = overrides if isinstance(overrides, dict) else {"": overrides}
    for name, table in tables.items():
        where = f"recordings.{name}" if name else "recordings"
        # with a value for the only setting without a default, to check the others
        given = {"pixel_size_um": 1.0, **table} if isinstance(table, dict) else table
        validate_settings(RecordingInfo, given, path, where)
    return StudySettings(config, tables)


def write_settings(path: Path, settings: StudySettings) -> None:
    """Write a `study.toml`; comments and order of an existing one stay.

    Raises
    ------
    InputError
        If it cannot be written.
    """
    values = {"format": FORMAT_VERSION, **settings.config.model_dump(mode="json")}
    if not any(values["models"].values()):
        del values["models"]
    if values["scheme"] is None:
        del values["scheme"]
    # people read and edit this file, so what says nothing is left out
    for cell_class in values["classes"]:
        for key in ("aliases", "hidden", "markers"):
            if not cell_class[key]:
                del cell_class[key]
    if settings.overrides:
        values["recordings"] = settings.overrides
    write_toml(path, values, _HEAD)


def current_settings(path: Path, default: StudySettings) -> StudySettings:
    """The settings that a `study.toml` has now; `default` if there is none yet.

    Raises
    ------
    InputError
        As `read_settings`.
    """
    return read_settings(path) if path.exists() else default


def edit_settings(
    path: Path,
    default: StudySettings,
    edit: Callable[[StudySettings], StudySettings],
) -> StudySettings:
    """Change a `study.toml` as it is now; one that stays the same is not written.

    Parameters
    ----------
    path
        The file.
    default
        Settings that are changed if there is no file yet.
    edit
        Gets the settings of the file, which another window may have changed since it
        was read, and returns changed ones.

    Raises
    ------
    InputError
        If the change is not possible, or the file cannot be read or written.
    """
    with locked(path, "a change of the settings"):
        before = current_settings(path, default)
        settings = edit(before)
        if settings != before or not path.exists():
            write_settings(path, settings)
    return settings


def override_infos(
    settings: StudySettings,
    values_by_recording: Mapping[str, Mapping[str, str]],
    current: Mapping[str, RecordingInfo],
) -> StudySettings:
    """Give recordings another animal or sub-volume, in `study.toml` alone.

    Parameters
    ----------
    settings
        Settings of the study.
    values_by_recording
        For names of recordings, values of `animal`, `subvolume` or both.
    current
        What is known of these recordings; values that stay the same add nothing.

    Raises
    ------
    InputError
        If a value has characters that cannot be seen.
    """
    overrides = {name: dict(table) for name, table in settings.overrides.items()}
    for name, values in values_by_recording.items():
        for key, value in values.items():
            if value.strip() != getattr(current[name], key):
                new = check_name(value, _NAMED[key])
                overrides.setdefault(table_name(overrides, name), {})[key] = new
    return replace(settings, overrides=overrides)


def table_name(overrides: Collection[str], name: str) -> str:
    """Name of the table of a recording in `study.toml`, as it is written there.

    A Mac decomposes the umlauts in the names of folders that it copies.

    Parameters
    ----------
    overrides
        Names of the tables that there are.
    name
        Name of the recording.
    """
    if name in overrides:
        return name
    same = (other for other in overrides if clean_name(other) == clean_name(name))
    return next(same, name)


def read_recording_info(path: Path, override: dict[str, Any]) -> RecordingInfo:
    """Read a `recording.toml`; values in `override` replace those of the file.

    Raises
    ------
    InputError
        If it is missing or cannot be read, or has a wrong key or value.
    """
    own = validate_settings(RecordingInfo, read_toml(path), path)
    if not override:
        return own
    return RecordingInfo.model_validate({**own.model_dump(), **override})


def recording_info_text(info: RecordingInfo) -> str:
    """Text of a `recording.toml`."""
    # TOML has no null, and what is usual need not be said
    values = info.model_dump(mode="json", exclude_none=True)
    if not info.size_assumed:
        del values["size_assumed"]
    for key in ("bleed_through", "title"):
        if not values[key]:
            del values[key]
    return toml_text(values, _RECORDING_HEAD)


def _check_format(version: Any, path: Path) -> None:
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        raise InputError(
            f"{path}: format is {version!r}, but {FORMAT_VERSION} is expected."
        )
    if version > FORMAT_VERSION:
        raise InputError(
            f"{path} was made by a newer napari-cellid (format {version}, this one "
            f"reads up to {FORMAT_VERSION}); install the newest napari-cellid."
        )
