"""Channel colours and recording names from the names of files and channels."""

from __future__ import annotations

import re
from itertools import takewhile
from typing import TYPE_CHECKING

from napari_cellid.errors import InputError
from napari_cellid.naming import clean_name, utf8_name

if TYPE_CHECKING:
    from pathlib import Path

_RED_PROTEINS = (
    r"mcherry|cherry|td-?tomato|tomato|ds-?red\d?|rfp|jrgeco\d*[a-z]?|r-?geco\d*[a-z]?|"
    r"rcamp\d*[a-z]?|mscarlet|mruby\d?|katushka"
)
_GREEN_PROTEINS = r"x?j?gcamp[-\d]*[a-z]?|m?e?gfp|ogb|fitc|calbryte"
_RED = f"{_RED_PROTEINS}|red"
_GREEN = f"{_GREEN_PROTEINS}|green"
# whole words: "registered" and "evergreen" name no channel
_WORD = r"(?<![a-z])(?:{})(?![a-z])"
_COLOUR = re.compile(
    rf"(?P<red>{_WORD.format(_RED)})|(?P<green>{_WORD.format(_GREEN)})", re.IGNORECASE
)
# deep red dyes are neither
_FAR_RED = re.compile(r"(?:far|infra|deep)[ _.-]?red", re.IGNORECASE)
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_CHANNEL = rf"(?:{_RED}|{_GREEN}|ch(?:annel)?[ _-]?\d+|c\d)"
# what is left of "Ch1" and "Ch2" where two names begin alike
_CUT_CHANNEL = re.compile(r"[ _.-]+(?:ch(?:annel)?|c)[ _.-]*$", re.IGNORECASE)
_SUFFIX = re.compile(rf"(?:^|[ _.-]+){_CHANNEL}$", re.IGNORECASE)
_PREFIX = re.compile(rf"^{_CHANNEL}[ _.-]+", re.IGNORECASE)


def channel_colour(name: str) -> str | None:
    """Colour of a channel by the words of its name.

    Returns
    -------
    "red", "green", or None if no word or words of both say so.
    """
    name = _FAR_RED.sub(" ", name)
    # "RedChannel" are two words, but "GCaMP" and "mCherry" are one
    colours = {
        match.lastgroup
        for text in (name, _CAMEL.sub(" ", name))
        for match in _COLOUR.finditer(text)
    }
    return colours.pop() if len(colours) == 1 else None


def contradicting_name(name: str, colour: str) -> bool:
    """Whether a name says that a channel has the other colour."""
    return channel_colour(name) == _other(colour)


def recording_name(paths: list[Path]) -> str:
    """Name a recording after its files, without what only names a channel.

    Files that are called only "red" or "green" give the name of their folder. Bytes of
    a file name that are not UTF-8 are escaped, and the form is NFC.
    """
    return clean_name(utf8_name(_name(paths)))


def _name(paths: list[Path]) -> str:
    stems = [_without_channel(_stem(path)) for path in paths]
    common = stems[0].strip(" _.-")
    if common and len(set(stems)) == 1:
        return common
    common = _CUT_CHANNEL.sub("", _common_start(stems)).strip(" _.-")
    # one letter in common is no name
    if len(common) >= 2 and len(stems) > 1:
        return common
    return paths[-1].absolute().parent.name or paths[-1].stem


def pick_channels(
    names: list[str], red: str | int | None, green: str | int | None, where: str
) -> tuple[int, int]:
    """Choose the red and the green channel of a file: their indices, from 0.

    Parameters
    ----------
    names
        Name of each channel; "" where it has none.
    red, green
        What the user chose, by name or index. In a file of two channels one choice
        settles both.
    where
        The file's name, for messages.
    """
    chosen = {
        colour: _find(names, key, colour, where)
        for colour, key in (("red", red), ("green", green))
        if key is not None
    }
    if not chosen:
        chosen = _by_name(names)
    if len(chosen) == 1 and len(names) == 2:
        (colour, index), *_ = chosen.items()
        chosen[_other(colour)] = 1 - index
    if len(chosen) < 2:
        raise InputError(
            f"{where} has the channels {_listed(names)}, and which is red and which "
            "green is not clear; say so with --red-channel and --green-channel."
        )
    if chosen["red"] == chosen["green"]:
        raise InputError(
            f"{where}: channel {chosen['red']} was chosen as both red and green; "
            f"choose two of {_listed(names)} with --red-channel and --green-channel."
        )
    return chosen["red"], chosen["green"]


def _by_name(names: list[str]) -> dict[str, int]:
    colours = [channel_colour(name) for name in names]
    if colours.count("red") == 1 and colours.count("green") == 1:
        return {"red": colours.index("red"), "green": colours.index("green")}
    return {}


def _find(names: list[str], key: str | int, colour: str, where: str) -> int:
    lower = [name.lower() for name in names]
    if isinstance(key, str) and lower.count(key.lower()) == 1:
        return lower.index(key.lower())
    if str(key).isdecimal() and int(key) < len(names):
        return int(key)
    raise InputError(
        f"{where} has no channel {key!r}; choose one of {_listed(names)} with "
        f"--{colour}-channel."
    )


def _common_start(stems: list[str]) -> str:
    letters = zip(*stems, strict=False)
    return "".join(each[0] for each in takewhile(lambda e: len(set(e)) == 1, letters))


def _other(colour: str) -> str:
    return "green" if colour == "red" else "red"


def _listed(names: list[str]) -> str:
    return ", ".join(
        f"{index} ({name})" if name else str(index) for index, name in enumerate(names)
    )


def _stem(path: Path) -> str:
    return re.sub(r"\.ome$", "", path.stem, flags=re.IGNORECASE)


def _without_channel(stem: str) -> str:
    return _PREFIX.sub("", _SUFFIX.sub("", stem))
