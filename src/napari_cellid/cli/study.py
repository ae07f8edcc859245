"""Work in a study: napari-cellid annotate, merge, answers and restore."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_cellid.cli.demo import has_display
from napari_cellid.cli.parser import add_output_style
from napari_cellid.cli.signals import restore_default_signals
from napari_cellid.errors import InputError

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Callable, Mapping

    from napari_cellid.cli.console import Console

    Run = Callable[[Namespace, Console], None]


def add_commands(commands: Any) -> None:
    """Add annotate, merge, answers and restore to the subparsers."""
    parser = _command(
        commands, "annotate", "open a study in napari and label cells", run_annotate
    )
    parser.add_argument(
        "--annotator", metavar="NAME", help="your name (default: napari asks)"
    )
    parser = _command(
        commands, "merge", "add the answers of another copy of a study", run_merge
    )
    parser.add_argument(
        "--from", dest="other", type=Path, metavar="OTHER_COPY", required=True,
        help="the other copy; it is only read",
    )  # fmt: skip
    _add_answers(commands)
    parser = _command(
        commands,
        "restore",
        "restore a person's answers to an earlier time",
        run_restore,
    )
    parser.add_argument(
        "--annotator", metavar="NAME", required=True, help="whose answers"
    )
    parser.add_argument(
        "--to", metavar="TIME", required=True,
        help='such as "2026-11-20 14:30", in your time zone unless it names another '
        "(2026-11-20T14:30Z); later answers stay in the journal",
    )  # fmt: skip


def run_annotate(arguments: Namespace, console: Console) -> None:
    """Open a study in napari; return when the window is closed."""
    from napari_cellid.study.study import Study

    study = Study.open(arguments.study)
    if arguments.annotator is not None:
        from napari_cellid.annotation.annotators import journal_path

        # refuses a wrong name before the window opens
        journal_path(study.annotations, arguments.annotator)
    console.notes(study.problems)
    # Qt draws without a display if it is told to, as in tests
    if not (has_display() or os.environ.get("QT_QPA_PLATFORM")):
        raise InputError(
            "napari needs a display, but this computer has none; open the study on a "
            "computer with a screen."
        )
    try:
        from napari_cellid.widgets.annotate.open_study import show_study

        restore_default_signals()
        show_study(study.path, arguments.annotator)
    except ImportError as error:
        raise InputError(f"napari cannot be opened: {error}") from error


def run_merge(arguments: Namespace, console: Console) -> None:
    """Add the journals and recordings of another copy of the study."""
    from napari_cellid.study.merge import merge_studies
    from napari_cellid.study.study import Study

    study, other = Study.open(arguments.study), Study.open(arguments.other)
    console.notes(study.problems)
    merged = merge_studies(study, other)
    console.notes(merged.notes)
    lines = _counts(merged.new_answers, "new line")
    lines += [f"New recording: {name}" for name in merged.recordings]
    values = {
        "study": str(study.path),
        "lines": merged.new_answers,
        "recordings": list(merged.recordings),
    }
    console.result(values, lines or ["The other copy has nothing new."])


def run_export(arguments: Namespace, console: Console) -> None:
    """Write the current answers as CSV."""
    from napari_cellid.study.csv_exchange import export_study_answers
    from napari_cellid.study.study import Study

    if arguments.out.is_dir():
        raise InputError(
            f"{arguments.out} is a folder; give the name of a file with --out."
        )
    given = export_study_answers(Study.open(arguments.study), arguments.out)
    console.notes(given.notes)
    values = {"file": str(arguments.out), "answers": given.answers}
    console.result(values, [*_counts(given.answers), f"Written: {arguments.out}"])


def run_import(arguments: Namespace, console: Console) -> None:
    """Import answers of people who work without napari."""
    from napari_cellid.study.csv_exchange import import_study_answers
    from napari_cellid.study.study import Study

    study = Study.open(arguments.study)
    taken = import_study_answers(study, arguments.file)
    console.notes(taken.notes)
    values = {"study": str(study.path), "answers": taken.answers}
    console.result(values, _counts(taken.answers) or ["The file has no new answers."])


def run_restore(arguments: Namespace, console: Console) -> None:
    """Restore a person's answers to an earlier time."""
    from napari_cellid.annotation.annotators import (
        annotator_from_path,
        journal_path,
        list_annotators,
    )
    from napari_cellid.annotation.journal import Journal
    from napari_cellid.study.study import Study

    time = read_time(arguments.to)
    study = Study.open(arguments.study)
    name = annotator_from_path(journal_path(study.annotations, arguments.annotator))
    known = list_annotators(study.annotations)
    if name not in known:
        raise InputError(
            f"{name} has no answers in {study.path}; choose one of "
            f"{', '.join(known) or 'nobody yet'}."
        )
    journal = Journal.open(study.annotations, name, check=study.check_present)
    try:
        n = journal.restore(time)
    finally:
        journal.close()
    console.notes(journal.problems)
    local_time = time.astimezone().isoformat(" ", "seconds")
    console.result(
        {"annotator": name, "to": time.isoformat(), "lines": n},
        [
            f"The answers of {name} are as they were at {local_time} "
            f"({n} {'was' if n == 1 else 'were'} different)."
        ],
    )


def read_time(text: str) -> datetime:
    """Parse a time, local unless it has a time zone; return it in UTC.

    Raises
    ------
    InputError
        If it is not a time, or lies in the future.
    """
    try:
        time = datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise InputError(
            f"{text!r} is not a time; give it as 2026-11-20 14:30 with --to."
        ) from error
    if time > datetime.now(UTC):
        raise InputError(f"{text} is in the future; give an earlier time with --to.")
    return time


def _add_answers(commands: Any) -> None:
    what = "export answers to a CSV file, or import them"
    parser = commands.add_parser(
        "answers", help=what, description=f"{what[0].upper()}{what[1:]}."
    )
    add_output_style(parser)
    actions = parser.add_subparsers(title="what to do", metavar="ACTION", required=True)
    export = _command(actions, "export", "write the current answers", run_export)
    export.add_argument(
        "--out", type=Path, metavar="FILE.csv", required=True, help="the file to write"
    )
    taken = _command(
        actions, "import", "import answers of people without napari", run_import
    )
    taken.add_argument(
        "file", type=Path, metavar="FILE.csv",
        help="columns recording, cell (or plane, y, x), annotator and answer",
    )  # fmt: skip


def _counts(answers: Mapping[str, int], what: str = "answer") -> list[str]:
    return [
        f"{name}: {n} {what if n == 1 else what + 's'}"
        for name, n in answers.items()
        if n
    ]


def _command(commands: Any, name: str, what: str, run: Run) -> ArgumentParser:
    parser: ArgumentParser = commands.add_parser(
        name, help=what, description=f"{what[0].upper()}{what[1:]}."
    )
    parser.set_defaults(run=run)
    parser.add_argument("study", type=Path, metavar="STUDY", help="folder of the study")
    add_output_style(parser)
    return parser
