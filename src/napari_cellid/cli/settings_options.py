"""Options of the command line that are made from the definitions of settings."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING, Any, Literal, TypeVar, get_args, get_origin

from pydantic import ValidationError

from napari_cellid.config.base import choices_and_number

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Callable, Collection, Mapping, Sequence

    from pydantic.fields import FieldInfo

    from napari_cellid.config import Config

C = TypeVar("C", bound="Config")


def add_settings(
    parser: argparse.ArgumentParser,
    title: str,
    *configs: type[Config],
    defaults: Mapping[str, str] | None = None,
    without: Collection[str] = (),
) -> None:
    """Add an option for each field of the settings.

    Parameters
    ----------
    parser
        The parser.
    title
        Title of the group in the help.
    configs
        The settings.
    defaults
        Text of the default in the help, if it is not that of the settings.
    without
        Fields without an option.
    """
    shown_defaults = defaults or {}
    group = parser.add_argument_group(title, _sources(configs))
    for config in configs:
        for name, field in config.model_fields.items():
            if name in without:
                continue
            group.add_argument(
                f"--{name.replace('_', '-')}",
                dest=_destination(config, name),
                # absent unless given, because the settings hold the defaults
                default=argparse.SUPPRESS,
                help=_help(field, shown_defaults.get(name, _number(field.default))),
                **_value(config, name, field),
            )


def given_settings(arguments: Namespace, config: type[Config]) -> dict[str, Any]:
    """Collect the settings that were given on the command line."""
    return {
        name: getattr(arguments, _destination(config, name))
        for name in config.model_fields
        if hasattr(arguments, _destination(config, name))
    }


def read_settings(arguments: Namespace, config: type[C]) -> C:
    """Read settings from the command line and their defaults."""
    return config(**given_settings(arguments, config))


def _sources(configs: Sequence[type[Config]]) -> str | None:
    """Return the sources of the numbers in brackets, if the settings have some."""
    for config in configs:
        text = " ".join(str(f.description) for f in config.model_fields.values())
        if "[1]" not in text:
            continue
        about = sys.modules[config.__module__].__doc__ or ""
        for paragraph in about.split("\n\n"):
            if paragraph.startswith("Sources"):
                return " ".join(paragraph.split())
    return None


def _destination(config: type[Config], name: str) -> str:
    return f"{config.__name__}.{name}"


def _value(config: type[Config], name: str, field: FieldInfo) -> dict[str, Any]:
    if field.annotation is bool:
        return {"action": argparse.BooleanOptionalAction}
    if get_origin(field.annotation) is Literal:
        choices = get_args(field.annotation)
        return {"choices": choices, "type": type(choices[0])}
    words, _ = choices_and_number(field)
    return {
        "type": _reader(config, name),
        "metavar": "|".join([*words, "X"])
        if words
        else "N"
        if field.annotation is int
        else "X",
    }


def _reader(config: type[Config], name: str) -> Callable[[str], Any]:
    def read(text: str) -> Any:
        try:
            return getattr(config.model_validate({name: text}), name)
        except ValidationError as error:
            field = config.model_fields[name]
            kind = "a whole number" if field.annotation is int else "a number"
            words, _ = choices_and_number(field)
            kind = " or ".join([", ".join(words), kind] if words else [kind])
            raise argparse.ArgumentTypeError(
                f"{text!r} was given, but {kind} {_range(field)} is needed"
            ) from error

    return read


def _help(field: FieldInfo, default: str) -> str:
    text = (field.description or "").rstrip(".")
    if field.annotation is bool:
        default = "yes" if field.default else "no"
    limits = _range(field)
    shown = f"{limits}; default: {default}" if limits else f"default: {default}"
    return f"{text} ({shown})".replace("%", "%%")


def _range(field: FieldInfo) -> str:
    _, metadata = choices_and_number(field)
    bounds = {
        kind: getattr(limit, kind)
        for limit in metadata
        for kind in ("ge", "gt", "le", "lt")
        if hasattr(limit, kind)
    }
    words = {"ge": "from {}", "gt": "above {}", "le": "to {}", "lt": "below {}"}
    return " ".join(
        words[kind].format(_number(bounds[kind])) for kind in words if kind in bounds
    )


def _number(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
