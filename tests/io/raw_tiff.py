"""TIFF files written tag by tag, with nothing of the product and of tifffile."""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

ASCII, SHORT, LONG, LONG8 = 2, 3, 4, 16


@dataclass
class RawTiff:
    """How a file is written; `gaps` are empty bytes before the header of each page."""

    order: str = "<"
    big: bool = False
    gaps: tuple[int, ...] = (0,)
    description: str = ""
    software: str = ""
    page_description: str = "frameNumbers = {}\n"
    photometric: int = 1
    samples: int = 1
    compression: int = 1
    static: bytes = b""
    describe: Callable[[int], str] | None = None

    def write(self, path, pages):
        """Write pages (y, x), or (y, x, sample), as uncompressed grey images."""
        magic = {"<": b"II", ">": b"MM"}[self.order]
        out = bytearray(magic + struct.pack(f"{self.order}H", 43 if self.big else 42))
        if self.big:
            out += struct.pack(f"{self.order}HHQ", 8, 0, 0)
        else:
            out += struct.pack(f"{self.order}I", 0)
        link = len(out) - (8 if self.big else 4)
        out += self.static
        for number, page in enumerate(pages):
            out += bytes(self.gaps[number % len(self.gaps)])
            out += bytes(-len(out) % 8)
            self._point(out, link, len(out))
            link = self._page(out, np.asarray(page), number)
        path.write_bytes(out)
        return path

    def _point(self, out, link, place):
        struct.pack_into(f"{self.order}{'Q' if self.big else 'I'}", out, link, place)

    def _page(self, out, page, number):
        text = self.description if number == 0 else ""
        text = text or self.page_description.format(number)
        if self.describe is not None:
            text = self.describe(number)
        data = page.astype(page.dtype.newbyteorder(self.order)).tobytes()
        rows, columns = page.shape[:2]
        bits = 8 * page.dtype.itemsize
        kind = {"u": 1, "i": 2, "f": 3}[page.dtype.kind]
        tags = [
            (256, LONG, columns), (257, LONG, rows), (258, SHORT, bits),
            (259, SHORT, self.compression), (262, SHORT, self.photometric),
            (270, ASCII, text.encode() + b"\0"), (273, LONG8 if self.big else LONG, -1),
            (277, SHORT, self.samples), (278, LONG, rows),
            (279, LONG8 if self.big else LONG, len(data)),
        ]  # fmt: skip
        if self.software:
            tags.append((305, ASCII, self.software.encode() + b"\0"))
        if self.samples > 1:
            tags.append((338, SHORT, [0] * (self.samples - 1)))
            tags[2] = (258, SHORT, [bits] * self.samples)
            kind = [kind] * self.samples
        tags.append((339, SHORT, kind))
        return self._entries(out, tags, data)

    def _entries(self, out, tags, data):
        count, offset, inline = ("Q", "Q", 8) if self.big else ("H", "I", 4)
        start = len(out) + struct.calcsize(count)
        entry = 20 if self.big else 12
        link = start + entry * len(tags)
        extra = bytearray()
        after = link + inline
        table = bytearray()
        place_of_data = None
        for code, kind, value in tags:
            raw, n = self._value(kind, value)
            if value == -1:
                place_of_data = len(table) + (12 if self.big else 8)
            elif len(raw) > inline:
                place = after + len(extra)
                extra += raw + bytes(len(raw) % 2)
                raw = struct.pack(f"{self.order}{offset}", place)
            head = f"{self.order}HH{'Q' if self.big else 'I'}"
            table += struct.pack(head, code, kind, n) + raw.ljust(inline, b"\0")
        struct.pack_into(
            f"{self.order}{offset}", table, place_of_data, after + len(extra)
        )
        out += struct.pack(f"{self.order}{count}", len(tags)) + table
        out += bytes(inline) + extra + data
        return link

    def _value(self, kind, value):
        if kind == ASCII:
            return value, len(value)
        values = value if isinstance(value, list) else [value]
        code = {SHORT: "H", LONG: "I", LONG8: "Q"}[kind]
        values = [max(0, number) for number in values]
        return struct.pack(f"{self.order}{len(values)}{code}", *values), len(values)


def scanimage(
    pages, channels=1, planes=1, per_plane=1, *, stack=None, extra="", rois="{}",
    block=True,
):  # fmt: skip
    """A writer of ScanImage BigTIFF files with this header."""
    del pages
    stack = planes > 1 if stack is None else stack
    saved = ";".join(str(k + 1) for k in range(channels))
    header = (
        f"SI.VERSION_MAJOR = 2020\nSI.hChannels.channelSave = [{saved}]\n"
        f"SI.hStackManager.enable = {str(stack).lower()}\n"
        f"SI.hStackManager.numSlices = {planes}\n"
        f"SI.hStackManager.actualNumSlices = {planes}\n"
        f"SI.hStackManager.framesPerSlice = {per_plane}\n"
        f"SI.hFastZ.enable = {str(stack).lower()}\n{extra}"
    )
    frame_data, rois = header.encode() + b"\0", rois.encode() + b"\0"
    static = struct.pack("<IIII", 0x07030301, 3, len(frame_data), len(rois))
    static = static + frame_data + rois if block else b""
    return RawTiff(big=True, software=header, static=static)


def ome_xml(images, order="XYCZT"):
    """OME-XML of images: (name, {"C": n, "Z": n, "T": n}, channel names)."""
    text, first = "", 0
    for number, (name, sizes, channels, shape) in enumerate(images):
        counts = {axis: sizes.get(axis, 1) for axis in "CZT"}
        n_pages = counts["C"] * counts["Z"] * counts["T"]
        listed = "".join(
            f'<Channel ID="Channel:{number}:{k}" Name="{channel}"/>'
            for k, channel in enumerate(channels)
        )
        text += (
            f'<Image ID="Image:{number}" Name="{name}"><Pixels ID="Pixels:{number}" '
            f'DimensionOrder="{order}" Type="uint16" SizeX="{shape[1]}" '
            f'SizeY="{shape[0]}" SizeC="{counts["C"]}" SizeZ="{counts["Z"]}" '
            f'SizeT="{counts["T"]}">{listed}'
            f'<TiffData IFD="{first}" PlaneCount="{n_pages}"/></Pixels></Image>'
        )
        first += n_pages
    return (
        '<?xml version="1.0" encoding="UTF-8"?><OME '
        'xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06">' + text + "</OME>"
    )
