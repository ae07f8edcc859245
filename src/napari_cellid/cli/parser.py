"""The parser of the command line, and options that most commands have."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from napari_cellid.errors import InputError

if TYPE_CHECKING:
    from argparse import Action, Namespace
    from collections.abc import Sequence


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
