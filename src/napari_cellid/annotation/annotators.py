"""Names of annotators, and the file names of their journals."""

from __future__ import annotations

import os
import re
import unicodedata
from typing import TYPE_CHECKING
from urllib.parse import unquote

from napari_cellid.errors import InputError, file_reason
from napari_cellid.naming import check_name, is_device

if TYPE_CHECKING:
    from pathlib import Path

JOURNAL_SUFFIX = ".jsonl"
#: longest name: the file name, also of a temporary file, stays below 255 bytes in any
#: script
_MAX_LENGTH = 50
#: characters that some system refuses in file names, and % of the encoding itself
_ILLEGAL = re.compile(r'[<>:"/\\|?*%]|^\.|\.$')


def clean_name(annotator: str) -> str:
    """Check a new annotator's name, and normalise it: NFC form, single spaces.

    Raises
    ------
    InputError
        If the name is empty or too long, or has characters that cannot be seen.
    """
    name = _stored(annotator)
    if not normalised_name(name):
        raise InputError("The annotator's name is empty; give your name or initials.")
    if len(name) > _MAX_LENGTH:
        raise InputError(
            f"The annotator's name '{name[:20]}…' has {len(name)} letters; use at most "
            f"{_MAX_LENGTH}."
        )
    try:
        check_name(name, "annotator")
    except InputError as error:
        raise InputError(
            f"The annotator's name {name!r} has characters that cannot be seen; use "
            "letters, digits and spaces."
        ) from error
    return name


def normalised_name(name: str) -> str:
    """Normalise a name so that case and Unicode form make no difference."""
    plain = unicodedata.normalize("NFKC", name).casefold()
    plain = "".join(char for char in plain if not _is_format(char))
    return unicodedata.normalize("NFKC", " ".join(plain.split()))


def journal_path(folder: Path, annotator: str) -> Path:
    """Path of an annotator's journal, which may not exist yet.

    The file has the annotator's name; a character that some system refuses in file
    names is written as `%` and two hexadecimal digits. A name that has a journal is not
    checked.

    Raises
    ------
    InputError
        If the name cannot be used, or another name in the folder differs from it only
        in case or Unicode form.
    """
    name, files = _stored(annotator), journal_files(folder)
    own = [file for other, file in files if other == name]
    if not own:
        name = clean_name(annotator)
        _refuse_similar_name(name, [other for other, _ in files])
    path = folder / (_encoded(name) + JOURNAL_SUFFIX)
    # macOS may have decomposed the letters of the file name
    return path if path in own or not own else own[0]


def check_no_link(path: Path) -> None:
    """Check that writing to a journal does not write outside its study.

    Raises
    ------
    InputError
        If the journal is a link to a file outside the study.
    """
    study = path.parent.resolve().parent
    if path.is_symlink() and not path.resolve().is_relative_to(study):
        raise InputError(
            f"The journal {path} is a link to {path.resolve()}, outside the study, so "
            "nothing is written to it; put the file itself in its place."
        )


def annotator_from_path(path: Path) -> str:
    """Name of the annotator whose journal a file is."""
    name = unquote(path.name.removesuffix(JOURNAL_SUFFIX))
    return unicodedata.normalize("NFC", name)


def list_annotators(folder: Path) -> tuple[str, ...]:
    """Names of the annotators with a journal in a folder, sorted."""
    return tuple(sorted({name for name, _ in journal_files(folder)}))


def journal_files(folder: Path) -> list[tuple[str, Path]]:
    """Names of annotators and their journals in a folder, sorted by file name.

    Raises
    ------
    InputError
        If the folder cannot be read.
    """
    try:
        # not `glob`, for which a folder that cannot be read is empty
        with os.scandir(folder) as entries:
            names = [entry.name for entry in entries if _is_journal(entry)]
        return [
            (annotator_from_path(p), p) for p in (folder / n for n in sorted(names))
        ]
    except FileNotFoundError:
        return []
    except OSError as error:
        raise InputError(
            f"The folder {folder} cannot be read ({file_reason(error)}); make it a "
            "folder "
            "that you can read."
        ) from error


def _is_journal(entry: os.DirEntry[str]) -> bool:
    # hidden files: left by a crash, or made by macOS
    hidden = entry.name.startswith(".")
    return entry.name.endswith(JOURNAL_SUFFIX) and not hidden and entry.is_file()


def _stored(annotator: str) -> str:
    return unicodedata.normalize("NFC", " ".join(annotator.split()))


def _encoded(name: str) -> str:
    safe = _ILLEGAL.sub(lambda match: _percent(match[0]), name)
    return _percent(safe[0]) + safe[1:] if is_device(safe) else safe


def _percent(char: str) -> str:
    return f"%{ord(char):02X}"


def _refuse_similar_name(name: str, others: list[str]) -> None:
    for other in others:
        if normalised_name(other) == normalised_name(name):
            raise InputError(
                f"There is already a journal of '{other}', and '{name}' differs only "
                f"in how it is written; use '{other}' if that is the same person, or "
                "choose another name."
            )


def _is_format(char: str) -> bool:
    """Whether a character only formats others, such as a zero-width joiner."""
    return unicodedata.category(char) == "Cf"
