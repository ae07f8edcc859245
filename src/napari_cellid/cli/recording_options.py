"""Options that name a recording and describe its files."""

from __future__ import annotations

import argparse
import math
from pathlib import Path

#: in place of a diameter that is to be estimated
AUTO = "auto"

_CHANNEL_ORDERS = ("interleaved", "blocks", "last", "side-by-side", "stacked")


def add_recording(parser: argparse.ArgumentParser) -> None:
    """Add the options that name the recording and describe its files."""
    group = parser.add_argument_group("recording")
    group.add_argument(
        "file",
        nargs="?",
        type=Path,
        metavar="FILE",
        help="file or folder with both channels",
    )
    group.add_argument(
        "--red", type=Path, metavar="R.tif", help="red channel (mCherry)"
    )
    group.add_argument(
        "--green", type=Path, metavar="G.tif", help="green channel (GCaMP)"
    )
    group.add_argument(
        "--pixel-size", type=_positive, metavar="UM",
        help="edge of a pixel in µm, above 0; replaces the value in the file, and is "
        "needed if there is none. Images are brought to the pixel size of the models "
        "with it, and sizes of cells are measured with it",
    )  # fmt: skip
    group.add_argument(
        "--diameter", type=_diameter, metavar="PX",
        help="diameter of a usual soma in px, or auto to estimate it from the image; "
        "images are then brought to the scale of the models with it, whatever the "
        "pixel size. Without a pixel size, µm are assumed from it",
    )  # fmt: skip
    group.add_argument("--name", help="name of the recording (default: after the file)")
    group.add_argument(
        "--axes",
        help="axes of the file, such as TYX, ZYX, TCYX or TYXC: T time, Z planes, C "
        "channels (default: from the file)",
    )
    group.add_argument(
        "--channels", type=_whole, metavar="N",
        help="number of channels in FILE, if its header does not name it",
    )  # fmt: skip
    group.add_argument(
        "--channel-order", choices=_CHANNEL_ORDERS,
        help="how the channels lie in FILE: interleaved pages (r g r g, the default), "
        "blocks of pages (all red, then all green), last axis, side by side in each "
        "page, or stacked one above the other",
    )  # fmt: skip
    group.add_argument(
        "--planes", type=_whole, metavar="N",
        help="number of planes of a volume, if the header does not name it",
    )  # fmt: skip
    group.add_argument(
        "--image", metavar="I",
        help="name or index (from 0) of the image to read, in a file with several "
        "positions",
    )  # fmt: skip
    for colour in ("red", "green"):
        group.add_argument(
            f"--{colour}-channel", metavar="C",
            help=f"index (from 0) or name of the {colour} channel in FILE",
        )  # fmt: skip


def _whole(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and 0 < int(text[:9]) < 100_000):
        raise argparse.ArgumentTypeError(
            f"{text!r} was given, but a whole number above 0 is needed, such as 2"
        )
    return int(text)


def _diameter(text: str) -> float | str:
    if text == AUTO:
        return text
    try:
        return _positive(text)
    except argparse.ArgumentTypeError as error:
        raise argparse.ArgumentTypeError(
            f"{text!r} was given, but a number of px above 0 is needed, such as 12, or "
            f"{AUTO} to estimate it from the image"
        ) from error


def _positive(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not (math.isfinite(number) and number > 0):
        raise argparse.ArgumentTypeError(
            f"{text!r} was given, but a number above 0 is needed, such as 1.17"
        )
    return number
