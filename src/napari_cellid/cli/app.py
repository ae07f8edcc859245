"""The program napari-cellid: its commands, and how it ends."""

from __future__ import annotations

import logging
import os
import sys
from typing import TYPE_CHECKING

from napari_cellid import __version__
from napari_cellid.cli import (
    agree,
    demo,
    identify,
    models,
    runs,
    simulate,
    study,
    train,
)
from napari_cellid.cli.console import make_console
from napari_cellid.cli.parser import Parser
from napari_cellid.device import share_cores
from napari_cellid.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

#: exit codes: input that cannot be used, and Ctrl-C as shells count it
INPUT_ERROR, INTERRUPTED = 2, 130


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code.

    Parameters
    ----------
    argv
        What follows the program's name; by default what it was started with.

    Returns
    -------
    0, or 2 for input that cannot be used, or 130 after Ctrl-C.
    """
    words = sys.argv[1:] if argv is None else list(argv)
    # before the words are understood, so that mistakes in them are told alike
    console = make_console(as_json="--json" in words, quiet="--quiet" in words)
    _prepare_streams()
    share_cores()
    try:
        arguments = build_parser().parse_args(words)
        with console:
            arguments.run(arguments, console)
            sys.stdout.flush()
    except SystemExit as end:
        # argparse has printed the help or the version
        return int(end.code or 0)
    except KeyboardInterrupt:
        console.error("stopped by Ctrl-C; no file was left half-written.")
        return INTERRUPTED
    except BrokenPipeError:
        return _reader_gone()
    except InputError as error:
        console.error(str(error))
        return INPUT_ERROR
    except OSError as error:
        console.error(_about_file(error))
        return INPUT_ERROR
    return 0


def build_parser() -> Parser:
    """Make the parser of all commands."""
    parser = Parser(
        prog="napari-cellid",
        description="Which cell is which: outlines cells in two-photon images of two "
        "channels (red mCherry nuclei, green GCaMP) and tells excitatory, inhibitory "
        "and glia.",
        epilog="napari-cellid COMMAND --help tells more of a command.",
    )
    parser.add_argument(
        "--version", action="version", version=f"napari-cellid {__version__}"
    )
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for module in (identify, study, agree, train, runs, simulate, models, demo):
        module.add_commands(commands)
    return parser


def _prepare_streams() -> None:
    # what tifffile warns of becomes our own sentence, or does not matter
    logging.getLogger("tifffile").setLevel(logging.CRITICAL)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            # a terminal that lacks µ shows another sign instead of failing
            stream.reconfigure(errors="replace")


def _about_file(error: OSError) -> str:
    reason = error.strerror or str(error) or type(error).__name__
    if error.filename is None:
        return f"The system refused ({reason}); check the disk and its free room."
    return (
        f"{error.filename} cannot be read or written ({reason}); check the path, its "
        "permissions and the free room."
    )


def _reader_gone() -> int:
    # `napari-cellid models | head`: what is left to print goes nowhere, quietly
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 1
