"""The error that a user can correct."""

from __future__ import annotations

import errno
import os
import re

#: how numpy reports that only a part of an array could be written
_SHORT_WRITE = re.compile(r"\d+ requested and \d+ written")


class InputError(ValueError):
    """An input of the program cannot be used.

    The message is one sentence that says what was found, what was expected and what
    to do. The command line prints it and ends with exit code 2; napari shows it as a
    notification.
    """


def first_line(error: BaseException) -> str:
    """Return the first line of an error's message, or its type if it has none."""
    return str(error).splitlines()[0] if str(error) else type(error).__name__


def disk_is_full(error: OSError) -> bool:
    """Whether something could not be written because the disk or a quota is full."""
    full = error.errno in (errno.ENOSPC, getattr(errno, "EDQUOT", None))
    return full or _SHORT_WRITE.search(str(error)) is not None


def file_reason(error: OSError) -> str:
    """Reason why a file cannot be read or written, in the words of the system.

    numpy reports a full disk by "51200 requested and 13256 written" alone.
    """
    if error.strerror:
        return error.strerror
    text = first_line(error)
    if disk_is_full(error):
        return f"{os.strerror(errno.ENOSPC)}: {text}"
    return text
