"""Answer as fast as possible, and be killed: a script for `test_reliability`.

    python killed.py FOLDER TIMES

A child answers into FOLDER and says each answer when it was taken; at a random moment
after a random number of answers it is killed. For each of TIMES children one line of
JSON: the cells it said, those of its cells that the journal has then, and the journal's
problems.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import time
from pathlib import Path

from answering import answer

from napari_cellid.annotation.journal import Journal


def answer_on(folder: Path, first: int, pipe: int) -> None:
    """Answer until killed."""
    journal, cell = Journal.open(folder, "Ann"), first
    while True:
        journal.add(answer(cell, at=cell))
        os.write(pipe, f"{cell}\n".encode())
        cell += 1


def main() -> None:
    """Start, kill and tell."""
    folder, times = Path(sys.argv[1]), int(sys.argv[2])
    chance = random.Random(5)
    for k in range(times):
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            answer_on(folder, 100_000 * k, writing)
        os.close(writing)
        with os.fdopen(reading) as pipe:
            # so many answers, and not so many seconds: computers are busy at times
            lines = [pipe.readline() for _ in range(chance.randint(0, 40))]
            time.sleep(chance.uniform(0, 0.02))
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            # a number that was cut off within the pipe was not said
            said = [int(line) for line in (*lines, *pipe) if line.endswith("\n")]
        journal = Journal.open(folder, "Ann")
        found = [line.cell for line in journal.lines if line.cell >= 100_000 * k]
        told = {"said": said, "found": found, "problems": journal.problems}
        sys.stdout.write(json.dumps(told) + "\n")


if __name__ == "__main__":
    main()
