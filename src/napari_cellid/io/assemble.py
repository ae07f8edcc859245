"""Recordings of the channels of files: which is red, and on what all files agree."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from napari_cellid.errors import InputError
from napari_cellid.io.channel_names import (
    channel_colour,
    contradicting_name,
    pick_channels,
    recording_name,
)
from napari_cellid.naming import utf8_text
from napari_cellid.recording import Recording

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    import dask.array as da

    from napari_cellid.io.base import ReadOptions
    from napari_cellid.io.stack import ImageStack

#: relative difference up to which the channels' pixel sizes are the same
_SAME_SIZE = 0.01
#: options that say what the files hold
_READ_AS = (
    "axes", "red_channel", "green_channel", "channels", "channel_order", "planes",
    "image",
)  # fmt: skip


def read_stacks(
    red: Path | None,
    green: Path | None,
    both: Path | None,
    options: ReadOptions,
    open_stack: Callable[[Path, ReadOptions], ImageStack],
) -> Recording:
    """Make a recording of a file with both channels, or of a file for each.

    Parameters
    ----------
    red, green, both
        As `RecordingReader.read`.
    options
        As `RecordingReader.read`.
    open_stack
        Reads one file.
    """
    if both is not None:
        stack = open_stack(both, options)
        indices, chosen = choose_channels(stack, options)
        channels = stack.channels[indices[0]], stack.channels[indices[1]]
        return assemble([stack], channels, options, chosen)
    stacks: list[ImageStack] = []
    arrays: list[da.Array | None] = []
    notes: tuple[str, ...] = ()
    for path, colour in ((red, "red"), (green, "green")):
        if path is None:
            arrays.append(None)
            continue
        stack = open_stack(path, options)
        stacks.append(stack)
        arrays.append(_only_channel(stack, colour))
        notes += other_channel_notes(path, colour)
    return assemble(stacks, (arrays[0], arrays[1]), options, notes)


def assemble(
    stacks: Sequence[ImageStack],
    channels: tuple[da.Array | None, da.Array | None],
    options: ReadOptions,
    notes: tuple[str, ...] = (),
) -> Recording:
    """Make a recording of its red and its green channel.

    Parameters
    ----------
    stacks
        The files that the channels come from.
    channels
        The red and the green one.
    options
        Size and name take precedence over what the files say.
    notes
        Further notes, after those of the files.
    """
    size, source = options.pixel_size_um, "given"
    if size is None:
        size, source = _pixel_size(stacks)
    red, green = channels
    said = [note for stack in stacks for note in stack.notes]
    rates = [s.frame_rate_hz for s in stacks if s.frame_rate_hz is not None]
    depths = [stack.plane_depths_um() for stack in stacks]
    return Recording(
        name=options.name or recording_name([stack.path for stack in stacks]),
        red=red,
        green=green,
        pixel_size_um=size,
        pixel_size_source=source,
        plane_depths_um=next((each for each in depths if each is not None), None),
        frame_rate_hz=rates[0] if rates else None,
        sources=tuple(utf8_text(str(stack.path)) for stack in stacks),
        notes=tuple(utf8_text(note) for note in (*said, *notes)),
        read_as=_given(options),
    )


def choose_channels(
    stack: ImageStack, options: ReadOptions
) -> tuple[tuple[int, int], tuple[str, ...]]:
    """Indices of the red and the green channel of a file, and notes on the choice.

    Raises
    ------
    InputError
        If there is one channel only, or which is which is not clear.
    """
    name = stack.path.name
    if len(stack.channels) < 2:
        raise InputError(
            f"{name} holds one channel and was given as the file with both; give it "
            "as the red or the green file."
        )
    names = list(stack.names)
    given = options.red_channel, options.green_channel
    notes: tuple[str, ...] = ()
    by_format = _by_format(stack) if given == (None, None) else None
    if by_format is not None:
        red, green = by_format
        notes = (
            f"{name}: {_named(stack, red)} was read as red and {_named(stack, green)} "
            f"as green, {stack.colour_source}; say --red-channel {green} if they are "
            "the other way round.",
        )
    else:
        red, green = pick_channels(names, *given, name)
    notes += tuple(
        f"{name}: channel {index} ({names[index]}) is read as {colour}, but its name "
        "says the other colour; exchange --red-channel and --green-channel if the name "
        "is right."
        for index, colour in ((red, "red"), (green, "green"))
        if contradicting_name(names[index], colour)
    )
    if len(names) > 2:
        notes += (
            f"{name}: of its {len(names)} channels, {red} was read as red and {green} "
            "as green.",
        )
    return (red, green), notes


def channel_colours(stack: ImageStack) -> tuple[str | None, ...]:
    """The colour of each channel by its name, else by its format; None if unknown."""
    by_format = stack.colours or ("",) * len(stack.names)
    return tuple(
        channel_colour(name) or colour or None
        for name, colour in zip(stack.names, by_format, strict=True)
    )


def other_channel_notes(path: Path, colour: str) -> tuple[str, ...]:
    """A note if the name of a file says that it is the other channel."""
    if not contradicting_name(path.stem, colour):
        return ()
    return (
        f"{path.name} was given as the {colour} file, but its name says that it is "
        "the other channel; exchange --red and --green if the name is right.",
    )


def refuse_options(
    options: ReadOptions, names: Sequence[str], path: Path, why: str
) -> None:
    """Refuse options about the layout of files that say it themselves.

    Parameters
    ----------
    options
        The options of the user.
    names
        Options that do not apply, such as "axes".
    path
        The file.
    why
        What says it in place of them, such as "its XML file".

    Raises
    ------
    InputError
        If one of them is given.
    """
    for name in names:
        if getattr(options, name) is not None:
            option = name.replace("_", "-")
            raise InputError(
                f"{path.name}: {why} says what its images are, so --{option} does not "
                "apply; leave it out."
            )


def _only_channel(stack: ImageStack, colour: str) -> da.Array:
    if len(stack.channels) == 1:
        return stack.channels[0]
    # a file of two channels may be given for one of them alone
    fitting = [k for k, c in enumerate(channel_colours(stack)) if c == colour]
    if len(fitting) == 1:
        return stack.channels[fitting[0]]
    raise InputError(
        f"{stack.path.name} holds {len(stack.channels)} channels and was given as "
        "one; give it as the one file with both channels."
    )


def _by_format(stack: ImageStack) -> tuple[int, int] | None:
    """The channels by what the format says, where their names do not say it."""
    if not stack.colours or any(channel_colour(name) for name in stack.names):
        return None
    if stack.colours.count("red") != 1 or stack.colours.count("green") != 1:
        return None
    return stack.colours.index("red"), stack.colours.index("green")


def _named(stack: ImageStack, index: int) -> str:
    return f"channel {index}" + (f" ({stack.names[index]})" * bool(stack.names[index]))


def _given(options: ReadOptions) -> dict[str, str | int]:
    given = {name: getattr(options, name) for name in _READ_AS}
    return {name: value for name, value in given.items() if value is not None}


def _pixel_size(stacks: Sequence[ImageStack]) -> tuple[float | None, str]:
    sized = [
        (stack, size)
        for stack in stacks
        if (size := stack.voxel.square(stack.path.name)) is not None
    ]
    if not sized:
        return None, ""
    sizes = [size for _, size in sized]
    if not math.isclose(min(sizes), max(sizes), rel_tol=_SAME_SIZE):
        listed = " and ".join(f"{s.path.name} {size:.4g} µm" for s, size in sized)
        raise InputError(
            f"The channels have different pixel sizes, {listed}, but must show the "
            "same field; say which is right with --pixel-size (µm per pixel)."
        )
    return sizes[0], sized[0][0].voxel.source
