"""How fast a long two-channel ScanImage movie is opened and averaged.

    python benchmarks/scanimage_movie.py --gigabytes 4
    python benchmarks/scanimage_movie.py --gigabytes 20 --sparse --memory-only
    python benchmarks/scanimage_movie.py --gigabytes 20 --memory-only --register

writes a BigTIFF as ScanImage does (a binary header, one page after another, the
channels in turn, int16 with negative numbers) into a temporary folder and times in one
process and in turn: plain reads of all its bytes in pieces of 64 MiB, numpy adding up
the same pages in blocks, and opening the file and averaging both channels, each from
the cache of the system and not from it (Linux). A ratio is the best time of the other
side over the best time of ours: 1 means as fast. Memory is that of a process that does
nothing but open and average, and with `--register` takes motion out of the movie
first: its frames show cells that jump by up to 10 px. The pages of a sparse file are
zeros that need no room on the disk, for sizes that it does not hold.
"""

from __future__ import annotations

import argparse
import os
import resource
import struct
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from napari_cellid.config import RegistrationConfig
from napari_cellid.io.base import ReadOptions
from napari_cellid.io.registry import read_recording
from napari_cellid.progress import run_to_end
from napari_cellid.recording import mean_planes
from napari_cellid.registration.register import register_movie

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

_PIECE = 64 << 20
_HEADER = (
    "SI.LINE_FORMAT_VERSION = 1\nSI.VERSION_MAJOR = 2020\n"
    "SI.hChannels.channelSave = [1;2]\n"
    "SI.hChannels.channelMergeColor = {'green';'red';'red';'red'}\n"
    "SI.hRoiManager.imagingFovUm = [-300 -300;300 -300;300 300;-300 300]\n"
    "SI.hRoiManager.pixelsPerLine = {side}\nSI.hRoiManager.linesPerFrame = {side}\n"
    "SI.hRoiManager.scanFrameRate = 30\nSI.hStackManager.enable = false\n"
)
_ASCII, _SHORT, _LONG, _LONG8 = 2, 3, 4, 16


@dataclass(frozen=True)
class Movie:
    """A movie on disk; `starts` are the positions of its pages in the file."""

    path: Path
    side: int
    starts: list[int]

    @property
    def page_bytes(self) -> int:
        """Bytes of one page."""
        return 2 * self.side * self.side


def write_movie(path: Path, gigabytes: float, side: int, *, sparse: bool) -> Movie:
    """Write a BigTIFF of ScanImage; a sparse one has pages of zeros."""
    pages = _pages(side)
    n_frames = int(gigabytes * 1e9) // (2 * pages[0].nbytes)
    software = _HEADER.replace("{side}", str(side)).encode() + b"\0"
    starts = []
    with path.open("wb") as file:
        file.write(struct.pack("<2sHHHQ", b"II", 43, 8, 0, 0))
        file.write(struct.pack("<IIII", 117637889, 4, len(software), 3))
        file.write(software + b"{}\0" + bytes(-(len(software) + 3) % 16))
        link = 8
        for number in range(2 * n_frames):
            place = file.tell()
            file.seek(link)
            file.write(struct.pack("<Q", place))
            file.seek(place)
            link = place + 8 + 20 * 11
            file.write(_page_header(place, number, side, software))
            starts.append(file.tell())
            if sparse:
                file.seek(pages[0].nbytes, os.SEEK_CUR)
            else:
                pages[number % 16].tofile(file)
        file.truncate()
    return Movie(path, side, starts)


def _pages(side: int) -> NDArray[np.int16]:
    """Eight frames of two channels, of cells that jump by up to 10 px."""
    random = np.random.default_rng(0)
    points = random.random((side, side)) > 0.998
    cells = 4e4 * ndimage.gaussian_filter(points.astype(np.float32), 3, mode="wrap")
    pages = random.normal(0, 200, (16, side, side))
    for k, jump in enumerate(random.integers(-10, 11, (8, 2))):
        pages[2 * k : 2 * k + 2] += np.roll(cells, tuple(jump), (0, 1))
    return np.rint(pages).astype(np.int16)


