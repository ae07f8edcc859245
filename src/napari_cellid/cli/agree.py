"""napari-cellid agree: agreement between annotators, and the result of their votes."""

from __future__ import annotations

import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_cellid.cli.parser import add_output_style
from napari_cellid.cli.settings_options import add_settings, given_settings
from napari_cellid.config import VoteConfig
from napari_cellid.errors import InputError
from napari_cellid.report.agreement_text import (
    agreement_lines,
    agreement_values,
    quality_values,
)
from napari_cellid.report.vote_text import uncounted_notes, vote_lines

if TYPE_CHECKING:
    from argparse import Namespace

    import pandas as pd

    from napari_cellid.agreement.dawid_skene import AnnotatorReliability
    from napari_cellid.cli.console import Console
    from napari_cellid.config import StudyConfig
    from napari_cellid.study.study import Study

_OWN = dict.fromkeys(VoteConfig.model_fields, "the study's own")


def add_commands(commands: Any) -> None:
    """Add agree to the subparsers."""
    parser = commands.add_parser(
        "agree",
        help="measure how well annotators agree, and count their votes",
        description="Measures how well the annotators of a study agree, counts their "
        "votes, and writes STUDY/consensus.csv.",
    )
    parser.set_defaults(run=run_agree)
    parser.add_argument("study", type=Path, metavar="STUDY", help="folder of the study")
    parser.add_argument(
        "--quality", action="store_true",
        help="also estimate the accuracy of each annotator (Dawid and Skene), and the "
        "most probable class of each cell",
    )  # fmt: skip
    parser.add_argument(
        "--replace", action="store_true",
        help="replace a consensus.csv that has votes of annotators whose journals are "
        "gone",
    )  # fmt: skip
    add_output_style(parser)
    add_settings(parser, "how votes are counted", VoteConfig, defaults=_OWN)


def run_agree(arguments: Namespace, console: Console) -> None:
    """Measure agreement, count votes, and write the consensus table."""
    from napari_cellid.agreement.summary import measure_agreement
    from napari_cellid.agreement.vote import count_decisions
    from napari_cellid.annotation.all_answers import read_annotations
    from napari_cellid.study.consensus import count_matched_votes, with_estimates
    from napari_cellid.study.study import Study
    from napari_cellid.study.uncounted import find_uncounted

    started = time.perf_counter()
    study = Study.open(arguments.study)
    config = _config(study.config, arguments)
    annotations = read_annotations(study.annotations)
    problems = [*study.problems, *annotations.problems]
    console.notes(problems)
    resolved = study.match_answers(annotations.all_answers)
    answers, lost = resolved.current(), resolved.current_unmatched()
    agreement = measure_agreement(answers, config, all_answers=resolved.all_answers)
    table = count_matched_votes(study.cells(), resolved, config.vote)
    quality = _quality(answers, config) if arguments.quality else None
    if quality is not None:
        table = with_estimates(table, quality.estimates)
    written = _write(study, table, replace=arguments.replace)
    uncounted = find_uncounted(study, resolved)
    notes = [*agreement.notes, *uncounted_notes(uncounted)]
    console.notes(notes)
    counts = count_decisions(table, config.class_names)
    values = {
        "study": str(study.path),
        "file": str(written) if isinstance(written, Path) else None,
        "rule": config.vote.model_dump(mode="json"),
        "consensus": counts.decided,
        "adjudicated": counts.adjudicated,
        "settled_unsure": counts.settled_unsure,
        "disputed": counts.disputed,
        "too_few": counts.too_few,
        "unanswered": counts.unanswered,
        **agreement_values(agreement),
        "quality": None if quality is None else quality_values(quality),
        "unmatched": len(lost),
        "uncounted": [asdict(one) for one in uncounted],
        "problems": problems,
        "notes": notes,
        "seconds": round(time.perf_counter() - started, 2),
    }
    if annotations.all_answers.empty:
        lines = ["Nobody has answered a cell of this study yet."]
    else:
        lines = [*agreement_lines(agreement, quality, study.titles), ""]
        lines += vote_lines(counts, config.vote)
    if isinstance(written, InputError):
        # after the figures, which do not need the file
        console.result(values, lines)
        raise written
    console.result(values, [*lines, f"Written: {written}"])


def _write(study: Study, table: pd.DataFrame, *, replace: bool) -> Path | InputError:
    """Write the consensus table; return its path, or why it could not be written."""
    from napari_cellid.study.consensus import write_consensus

    try:
        return write_consensus(study, table, replace=replace)
    except InputError as error:
        return error


def _config(config: StudyConfig, arguments: Namespace) -> StudyConfig:
    given = given_settings(arguments, VoteConfig)
    return config.model_copy(update={"vote": config.vote.model_copy(update=given)})


def _quality(answers: pd.DataFrame, config: StudyConfig) -> AnnotatorReliability:
    from napari_cellid.agreement.dawid_skene import estimate_reliability

    return estimate_reliability(answers, config)
