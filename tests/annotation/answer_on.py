"""Answer as fast as possible for a while: a script for `test_reliability`.

    python answer_on.py FOLDER ANNOTATOR FIRST SECONDS

answers for the cells FIRST, FIRST + 1, … of recordings with names of any length, and
prints how many cells it answered: 50 at least, however busy the computer is.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

from answering import answer

from napari_cellid.annotation.journal import Journal


def main() -> None:
    """Answer on."""
    folder, who, first, seconds = Path(sys.argv[1]), *sys.argv[2:]
    journal = Journal.open(folder, who)
    until, cell = time.monotonic() + float(seconds), int(first)
    while time.monotonic() < until or cell < int(first) + 50:
        journal.add(answer(cell, who=who, recording="ü" * (cell % 50 + 1)))
        cell += 1
    sys.stdout.write(str(cell - int(first)))


if __name__ == "__main__":
    main()