def _page_header(place: int, number: int, side: int, software: bytes) -> bytes:
    """The directory of a page, with its texts behind it and the pixels after them."""
    text = (
        f"frameNumbers = {number // 2 + 1}\nacquisitionNumbers = 1\n"
        f"frameNumberAcquisition = {number // 2 + 1}\n"
        f"frameTimestamps_sec = {number // 2 / 30:.6f}\n"
        "acqTriggerTimestamps_sec = \nepoch = [2024 5 1 10 0 0.000]\n"
        "auxTrigger0 = []\nauxTrigger1 = []\nI2CData = {}\n"
    ).encode() + b"\0"
    behind = place + 16 + 20 * 11
    text += bytes(-len(text) % 8)
    pixels = behind + len(text)
    pixels += -pixels % 8
    # the program's header lies once, after that of the file
    tags = [
        (256, _LONG, 1, side), (257, _LONG, 1, side), (258, _SHORT, 1, 16),
        (259, _SHORT, 1, 1), (262, _SHORT, 1, 1), (270, _ASCII, len(text), behind),
        (273, _LONG8, 1, pixels), (278, _LONG, 1, side),
        (279, _LONG8, 1, 2 * side * side), (305, _ASCII, len(software), 32),
        (339, _SHORT, 1, 2),
    ]  # fmt: skip
    packed = b"".join(struct.pack("<HHQQ", *tag) for tag in tags)
    head = struct.pack("<Q", len(tags)) + packed + bytes(8) + text
    return head + bytes(pixels - place - len(head))


def read_bytes(movie: Movie) -> None:
    """Read the file from its first byte to its last."""
    buffer = bytearray(_PIECE)
    with movie.path.open("rb", buffering=0) as file:
        while file.readinto(buffer):
            pass


def sum_read(movie: Movie) -> None:
    """Add up the pages of each channel, read into blocks of 64 MiB, with numpy."""
    n_pages = _PIECE // movie.page_bytes // 2 * 2
    block = np.empty((n_pages, movie.side, movie.side), np.int16)
    totals = np.zeros((2, movie.side, movie.side), np.int64)
    with movie.path.open("rb", buffering=0) as file:
        for first in range(0, len(movie.starts), n_pages):
            starts = movie.starts[first : first + n_pages]
            for page, start in zip(block, starts, strict=False):
                file.seek(start)
                file.readinto(page.reshape(-1).view(np.uint8).data)
            for channel in (0, 1):
                totals[channel] += block[channel : len(starts) : 2].sum(axis=0)


def sum_mapped(movie: Movie) -> None:
    """Add up the pages of each channel in a map of the file's memory, with numpy."""
    mapped = np.memmap(movie.path, np.uint8, "r")
    totals = np.zeros((2, movie.side, movie.side), np.int64)
    step = movie.starts[1] - movie.starts[0]
    for first in range(0, len(movie.starts), 128):
        starts = movie.starts[first : first + 128]
        even = len(starts) * step == starts[-1] - starts[0] + step
        if even:
            # pages at equal distances are one array
            rows = (step, 2 * movie.side, 2)
            block = np.ndarray(
                (len(starts), movie.side, movie.side), np.int16, mapped.data,
                starts[0], rows,
            )  # fmt: skip
            for channel in (0, 1):
                totals[channel] += block[channel::2].sum(axis=0)
            continue
        for number, start in enumerate(starts):
            page = mapped[start : start + movie.page_bytes].view(np.int16)
            totals[number % 2] += page.reshape(movie.side, movie.side)


def open_movie(movie: Movie) -> None:
    """Open the file, without an image."""
    read_recording(both=movie.path, options=ReadOptions())


def average(movie: Movie) -> None:
    """What is measured: open the file, average both channels."""
    run_to_end(mean_planes(read_recording(both=movie.path, options=ReadOptions())))


