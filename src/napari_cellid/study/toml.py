"""Reading and writing of TOML files, with one sentence for each kind of error.

A file that people edit keeps their comments, their order and their layout when the
program writes it: only values that changed are replaced (`toml_edit`).
"""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import ValidationError

from napari_cellid.errors import InputError, file_reason
from napari_cellid.files import atomic_write
from napari_cellid.study.toml_edit import edited_text, toml_text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from pydantic_core import ErrorDetails

    from napari_cellid.config import Config

C = TypeVar("C", bound="Config")


def read_toml(path: Path) -> dict[str, Any]:
    """Read a TOML file.

    Raises
    ------
    InputError
        If it is missing, unreadable or not TOML.
    """
    try:
        # editors of Windows may put a byte order mark before the text
        return tomllib.loads(path.read_text("utf-8-sig"))
    except FileNotFoundError as error:
        raise InputError(
            f"{path} is missing; restore it from a copy of the study."
        ) from error
    except OSError as error:
        raise InputError(
            f"{path} cannot be read ({file_reason(error)}); check its permissions."
        ) from error
    except UnicodeDecodeError as error:
        raise InputError(
            f"{path} is not text in UTF-8; save it again with that encoding."
        ) from error
    except tomllib.TOMLDecodeError as error:
        reason = str(error).rstrip(".")
        raise InputError(
            f"{path} is not valid TOML ({reason}); correct that line in a text editor."
        ) from error


def write_toml(path: Path, values: Mapping[str, Any], head: Sequence[str]) -> None:
    """Write a TOML file, completely or not at all.

    A file that exists keeps its comments and the order of its keys; a new one gets a
    comment at its head.

    Raises
    ------
    InputError
        If it cannot be written; an existing file is left unchanged.
    """
    try:
        text = edited_text(path.read_text("utf-8-sig"), values)
    except (OSError, UnicodeDecodeError):
        text = None  # there is none, or nothing in it can be kept
    try:
        with atomic_write(path) as temporary:
            temporary.write_text(text or toml_text(values, head), "utf-8", newline="\n")
    except OSError as error:
        raise InputError(
            f"{path} cannot be written ({file_reason(error)}) and was left as it "
            "was; check the permissions and the free space."
        ) from error


def validate_settings(model: type[C], values: Any, path: Path, where: str = "") -> C:
    """Validate the values of a file as settings.

    Parameters
    ----------
    model
        Class of the settings.
    values
        Values of the file.
    path
        Path of the file, for the message.
    where
        Key of the values in the file, such as `vote`.

    Raises
    ------
    InputError
        If a key is unknown or a value is not allowed.
    """
    try:
        return model.model_validate(values)
    except ValidationError as error:
        raise InputError(f"{path}: {validation_message(error, where)}.") from error


def validation_message(error: ValidationError, where: str = "") -> str:
    """Describe the first error in some settings in one sentence."""
    first = error.errors(include_url=False)[0]
    key = _key([*([where] if where else []), *first["loc"]])
    kind, given = first["type"], first["input"]
    if kind == "extra_forbidden":
        return f"the key {key} is unknown; remove it, or correct its spelling"
    if kind == "missing":
        return f"the key {key} is missing; add it"
    if kind == "value_error":
        reason = str(first.get("ctx", {}).get("error", first["msg"])).rstrip(".")
        return f"{key}: {reason}" if key else reason
    return f"{key} is {_shown(given)}, but {_expected(first)} is expected"


def _expected(error: ErrorDetails) -> str:
    limits = error.get("ctx", {})
    if error["type"] == "literal_error":
        return str(limits["expected"])
    if error["type"] == "string_pattern_mismatch":
        return _PATTERNS.get(str(error["loc"][-1]), f"text like {limits['pattern']}")
    templates = {
        "greater_than": "a number above {gt}",
        "greater_than_equal": "a number of at least {ge}",
        "less_than": "a number below {lt}",
        "less_than_equal": "a number of at most {le}",
        "too_short": "a list of at least {min_length}",
        "too_long": "a list of at most {max_length}",
        "string_too_short": "text",
        "string_too_long": "text of at most {max_length} letters",
    }
    if error["type"] in templates:
        return templates[error["type"]].format(**limits)
    return _TYPES.get(error["type"], error["msg"].lower().removeprefix("input should "))


_PATTERNS = {
    "key": "one capital letter from A to Z",
    "colour": 'a colour such as "#e69f00"',
    "name": "a name without commas, semicolons or quotes, or spaces at its ends",
}
_TYPES = {
    "string_type": "text in quotes",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "finite_number": "a finite number",
    "tuple_type": "a list",
    "model_type": "a table",
    "dict_type": "a table",
}


def _key(parts: Sequence[int | str]) -> str:
    """Path of a key, such as `classes[2].key` for the second class, from one."""
    text = ""
    for part in parts:
        if isinstance(part, int):
            text += f"[{part + 1}]"
        else:
            text += f".{part}" if text else part
    return text


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
