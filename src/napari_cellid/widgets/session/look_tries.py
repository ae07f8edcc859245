"""Changed files that cannot be taken over are tried a few times, not for ever."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from napari_cellid.errors import InputError
from napari_cellid.widgets._shared.notifications import show_warning

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

#: a file that is just being copied can be read a moment later
_TRIES = 3


class LookTries:
    """Takes over changed files; what keeps failing waits until they change again.

    Each try reads the study, for which the window stands still.
    """

    def __init__(self) -> None:
        self._failures: Counter[Hashable] = Counter()
        # files at the last look, by the name of what could not be taken over
        self._last: dict[str, Hashable] = {}

    def run(self, what: str, files: Hashable, take_over: Callable[[], object]) -> None:
        """Take over files, unless that has failed too often; say the last failure.

        Parameters
        ----------
        what
            Name of the recording; "" for the folder of recordings.
        files
            What changes whenever the files change.
        take_over
            Raises `InputError` if they cannot be read.
        """
        if what in self._last and files != self._last[what]:
            # what is still being copied is not tried at each look
            self._last[what] = files
            return
        if self._failures[files] >= _TRIES:
            return
        try:
            take_over()
        except InputError as error:
            self._last[what] = files
            self._failures[files] += 1
            if self._failures[files] == _TRIES:
                show_warning(str(error))
        else:
            # what others failed of may be in order now
            self._failures.clear()
            self._last.clear()
