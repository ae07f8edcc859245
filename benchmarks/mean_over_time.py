"""How fast the mean over time is, beside reading the file's bytes alone.

    python benchmarks/mean_over_time.py --gigabytes 2 --largest 4095

writes a stack into a temporary folder and times, in the same process and in turn:
plain reads of all its bytes, and opening the file and averaging its frames. For a
compressed stack the other side is tifffile decoding every frame. The ratio is the
best time of the other side over the best time of ours: 1 means as fast.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import tifffile

from napari_cellid.io.base import ReadOptions
from napari_cellid.io.registry import read_recording
from napari_cellid.progress import run_to_end
from napari_cellid.recording import mean_planes

if TYPE_CHECKING:
    from collections.abc import Callable


def write_stack(path: Path, arguments: argparse.Namespace) -> None:
    """Write frames of random numbers, a few of them over and over."""
    side = arguments.side
    random = np.random.default_rng(0)
    frames = random.integers(0, arguments.largest + 1, (16, side, side), np.uint16)
    n_frames = int(arguments.gigabytes * 1e9) // frames[0].nbytes
    with tifffile.TiffWriter(
        path, bigtiff=True, byteorder=">" if arguments.big_endian else "<"
    ) as tif:
        tif.write(
            (frames[number % 16] for number in range(n_frames)),
            shape=(n_frames, side, side),
            dtype=np.uint16,
            compression=arguments.compression,
            metadata={"axes": "TYX"},
        )


def read_bytes(path: Path, buffer_bytes: int) -> None:
    """Read a file from its first byte to its last."""
    buffer = bytearray(buffer_bytes)
    with path.open("rb", buffering=0) as file:
        while file.readinto(buffer):
            pass


def decode(path: Path) -> None:
    """Decode every page, as tifffile does by itself."""
    with tifffile.TiffFile(path) as tif:
        for page in tif.pages:
            page.asarray()


def average(path: Path) -> None:
    """What is measured: open the file, average its frames."""
    run_to_end(
        mean_planes(read_recording(None, path, options=ReadOptions(pixel_size_um=1.0)))
    )


def forget(path: Path) -> None:
    """Have the system drop the file from its cache (Linux)."""
    with path.open("rb") as file:
        os.fsync(file.fileno())
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def seconds(work: Callable[[], object], path: Path, *, cold: bool) -> float:
    """Time one run."""
    if cold:
        forget(path)
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def compare(path: Path, arguments: argparse.Namespace) -> None:
    """Time both sides in turn and print the comparison."""
    others = {"tifffile, page by page": lambda: decode(path)}
    if arguments.compression is None:
        others = {
            f"plain reads of {mib} MiB": lambda mib=mib: read_bytes(path, mib << 20)
            for mib in arguments.buffers
        }
        others["into one array, np.fromfile"] = lambda: np.fromfile(path, np.uint8)
        others["into bytes, read_bytes"] = path.read_bytes
    others["mean over time"] = lambda: average(path)
    times: dict[str, list[float]] = {name: [] for name in others}
    for _ in range(arguments.repeats):
        for name, work in others.items():
            times[name].append(seconds(work, path, cold=arguments.cold))
    ours = min(times.pop("mean over time"))
    size = path.stat().st_size / 1e9
    print(
        f"{size:.2f} GB in the file, {os.cpu_count()} processors, "
        f"load {os.getloadavg()[0]:.1f}, {'cold' if arguments.cold else 'warm'}"
    )
    print(f"{'mean over time':28s} {ours:6.3f} s  {size / ours:6.2f} GB/s")
    for name, runs in times.items():
        best = min(runs)
        print(f"{name:28s} {best:6.3f} s  {size / best:6.2f} GB/s  "
              f"ratio {best / ours:.2f}")  # fmt: skip


def main() -> None:
    """Read the command line, make the stack, compare."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--gigabytes", type=float, default=1.0)
    parser.add_argument("--side", type=int, default=512, help="pixels of an edge")
    parser.add_argument("--largest", type=int, default=4095, help="largest number")
    parser.add_argument("--compression", default=None, help="such as zlib or lzw")
    parser.add_argument("--big-endian", action="store_true")
    parser.add_argument("--cold", action="store_true", help="not from the cache")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--buffers", type=int, nargs="+", default=[1, 16, 64],
                        help="sizes of a plain read in MiB")  # fmt: skip
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "stack.tif"
        write_stack(path, arguments)
        compare(path, arguments)


if __name__ == "__main__":
    main()
