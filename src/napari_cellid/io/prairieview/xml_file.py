"""The XML file of a PrairieView recording: its sequences, frames, files and sizes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from xml.etree import ElementTree

from napari_cellid.errors import InputError, file_reason

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

#: what the file begins with, after the declaration
ROOT = b"<PVScan"
_Z_AXIS = "ZAxis"


@dataclass
class Frame:
    """One image of each channel.

    Parameters
    ----------
    time_s
        Seconds since the start of the recording; None if it is not said.
    z_um
        Depth of the focus in µm; None if the frame does not say it.
    files
        Name of the file and number of the page in it, from 0, by channel.
    """

    time_s: float | None = None
    z_um: float | None = None
    files: dict[int, tuple[str, int]] = field(default_factory=dict)


@dataclass
class Sequence:
    """Frames that follow one another: a volume, a cycle of a time series, an image."""

    kind: str
    bidirectional: bool = False
    on_stage_grid: bool = False
    frames: list[Frame] = field(default_factory=list)

    @property
    def is_volume(self) -> bool:
        """Whether the frames are planes, not time points."""
        return "zseries" in self.kind.lower()


@dataclass
class PrairieXml:
    """What the XML file says.

    Parameters
    ----------
    values
        State of the microscope at the start, such as "framePeriod"; values that have
        an index are named as in "micronsPerPixel XAxis".
    channel_names
        Name of each channel by its number.
    """

    sequences: list[Sequence] = field(default_factory=list)
    values: dict[str, str] = field(default_factory=dict)
    channel_names: dict[int, str] = field(default_factory=dict)

    def number(self, key: str) -> float | None:
        """A value as a number; None if there is none."""
        return _number(self.values.get(key))


def read_xml(path: Path) -> PrairieXml:
    """Read the XML file of a recording; long ones need little memory.

    Raises
    ------
    InputError
        If it is damaged or not of PrairieView.
    """
    found = PrairieXml()
    try:
        with path.open("rb") as file:
            _read_elements(ElementTree.iterparse(file, ("start", "end")), found, path)
    # a file that names an encoding that nobody knows is a LookupError
    except (ElementTree.ParseError, LookupError) as error:
        raise InputError(
            f"{path.name} cannot be read to its end ({error}); it is cut off or "
            "damaged: copy it again."
        ) from error
    except OSError as error:
        raise InputError(
            f"{path} cannot be read ({file_reason(error)}); check its permissions."
        ) from error
    if not any(sequence.frames for sequence in found.sequences):
        raise InputError(
            f"{path.name} names no images; the recording was stopped before its first "
            "image: choose another one."
        )
    return found


def _read_elements(
    events: Iterator[tuple[str, ElementTree.Element]], found: PrairieXml, path: Path
) -> None:
    root: ElementTree.Element | None = None
    for event, element in events:
        if root is None:
            root = element
            if element.tag != "PVScan":
                raise InputError(
                    f"{path.name} is an XML file of something else ({element.tag}); "
                    "choose the one of PrairieView that begins with PVScan."
                )
        if event == "start" and element.tag == "Sequence":
            found.sequences.append(_sequence(element))
        elif event == "end" and element.tag == "Frame" and found.sequences:
            found.sequences[-1].frames.append(_frame(element, found, path))
            # a long time series has a million elements
            element.clear()
        elif event == "end" and element.tag == "Sequence":
            element.clear()
        elif event == "end" and element.tag == "PVStateShard" and not found.sequences:
            found.values.update(_values(element))


def _sequence(element: ElementTree.Element) -> Sequence:
    return Sequence(
        kind=element.get("type", ""),
        bidirectional=element.get("bidirectionalZ", "").lower() == "true",
        on_stage_grid=element.get("xYStageGridDefined", "").lower() == "true",
    )


def _frame(element: ElementTree.Element, found: PrairieXml, path: Path) -> Frame:
    frame = Frame(
        time_s=_number(element.get("absoluteTime", element.get("relativeTime")))
    )
    for entry in element.iter("File"):
        channel, page = _whole(entry.get("channel")), _whole(entry.get("page", "1"))
        name = entry.get("filename", "")
        # a name with a folder could lead to any file of the computer
        if channel is None or page is None or page < 1 or not _is_plain(name):
            raise InputError(
                f"{path.name} names a file {name[:80]!r} (channel "
                f"{entry.get('channel')}, page {entry.get('page', '1')}), which cannot "
                "be one of this recording; export the recording again."
            )
        frame.files[channel] = name, page - 1
        found.channel_names.setdefault(channel, entry.get("channelName", ""))
    for shard in element.iter("PVStateShard"):
        frame.z_um = _depth(shard)
    return frame


def _depth(shard: ElementTree.Element) -> float | None:
    """Position of the focus: motor and piezo together."""
    for value in shard.iter("PVStateValue"):
        if value.get("key") != "positionCurrent":
            continue
        for axis in value.iter("SubindexedValues"):
            if axis.get("index") == _Z_AXIS:
                parts = [_number(part.get("value")) for part in axis]
                numbers = [part for part in parts if part is not None]
                return sum(numbers) if len(numbers) == len(parts) and parts else None
    return None


def _values(shard: ElementTree.Element) -> dict[str, str]:
    values = {}
    for entry in shard.iter("PVStateValue"):
        key = entry.get("key", "")
        if entry.get("value") is not None:
            values[key] = entry.get("value", "")
        for part in entry.iter("IndexedValue"):
            values[f"{key} {part.get('index', '')}"] = part.get("value", "")
    return values


def _is_plain(name: str) -> bool:
    return bool(name) and not set(name) & set("/\\:\0") and name not in (".", "..")


def _number(text: str | None) -> float | None:
    try:
        # some versions write the decimal comma of the computer
        return None if text is None else float(text.replace(",", "."))
    except ValueError:
        return None


def _whole(text: str | None) -> int | None:
    try:
        return None if text is None else int(text)
    except ValueError:
        return None