def forget(path: Path) -> None:
    """Have the system drop the file from its cache (Linux)."""
    with path.open("rb") as file:
        os.fsync(file.fileno())
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def seconds(work: Callable[[Movie], None], movie: Movie, *, cold: bool) -> float:
    """Time one run."""
    if cold:
        forget(movie.path)
    start = time.perf_counter()
    work(movie)
    return time.perf_counter() - start


def compare(movie: Movie, repeats: int, *, cold: bool) -> None:
    """Time all sides in turn and print the comparison."""
    others: dict[str, Callable[[Movie], None]] = {
        "bytes in pieces of 64 MiB": read_bytes,
        "numpy, pages read in blocks": sum_read,
        "numpy, file in memory map": sum_mapped,
    }
    work = {"open and average": average, **others}
    times: dict[str, list[float]] = {name: [] for name in work}
    # once before, so that libraries are loaded
    for work_before in (open_movie, read_bytes):
        work_before(movie)
    opening = [seconds(open_movie, movie, cold=cold) for _ in range(repeats)]
    for _ in range(repeats):
        for name, each in work.items():
            times[name].append(seconds(each, movie, cold=cold))
    size = movie.path.stat().st_size / 1e9
    print(
        f"{'cold' if cold else 'warm'}: {size:.2f} GB, {len(movie.starts)} pages, "
        f"{os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}; "
        f"opening alone {min(opening):.2f} to {max(opening):.2f} s"
    )
    ours = min(times["open and average"])
    for name, runs in times.items():
        best, ratio = min(runs), ""
        if name in others:
            ratio = f"  ratio {best / ours:.2f}"
        print(f"  {name:28s} {best:6.2f} s  {size / best:5.2f} GB/s{ratio}")


def print_memory(path: Path, *, register: bool) -> None:
    """Average a movie in a process of its own and print the memory that it needed."""
    command = [sys.executable, __file__, "--average", str(path)]
    subprocess.run(command + ["--register"] * register, check=True)


def peak_gigabytes() -> float:
    """The most memory that this process had at any time."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6


def average_alone(path: Path, *, register: bool) -> None:
    """Print time and memory of opening and averaging, and of nothing before it."""
    # the memory of the libraries alone, for comparison
    import dask.array as _  # noqa: F401
    import tifffile as _tifffile  # noqa: F401

    before = peak_gigabytes()
    start = time.perf_counter()
    made = read_recording(both=path, options=ReadOptions())
    print(
        f"alone: {path.stat().st_size / 1e9:.2f} GB, {len(made.red)} frames, opened "
        f"in {time.perf_counter() - start:.2f} s (libraries {before:.2f} GB)"
    )
    if register:
        start = time.perf_counter()
        config = RegistrationConfig(registration="movie")
        made, shifts = run_to_end(register_movie(made, config))
        print(
            f"  motion found in {time.perf_counter() - start:.1f} s, in all but "
            f"{(~shifts.reliable).sum()} frames, peak memory {peak_gigabytes():.2f} GB",
            flush=True,
        )
    start = time.perf_counter()
    run_to_end(mean_planes(made))
    print(
        f"  averaged in {time.perf_counter() - start:.1f} s, "
        f"peak memory {peak_gigabytes():.2f} GB"
    )


def main() -> None:
    """Read the command line, make the movie, compare."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--gigabytes", type=float, default=4.0)
    parser.add_argument("--side", type=int, default=512, help="pixels of an edge")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--sparse", action="store_true", help="needs no room")
    parser.add_argument("--memory-only", action="store_true")
    parser.add_argument("--register", action="store_true", help="take out motion")
    parser.add_argument("--folder", default=None, help="in place of the usual one")
    parser.add_argument("--average", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.average is not None:
        average_alone(arguments.average, register=arguments.register)
        return
    with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
        movie = write_movie(
            Path(folder) / "mouse_00001_00001.tif",
            arguments.gigabytes,
            arguments.side,
            sparse=arguments.sparse,
        )
        print_memory(movie.path, register=arguments.register)
        if not arguments.memory_only:
            for cold in (True, False):
                compare(movie, arguments.repeats, cold=cold)


if __name__ == "__main__":
    main()
