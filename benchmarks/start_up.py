"""Seconds until `napari-cellid --help` is there: the median of several starts.

    python benchmarks/start_up.py --repeats 11

starts the command line in fresh processes. It should take less than 0.7 s; what makes
it slow is told by `python -X importtime -m napari_cellid.cli --help`.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import time

COMMANDS = {
    "napari-cellid --help": ["--help"],
    "napari-cellid simulate --help": ["simulate", "--help"],
    "napari-cellid --version": ["--version"],
}
WANTED_S = 0.7


def seconds(words: list[str]) -> float:
    """Time one start."""
    start = time.perf_counter()
    subprocess.run(
        [sys.executable, "-m", "napari_cellid.cli", *words],
        stdout=subprocess.DEVNULL,
        check=True,
    )
    return time.perf_counter() - start


def main() -> int:
    """Print the median of each command; 1 if one is too slow."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=11)
    repeats = parser.parse_args().repeats
    print(f"{os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}")
    slow = False
    for name, words in COMMANDS.items():
        times = [seconds(words) for _ in range(repeats)]
        median = statistics.median(times)
        slow |= median > WANTED_S
        print(
            f"{name:31s} median {median:.3f} s, {min(times):.3f} to {max(times):.3f} s"
        )
    return int(slow)


if __name__ == "__main__":
    sys.exit(main())
