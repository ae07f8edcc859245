"""Answer as a user without rights: a script for `test_lock`.

    python answer_as_nobody.py FOLDER CELL

drops the rights of root, if it has them, answers for CELL, and prints the answered
cells and the problems of the journal as JSON, or the error.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from pathlib import Path

from answering import answer

from napari_cellid.annotation.journal import Journal
from napari_cellid.errors import InputError

NOBODY = 65534


def main() -> None:
    """Answer."""
    folder, cell = Path(sys.argv[1]), int(sys.argv[2])
    with tempfile.TemporaryDirectory() as warm:
        # imports what is imported late: Python itself may be closed to others
        Journal.open(Path(warm), "Ann").add(answer())
    if os.getuid() == 0:
        os.setgroups([])
        os.setgid(NOBODY)
        os.setuid(NOBODY)
    try:
        journal = Journal.open(folder, "Ann")
        journal.add(answer(cell, at=cell))
    except InputError as error:
        told: object = str(error)
    else:
        told = [line.cell for line in journal.lines], journal.problems
    sys.stdout.write(json.dumps(told))


if __name__ == "__main__":
    main()
