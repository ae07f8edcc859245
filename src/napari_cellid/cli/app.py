"""The program napari-cellid: its commands and exit codes."""

from __future__ import annotations

import logging
import os
import sys
from typing import TYPE_CHECKING

from napari_cellid import __version__
from napari_cellid.cli import (
    add_cells,
    agree,
    classify,
    demo,
    evaluate,
    identify,
    import_data,
    models,
    recordings,
    replaced,
    runs,
    scheme,
    simulate,
    study,
    train,
)
from napari_cellid.cli.console import make_console
from napari_cellid.cli.parser import Parser
from napari_cellid.cli.signals import ending_signals, ending_text
from napari_cellid.device import share_cores
from napari_cellid.errors import InputError, file_reason

if TYPE_CHECKING:
    from collections.abc import Sequence

#: exit code for unusable input
INPUT_ERROR = 2


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code.

    Parameters
    ----------
    argv
        Arguments after the program name; by default those of the process.

    Returns
    -------
    0 for success, 2 for unusable input, 128 and the number of the signal that ended
    the program, such as 130 after Ctrl-C.
    """
    words = sys.argv[1:] if argv is None else list(argv)
    # before the arguments are parsed, so that errors in them are printed alike
    console = make_console(as_json="--json" in words, quiet="--quiet" in words)
    _prepare_streams()
    share_cores()
    try:
        with ending_signals():
            arguments = build_parser().parse_args(words)
            with console:
                arguments.run(arguments, console)
                # a reader that is gone is noticed here and not while Python shuts down
                sys.stdout.flush()
    except SystemExit as end:
        # argparse has printed the help or the version
        return int(end.code or 0)
    except KeyboardInterrupt as error:
        signal_name, code = ending_text(error)
        console.error(f"stopped by {signal_name}; no file was left half-written.")
        return code
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
    """Build the parser of all commands."""
    parser = Parser(
        prog="napari-cellid",
        description="Outlines the cells in two-photon images of two channels (a red "
        "marker, green GCaMP) and classifies them, as excitatory, inhibitory or glia, "
        "or by what red marks in your laboratory.",
        epilog="napari-cellid COMMAND --help describes a command.",
    )
    parser.add_argument(
        "--version", action="version", version=f"napari-cellid {__version__}"
    )
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for module in (
        identify,
        classify,
        study,
        add_cells,
        scheme,
        recordings,
        replaced,
        agree,
        train,
        runs,
        evaluate,
        import_data,
        simulate,
        models,
        demo,
    ):
        module.add_commands(commands)
    return parser


def _prepare_streams() -> None:
    # warnings of tifffile become sentences of this program, or do not matter
    logging.getLogger("tifffile").setLevel(logging.CRITICAL)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            # a terminal without µ shows another character instead of failing
            stream.reconfigure(errors="replace")


def _about_file(error: OSError) -> str:
    reason = file_reason(error)
    if error.filename is None:
        return f"The system reported an error ({reason}); check the free disk space."
    return (
        f"{error.filename} cannot be read or written ({reason}); check the path, its "
        "permissions and the free disk space."
    )


def _reader_gone() -> int:
    # `napari-cellid models | head`: the remaining output is discarded
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 1
