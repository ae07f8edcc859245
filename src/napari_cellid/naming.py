"""Names that people give and file names: one rule for new names, and safe texts.

A new name is refused where it cannot be shown or written on every computer. Names that
exist are never checked, so that every study opens.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

from napari_cellid.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path

#: longest name of a folder (bytes in UTF-8): temporary names in it are longer, and a
#: file system allows 255
_MAX_BYTES = 180
#: letters of a name that a message repeats
_SHOWN = 40
#: characters that some system refuses in file names
FORBIDDEN = '<>:"/\\|?*'
#: names of devices in Windows, with any suffix
_DEVICE = re.compile(
    r"(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9¹²³])\s*(\..*)?$", re.IGNORECASE
)
#: invisible characters that some scripts and pictures need between letters
_JOINERS = frozenset("\u200c\u200d")
#: control characters, surrogates, separators of lines, and formatting characters, such
#: as those that reverse the direction of writing
_HIDDEN = frozenset({"Cc", "Cs", "Cf", "Zl", "Zp"})


def clean_name(name: str) -> str:
    """A name in the Unicode form NFC, without outer spaces: the form that is compared.

    macOS decomposes the letters of file names, and tables have spaces round them.
    """
    return unicodedata.normalize("NFC", name).strip()


def name_key(name: str) -> str:
    """Two names with the same key cannot be distinguished on some computers."""
    return clean_name(name).casefold()


def is_device(name: str) -> bool:
    """Whether Windows reserves a name for a device, such as CON or COM1."""
    return _DEVICE.match(name) is not None


def check_name(name: str, what: str, remedy: str = "") -> str:
    """Check a new name, of a person, an animal or a class; return its clean form.

    Parameters
    ----------
    name
        The name as it was given; an empty one is accepted.
    what
        What it is the name of, such as "animal".
    remedy
        What to do in place of it; by default which characters to use.

    Raises
    ------
    InputError
        If it has characters that cannot be seen, such as a newline, or ones that
        change how the text around them is read.
    """
    hidden = next((char for char in name if _is_hidden(char)), None)
    if hidden is not None:
        raise InputError(
            f"'{_short(name)}' cannot be the name of {_a(what)}, because it has a "
            f"character that cannot be seen (U+{ord(hidden):04X}); "
            f"{remedy or 'use letters, digits and spaces'}."
        )
    return clean_name(name)


def check_folder_name(name: str, what: str, remedy: str = "") -> str:
    """Check a new name that becomes that of a file or folder; return its clean form.

    Parameters
    ----------
    name
        The name as it was given.
    what
        What it is the name of, such as "recording".
    remedy
        As for `check_name`.

    Raises
    ------
    InputError
        If some computer cannot have a file of this name.
    """
    cleaned = check_name(name, what, remedy)
    reason = _unusable(cleaned)
    if reason:
        remedy = remedy or "use letters, digits, spaces, - and _"
        raise InputError(
            f"'{_short(name)}' cannot be the name of {_a(what)}, because {reason}; "
            f"{remedy}."
        )
    return cleaned


def check_new_path(path: Path, what: str = "folder") -> None:
    """Check the names in a path that does not exist yet, or only its beginning does.

    Raises
    ------
    InputError
        If some computer cannot have a file or folder of one of the new names.
    """
    for part in (path, *path.parents):
        # of a link that leads nowhere, too, the name exists
        if not part.name or part.is_symlink() or part.exists():
            return
        if part.name == "..":
            continue
        # a folder that is hidden on purpose may be chosen
        cleaned = check_folder_name(part.name.removeprefix("."), what)
        if not part.name.endswith(cleaned[-1:]):
            raise InputError(
                f"'{_short(part.name)}' cannot be the name of {_a(what)}, because "
                "Windows drops spaces at the end; remove them."
            )


def visible(text: str) -> str:
    r"""A text for a terminal: control characters as escapes, such as \x1b; lines stay.

    A file or a name can thus neither move the cursor nor reverse a line.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        char
        if char in _JOINERS or char == "\n" or not _is_hidden(char)
        else _code(char)
        for char in text
    )


def utf8_text(name: str) -> str:
    r"""A path as text that can be written: bytes that are not UTF-8 as `\xfc`."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def utf8_name(name: str) -> str:
    """A file name as the name of a folder: bytes that are not UTF-8 as `%FC`."""
    return re.sub(r"[\ud800-\udfff]", lambda match: f"%{ord(match[0]) & 255:02X}", name)


def _unusable(name: str) -> str:
    """Why a name cannot be that of a folder; "" if it can."""
    if not name.strip("."):
        return "it is empty"
    if forbidden := sorted(set(name) & set(FORBIDDEN)):
        return f"it has {' '.join(forbidden)}"
    if name[0] == ".":
        return "it begins with a dot"
    if name[-1] == ".":
        return "Windows drops a dot at the end"
    if is_device(name):
        return "Windows reserves it for a device"
    if len(name.encode()) > _MAX_BYTES:
        return f"it is too long (at most {_MAX_BYTES} bytes)"
    return ""


def _is_hidden(char: str) -> bool:
    return unicodedata.category(char) in _HIDDEN and char not in _JOINERS


def _a(what: str) -> str:
    return f"an {what}" if what[:1] in "aeiou" else f"a {what}"


def _short(name: str) -> str:
    text = visible(name).replace("\n", "\\n")
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


def _code(char: str) -> str:
    return char.encode("unicode_escape").decode("ascii")
