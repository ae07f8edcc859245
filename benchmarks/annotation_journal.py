"""How fast answers are saved and read, and whether any is lost when several write.

    python benchmarks/annotation_journal.py --lines 100000 --people 5 --seconds 60

prints

- seconds to read all journals and to find what counts of them;
- median milliseconds of `Journal.add` beside those of writing the same bytes and
  `fsync` alone, both in turn on the same disk;
- for processes that answer into the same folder at once, two people and twice the same
  one, how many answers they gave and how many are missing or mixed up; and the same
  while a copy, which is being answered as well, is merged in over and over.

The folder is a temporary one; choose the disk with TMPDIR.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import statistics
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from napari_cellid.annotation.all_answers import current_answers, read_annotations
from napari_cellid.annotation.answer import Answer
from napari_cellid.annotation.journal import Journal
from napari_cellid.annotation.jsonl import format_line
from napari_cellid.annotation.merge import merge_journals

if TYPE_CHECKING:
    from collections.abc import Callable

CLASSES = ("excitatory", "inhibitory", "glia", "not_a_cell", "unsure")
#: cells of one process are told from those of others by this
APART = 10_000_000


def an_answer(who: str, cell: int, when: datetime | None = None) -> Answer:
    """An answer as the Annotate widget gives it, now or at some time."""
    y, x = 512 * ((cell * 0.618034) % 1), 512 * ((cell * 0.414214) % 1)
    recording, what = f"mouse {cell % 10}", CLASSES[cell % len(CLASSES)]
    when = when or datetime.now(UTC)
    return Answer(when, who, recording, cell, cell % 5, y, x, what)


def best(run: Callable[[], object], repeats: int) -> tuple[float, float]:
    """Median and least seconds of some runs."""
    seconds = []
    for _ in range(repeats):
        start = time.perf_counter()
        run()
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds), min(seconds)


def reading(folder: Path, people: int, lines: int, repeats: int) -> None:
    """Time reading all journals."""
    each, start = lines // people, datetime(2026, 1, 1, tzinfo=UTC)
    times = [start + timedelta(seconds=2.5 * k) for k in range(each)]
    for p in range(people):
        name = f"Person {p}"
        given = (an_answer(name, k // 2, time) for k, time in enumerate(times))
        (folder / f"{name}.jsonl").write_bytes(b"".join(map(format_line, given)))
    table = read_annotations(folder).all_answers
    median, least = best(lambda: read_annotations(folder), repeats)
    print(
        f"reading {len(table)} lines of {people} people: "
        f"median {median:.3f} s, least {least:.3f} s"
    )
    median, least = best(lambda: current_answers(table), repeats)
    print(f"  what counts of them: median {median:.3f} s, least {least:.3f} s")
    median, least = best(lambda: Journal.open(folder, "Person 0"), repeats)
    print(f"  opening one of {each}: median {median:.3f} s, least {least:.3f} s")


def adding(folder: Path, times: int) -> None:
    """Time adding an answer beside writing its bytes."""
    journal = Journal.open(folder, "Ann")
    journal.add(an_answer("Ann", 0))
    bare = os.open(folder / "bare", os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    ours, theirs = [], []
    for k in range(times):
        answer = an_answer("Ann", k)
        line = format_line(answer)
        start = time.perf_counter()
        os.write(bare, line)
        os.fsync(bare)
        middle = time.perf_counter()
        journal.add(answer)
        ours.append(time.perf_counter() - middle)
        theirs.append(middle - start)
    os.close(bare)
    add, write = statistics.median(ours) * 1e3, statistics.median(theirs) * 1e3
    print(
        f"adding an answer ({times} times): median {add:.3f} ms; bare write and fsync "
        f"{write:.3f} ms; {add - write:.3f} ms more"
    )


def answer_on(folder: Path, who: str, first: int, seconds: float) -> int:
    """Answer as fast as possible for a while; how many answers."""
    journal, cell = Journal.open(folder, who), first
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        journal.add(an_answer(who, cell))
        cell += 1
    return cell - first


def together(folder: Path, people: list[str], seconds: float, merging: bool) -> int:
    """Have processes answer at once; how many answers are missing or mixed up."""
    copy = folder / "copy"
    work = [(folder, who, k * APART, seconds) for k, who in enumerate(people)]
    if merging:
        work.append((copy, people[0], len(people) * APART, seconds))
    with multiprocessing.get_context("spawn").Pool(len(work)) as pool:
        running = pool.starmap_async(answer_on, work)
        merges = 0
        while not running.ready():
            time.sleep(0.05)
            if merging and any(copy.glob("*.jsonl")):
                merges += merge_journals(copy, folder)[people[0]] > 0
        counts = running.get()
    if merging:
        merge_journals(copy, folder)
    found = read_annotations(folder)
    cells = found.all_answers["cell"].to_numpy()
    lost = mixed = 0
    for (_, _, first, _), n in zip(work, counts, strict=True):
        own = cells[(cells >= first) & (cells < first + APART)]
        lost += n - len(np.unique(own))
        mixed += int((np.diff(own) < 0).sum())
    also = f" with {merges} merges" if merging else ""
    print(
        f"{' and '.join(people)} at once for {seconds:g} s{also}: {sum(counts)} "
        f"answers, {len(cells)} lines, {lost} lost, {mixed} out of order"
    )
    print("\n".join(found.problems), end="\n" * bool(found.problems))
    return lost + mixed + abs(len(cells) - sum(counts))


def main() -> int:
    """Run all; 1 if anything was lost."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--lines", type=int, default=100_000)
    parser.add_argument("--people", type=int, default=5)
    parser.add_argument("--adds", type=int, default=500)
    parser.add_argument("--repeats", type=int, default=9)
    parser.add_argument("--seconds", type=float, default=5)
    options = parser.parse_args()
    print(f"{os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}")
    with tempfile.TemporaryDirectory() as name:
        reading(Path(name), options.people, options.lines, options.repeats)
    with tempfile.TemporaryDirectory() as name:
        adding(Path(name), options.adds)
    wrong = 0
    for people in (["Ann", "Bo"], ["Ann", "Ann"]):
        for merging in (False, True):
            with tempfile.TemporaryDirectory() as name:
                wrong += together(Path(name), people, options.seconds, merging)
    return int(wrong > 0)


if __name__ == "__main__":
    raise SystemExit(main())
