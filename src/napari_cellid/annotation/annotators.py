"""People's names, and the names of their journals."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING
from urllib.parse import unquote

from napari_cellid.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path

JOURNAL_SUFFIX = ".jsonl"
#: so that the file's name stays below 255 bytes in any script, also while replaced
_LONGEST = 50
#: what some system refuses in a file's name, and the sign of the encoding itself
_ILLEGAL = re.compile(r'[<>:"/\\|?*%]|^\.|\.$')
#: devices of Windows, whatever follows after a dot
_RESERVED = re.compile(
    r"(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9¹²³])\s*(\..*)?$", re.IGNORECASE
)


def clean_name(annotator: str) -> str:
    """A person's name as it is kept: composed letters (NFC), single spaces.

    Raises
    ------
    InputError
        If nothing is left, or it is too long or has signs that cannot be shown.
    """
    name = unicodedata.normalize("NFC", " ".join(annotator.split()))
    if not normalised_name(name):
        raise InputError("The annotator's name is empty; give your name or initials.")
    if len(name) > _LONGEST:
        raise InputError(
            f"The annotator's name '{name[:20]}…' has {len(name)} letters; use at most "
            f"{_LONGEST}."
        )
    if not all(sign.isprintable() or _is_format(sign) for sign in name):
        raise InputError(
            f"The annotator's name {name!r} has signs that cannot be shown; use "
            "letters, digits and spaces."
        )
    return name


def normalised_name(name: str) -> str:
    """What names have in common that differ only in case or Unicode form."""
    plain = unicodedata.normalize("NFKC", name).casefold()
    plain = "".join(sign for sign in plain if not _is_format(sign))
    return unicodedata.normalize("NFKC", " ".join(plain.split()))


def journal_path(folder: Path, annotator: str) -> Path:
    """Where a person's journal lies, or would lie.

    The name is kept readable; what a system refuses in file names is written as
    `%` and two hexadecimal digits.

    Raises
    ------
    InputError
        If the name cannot be used, or differs from one in the folder only in case or
        Unicode form.
    """
    name = clean_name(annotator)
    path = folder / (_encoded(name) + JOURNAL_SUFFIX)
    there = journal_files(folder)
    own = [file for other, file in there if other == name]
    if not own:
        _refuse_twin(name, [other for other, _ in there])
    # a Mac may have written it with decomposed letters
    return path if path in own or not own else own[0]


def annotator_from_path(path: Path) -> str:
    """Whose journal a file is, by its name."""
    name = unquote(path.name.removesuffix(JOURNAL_SUFFIX))
    return unicodedata.normalize("NFC", name)


def list_annotators(folder: Path) -> tuple[str, ...]:
    """Names of the people who have a journal in a folder, sorted."""
    return tuple(sorted({name for name, _ in journal_files(folder)}))


def journal_files(folder: Path) -> list[tuple[str, Path]]:
    """The journals in a folder with their people's names, sorted by file name.

    Raises
    ------
    InputError
        If the folder cannot be read.
    """
    try:
        if not folder.is_dir():
            return []
        # hidden: half-written files of a crash, and what macOS puts beside files
        files = [
            p for p in folder.glob(f"*{JOURNAL_SUFFIX}") if not p.name.startswith(".")
        ]
        return [(annotator_from_path(p), p) for p in sorted(files) if p.is_file()]
    except OSError as error:
        raise InputError(
            f"The folder {folder} cannot be read ({error.strerror}); make it readable."
        ) from error


def _encoded(name: str) -> str:
    safe = _ILLEGAL.sub(lambda sign: _percent(sign[0]), name)
    return _percent(safe[0]) + safe[1:] if _RESERVED.match(safe) else safe


def _percent(sign: str) -> str:
    return f"%{ord(sign):02X}"


def _refuse_twin(name: str, others: list[str]) -> None:
    for other in others:
        if normalised_name(other) == normalised_name(name):
            raise InputError(
                f"There is a journal of '{other}', from which '{name}' differs only in "
                f"how it is written; use '{other}' if that is the same person, or "
                "another name."
            )


def _is_format(sign: str) -> bool:
    """Whether a sign only says how others are shown (a joiner, for one)."""
    return unicodedata.category(sign) == "Cf"
