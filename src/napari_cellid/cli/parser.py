"""Options of the command line; options of settings come from their definitions."""

from __future__ import annotations

import argparse
import math
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NoReturn, TypeVar, get_args, get_origin

from pydantic import ValidationError

from napari_cellid.config import SchemeName, parse_scheme
from napari_cellid.config.base import choices_and_number
from napari_cellid.errors import InputError

if TYPE_CHECKING:
    from argparse import Action, Namespace
    from collections.abc import Callable, Collection, Mapping, Sequence

    from pydantic.fields import FieldInfo

    from napari_cellid.config import Config, Scheme

C = TypeVar("C", bound="Config")

#: in place of a diameter that is to be estimated
AUTO = "auto"

_CHANNEL_ORDERS = ("interleaved", "blocks", "last", "side-by-side", "stacked")


class _Help(argparse.ArgumentDefaultsHelpFormatter):
    """Shows the default of an option, if it has one."""

    def _get_help_string(self, action: Action) -> str | None:
        if action.default is None or action.default is False:
            return action.help
        return super()._get_help_string(action)


class Parser(argparse.ArgumentParser):
    """Reports errors in one sentence, without the usage."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(allow_abbrev=False, formatter_class=_Help, **settings)

    def parse_known_args(  # type: ignore[override]
        self, args: Sequence[str] | None = None, namespace: Namespace | None = None
    ) -> tuple[Namespace, list[str]]:
        """Parse arguments; unknown ones are an error of the command that got them.

        argparse itself would report them as an error of the whole program.
        """
        arguments, unknown = super().parse_known_args(args, namespace)
        if unknown:
            self.error(f"unrecognized arguments: {' '.join(unknown)}")
        return arguments, unknown

    def error(self, message: str) -> NoReturn:
        """Raise the error of the command line.

        Raises
        ------
        InputError
            Always.
        """
        raise InputError(f"{message}; see {self.prog} --help.")


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


def add_recording(parser: argparse.ArgumentParser) -> None:
    """Add the options that name the recording and describe its files."""
    group = parser.add_argument_group("recording")
    group.add_argument(
        "file",
        nargs="?",
        type=Path,
        metavar="FILE",
        help="file or folder with both channels",
    )
    group.add_argument(
        "--red", type=Path, metavar="R.tif", help="red channel (mCherry)"
    )
    group.add_argument(
        "--green", type=Path, metavar="G.tif", help="green channel (GCaMP)"
    )
    group.add_argument(
        "--pixel-size", type=_positive, metavar="UM",
        help="edge of a pixel in µm, above 0; replaces the value in the file, and is "
        "needed if there is none. Images are brought to the pixel size of the models "
        "with it, and sizes of cells are measured with it",
    )  # fmt: skip
    group.add_argument(
        "--diameter", type=_diameter, metavar="PX",
        help="diameter of a usual soma in px, or auto to estimate it from the image; "
        "images are then brought to the scale of the models with it, whatever the "
        "pixel size. Without a pixel size, µm are assumed from it",
    )  # fmt: skip
    group.add_argument("--name", help="name of the recording (default: after the file)")
    group.add_argument(
        "--axes",
        help="axes of the file, such as TYX, ZYX, TCYX or TYXC: T time, Z planes, C "
        "channels (default: from the file)",
    )
    group.add_argument(
        "--channels", type=_whole, metavar="N",
        help="number of channels in FILE, if its header does not name it",
    )  # fmt: skip
    group.add_argument(
        "--channel-order", choices=_CHANNEL_ORDERS,
        help="how the channels lie in FILE: interleaved pages (r g r g, the default), "
        "blocks of pages (all red, then all green), last axis, side by side in each "
        "page, or stacked one above the other",
    )  # fmt: skip
    group.add_argument(
        "--planes", type=_whole, metavar="N",
        help="number of planes of a volume, if the header does not name it",
    )  # fmt: skip
    group.add_argument(
        "--image", metavar="I",
        help="name or index (from 0) of the image to read, in a file with several "
        "positions",
    )  # fmt: skip
    for colour in ("red", "green"):
        group.add_argument(
            f"--{colour}-channel", metavar="C",
            help=f"index (from 0) or name of the {colour} channel in FILE",
        )  # fmt: skip


def add_models(
    parser: argparse.ArgumentParser, *kinds: str, of_study: bool = False
) -> None:
    """Add the options --segmenter or --classifier.

    Parameters
    ----------
    parser
        The parser.
    kinds
        Kinds of model.
    of_study
        Whether a study may have its own models.
    """
    default = "the one that comes with napari-cellid"
    if of_study:
        default = f"that of the study, else {default}"
    words = {
        "segmenter": "outlines cells",
        "classifier": "classifies cells: inception, resnet18, one-pass, both (the mean "
        "of inception and one-pass), or another",
    }
    for kind in kinds:
        parser.add_argument(
            f"--{kind}", metavar="MODEL",
            help=f"name or folder of the model that {words[kind]} (default: {default})",
        )  # fmt: skip


def add_scheme(parser: argparse.ArgumentParser, default: str) -> None:
    """Add the option --scheme; `default` says what holds without it."""
    names = ", ".join(get_args(SchemeName))
    parser.add_argument(
        "--scheme", type=_scheme, metavar="SCHEME",
        help=f"what red marks, from which the names of the classes follow: {names}. "
        "Names are given so: red-subtype=PV, or own=BOTH,GREEN,RED for the cells that "
        f"are red and green, green alone, and red alone (default: {default})",
    )  # fmt: skip


def add_out(
    parser: argparse.ArgumentParser, help_text: str, default: Path | None = None
) -> None:
    """Add the option --out."""
    parser.add_argument(
        "--out", type=Path, metavar="DIR", required=default is None, default=default,
        help=help_text,
    )  # fmt: skip


def add_output_style(parser: argparse.ArgumentParser) -> None:
    """Add the options --quiet and --json."""
    parser.add_argument(
        "--quiet", action="store_true", help="no progress bars and no summary"
    )
    parser.add_argument(
        "--json", action="store_true", help="progress and results as lines of JSON"
    )


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


def _whole(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and 0 < int(text[:9]) < 100_000):
        raise argparse.ArgumentTypeError(
            f"{text!r} was given, but a whole number above 0 is needed, such as 2"
        )
    return int(text)


def _diameter(text: str) -> float | str:
    if text == AUTO:
        return text
    try:
        return _positive(text)
    except argparse.ArgumentTypeError as error:
        raise argparse.ArgumentTypeError(
            f"{text!r} was given, but a number of px above 0 is needed, such as 12, or "
            f"{AUTO} to estimate it from the image"
        ) from error


def _scheme(text: str) -> Scheme:
    try:
        return parse_scheme(text)
    except InputError as error:
        # argparse has a sentence around it, which names the option
        raise argparse.ArgumentTypeError(str(error).rstrip(".")) from error


def _positive(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not (math.isfinite(number) and number > 0):
        raise argparse.ArgumentTypeError(
            f"{text!r} was given, but a number above 0 is needed, such as 1.17"
        )
    return number
