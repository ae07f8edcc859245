"""Whether answers stay with their cells, in studies that go through random changes.

    python -m tools.evaluation.answers_soak [--sequences 50] [--steps 40]

Each sequence is a study of two simulated tissues with known cells. Cells are outlined
anew, other images are stored under the names and brought back, classes are renamed,
copies are merged, answers are exported, imported, undone and restored. After each step
every answer is compared with the cell that it was given for.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "tests" / "study"))
from tissue import soak


def main() -> None:
    """Run the sequences, and print how many answers were checked."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--sequences", type=int, default=50)
    parser.add_argument("--steps", type=int, default=40)
    arguments = parser.parse_args()
    answers = checked = 0
    for seed in range(arguments.sequences):
        with tempfile.TemporaryDirectory() as folder:
            done = soak(Path(folder), seed, arguments.steps)
        answers, checked = answers + done.n_answers, checked + done.n_checked
        print(
            f"sequence {seed}: {done.n_answers} answers, {done.n_checked} comparisons"
        )
    print(f"{answers} answers, {checked} comparisons, none for another cell")


if __name__ == "__main__":
    main()
