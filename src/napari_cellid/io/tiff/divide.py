"""The dimensions of the pages by the options of the user."""

from __future__ import annotations

import math
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from napari_cellid.errors import InputError
from napari_cellid.io.tiff.axes import Axes, axes_from_user, normalise_axes
from napari_cellid.recording.data import format_shape

if TYPE_CHECKING:
    from pathlib import Path

    from napari_cellid.io.base import ReadOptions
    from napari_cellid.io.tiff.stated import StatedLayout

_NAMES = {"C": "channels", "Z": "planes"}


class Division(NamedTuple):
    """Axes of pages, and whether they are counted in the order of the file.

    `plain` is False where the header's own order of pages is kept.
    """

    axes: Axes
    plain: bool


def divide_by_user(
    stated: StatedLayout, options: ReadOptions, path: Path, in_page: int
) -> Division:
    """Divide the pages of a file as the user says.

    Parameters
    ----------
    stated
        What the header says.
    options
        `axes`, `channels`, `planes` and `channel_order`; at least one is given.
    path
        The file.
    in_page
        Number of channels that lie within one page, 1 if none do.

    Raises
    ------
    InputError
        If the numbers do not fit the pages.
    """
    counts = _given_counts(options, in_page)
    letters = _letters(stated, options, counts, in_page)
    sizes = stated.shape[: -len(stated.tail)]
    # 0, 0 stand for y and x, which are only counted
    shapes = [(*sizes, 0, 0), (*stated.all_sizes[: -len(stated.tail)], 0, 0)]
    if not counts and not stated.problem and options.axes is not None:
        # axes that do not fit are computed from the number of pages below
        with suppress(InputError):
            axes = axes_from_user(f"{letters}YX", shapes, path.name)
            return Division(axes, plain=False)
    if not counts and not stated.problem and options.axes is None:
        return Division(Axes(letters, tuple(sizes)), plain=False)
    return Division(_computed(stated, letters, counts, path), plain=True)


def _given_counts(options: ReadOptions, in_page: int) -> dict[str, int]:
    counts = {}
    if options.channels is not None and in_page == 1:
        counts["C"] = options.channels
    if options.planes is not None:
        counts["Z"] = options.planes
    return counts


def _letters(
    stated: StatedLayout,
    options: ReadOptions,
    counts: dict[str, int],
    in_page: int,
) -> str:
    """The axes before y and x, in the order of the file, slowest first."""
    if options.axes is not None:
        letters = normalise_axes(options.axes)[:-2]
        if in_page > 1:
            letters = letters.replace("C", "")
    else:
        letters = stated.letters[: -len(stated.tail)].replace("S", "")
        unknown = [letter for letter in letters if letter not in "TZC"]
        if len(unknown) == 1 and "T" not in letters:
            letters = letters.replace(unknown[0], "T")
        elif not letters:
            letters = "T"
    for letter in "ZC":
        if counts.get(letter, 1) > 1 and letter not in letters:
            letters = _inserted(letters, letter)
    if options.channel_order == "blocks" and "C" in letters:
        letters = "C" + letters.replace("C", "")
    return letters


def _inserted(letters: str, letter: str) -> str:
    # planes lie outside channels, as in ScanImage and ImageJ
    if letter == "Z" and letters.endswith("C"):
        return f"{letters[:-1]}Z{letters[-1]}"
    if letter == "C" and "T" in letters and letters != "T" and letters[-1] == "T":
        return f"{letters}C"
    return letters + letter


def _computed(
    stated: StatedLayout, letters: str, counts: dict[str, int], path: Path
) -> Axes:
    """The length of each axis; the one that is not known follows from the pages."""
    n_pages = len(stated.plain) if stated.pages is not None else stated.n_pages
    known = _known(stated, letters, counts, n_pages, path)
    sizes = {letter: known[letter] for letter in letters if letter in known}
    rest = [letter for letter in letters if letter not in sizes]
    product = math.prod(sizes.values())
    if len(rest) > 1:
        shape = (n_pages, *stated.shape[-2:])
        raise InputError(
            f"{path.name} has {len(shape)} dimensions, {format_shape(shape)}, but the "
            f"axes {letters}YX name {len(letters) + 2}; say how many channels or "
            f"planes there are, such as {_fitting(letters, n_pages)}."
        )
    if n_pages % product or (not rest and n_pages != product):
        numbers = " and ".join(f"{sizes[x]} {_NAMES[x]}" for x in sizes)
        raise InputError(
            f"{path.name} holds {n_pages} pages, which are not divided evenly into "
            f"{numbers}; give numbers that fit, such as {_fitting(letters, n_pages)}."
        )
    if rest:
        sizes[rest[0]] = n_pages // product
    note = _note(path, n_pages, letters, sizes)
    return Axes(letters, tuple(sizes[letter] for letter in letters), note)


def _known(
    stated: StatedLayout,
    letters: str,
    counts: dict[str, int],
    n_pages: int,
    path: Path,
) -> dict[str, int]:
    """Numbers of channels and planes that the user or the header gives."""
    named = {
        letter: number
        for letter, number in zip("CZ", stated.counts, strict=True)
        if number > 1
    }
    # Fiji calls all images of a stack planes, whatever they are
    if n_pages in named.values() or (len(letters) == 1 and letters != "T"):
        return dict(counts)
    known = {**named, **counts}
    for letter in named:
        _check_named(letter, known[letter], letters, stated, path)
    product = math.prod(known.get(letter, 1) for letter in letters)
    return known if n_pages % product == 0 else dict(counts)


def _fitting(letters: str, n_pages: int) -> str:
    """Options with which so many pages are divided evenly."""
    options, left = "", n_pages
    for letter, name in (("C", "channels"), ("Z", "planes")):
        size = next((k for k in (2, 3, 4) if left % k == 0), None)
        if letter not in letters:
            continue
        if size is None:
            letters = letters.replace(letter, "")
        else:
            left //= size
            options += f" --{name} {size}"
    leave_out = "" if options else " and leave out --channels and --planes"
    return f"--axes {letters or 'T'}YX{options}{leave_out}"


def _check_named(
    letter: str, count: int, letters: str, stated: StatedLayout, path: Path
) -> None:
    """Refuse to average over planes or channels that the header names."""
    if count == 1 or letter in letters:
        return
    channels, planes = stated.counts
    full = f"T{'Z' if planes > 1 else ''}{'C' if channels > 1 else ''}YX"
    name = _NAMES[letter]
    raise InputError(
        f"{path.name}: its header names {count} {name}, but the axes {letters}YX name "
        f"none; say --axes {full}, or --{name} 1 if it has one."
    )


def _note(
    path: Path, n_pages: int, letters: str, sizes: dict[str, int]
) -> tuple[str, ...]:
    """A note of what was made of the pages."""
    names = {"T": "time points", "Z": "planes", "C": "channels"}
    parts = " x ".join(f"{sizes[x]} {names[x]}" for x in letters)
    if len(letters) < 2:
        return ()
    return (
        f"{path.name}: its {n_pages} pages were read as {parts}, the last changing "
        "fastest.",
    )
