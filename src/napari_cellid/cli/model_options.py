"""Options for the models of a command, and for what red marks."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, get_args

from napari_cellid.config import SchemeName, parse_scheme
from napari_cellid.errors import InputError

if TYPE_CHECKING:
    from napari_cellid.config import Scheme


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
    of_package = {
        "segmenter": "the one that comes with napari-cellid",
        "classifier": "both",
    }
    words = {
        "segmenter": "outlines cells",
        "classifier": "classifies cells: inception, resnet18, one-pass, both (the mean "
        "of inception and one-pass), or another",
    }
    for kind in kinds:
        default = of_package[kind]
        if of_study:
            default = f"that of the study, else {default}"
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


def _scheme(text: str) -> Scheme:
    try:
        return parse_scheme(text)
    except InputError as error:
        # argparse has a sentence around it, which names the option
        raise argparse.ArgumentTypeError(str(error).rstrip(".")) from error
