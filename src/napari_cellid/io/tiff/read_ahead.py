"""Telling the system which parts of a file are read next.

Only where the system takes such advice (Linux); elsewhere nothing happens. Advice
changes how long a file is waited for, never what is read.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_ADVISES = hasattr(os, "posix_fadvise")
#: bytes of a header that are asked for
_HEADER_BYTES = 16 << 10
#: headers nearer to each other than this are read by the system's own reading ahead
_SMALLEST_STEP = 64 << 10
#: headers that are asked for at a time
_N_HEADERS = 256
#: of a part of a file, the share that must be wanted, else too much is read
_LEAST_WANTED = 0.2


@dataclass
class HeadersAhead:
    """Asks for headers that lie at equal distances in a file, before they are read.

    Each of them lies behind the pixels of a page. One by one they would be waited for,
    and the system's own reading ahead would read the pixels.
    """

    file: BinaryIO
    size: int
    _last: int = 0
    _step: int = 0
    #: visits until more are asked for
    _enough: int = 0

    def at(self, place: int) -> None:
        """Say that the header at a position is read now."""
        before, self._step, self._last = self._step, place - self._last, place
        if not _ADVISES or self._step < _SMALLEST_STEP:
            return
        self._enough -= 1
        # a text of another length moves the next header a little
        if abs(self._step - before) > _HEADER_BYTES // 4 or self._enough > 0:
            return
        os.posix_fadvise(self.file.fileno(), 0, 0, os.POSIX_FADV_RANDOM)
        end = min(place + _N_HEADERS * self._step, self.size)
        for header in range(place, end, self._step):
            # from a little before it, for the same reason
            _will_need(self.file, max(header - _HEADER_BYTES // 2, 0), _HEADER_BYTES)
        self._enough = _N_HEADERS // 2


def ask_for_runs(file: BinaryIO, offsets: NDArray[np.int64], length: int) -> None:
    """Ask for pages that are read next, and for what lies between them.

    Pages of one channel lie between those of another one, which are read soon, too.

    Parameters
    ----------
    file
        The file.
    offsets
        Position of each page, in the order in which they are read.
    length
        Bytes of a page.
    """
    first, last = int(offsets.min()), int(offsets.max()) + length
    if len(offsets) > 1 and len(offsets) * length > _LEAST_WANTED * (last - first):
        _will_need(file, first, last - first)


def _will_need(file: BinaryIO, first: int, length: int) -> None:
    if _ADVISES:
        os.posix_fadvise(file.fileno(), first, length, os.POSIX_FADV_WILLNEED)
