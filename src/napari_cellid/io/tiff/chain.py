"""The pages that are in a TIFF file, found by following their chain.

tifffile takes short cuts where a header says how many pages there are, or where pages
seem to lie at equal distances; here every page is visited.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, BinaryIO

from napari_cellid.errors import InputError
from napari_cellid.io.tiff.read_ahead import HeadersAhead

if TYPE_CHECKING:
    from pathlib import Path

_WIDTHS = {1: 1, 2: 1, 3: 2, 4: 4, 6: 1, 7: 1, 8: 2, 9: 4, 13: 4, 16: 8, 17: 8, 18: 8}
_CODES = {1: "B", 2: "B", 3: "H", 4: "I", 6: "b", 7: "B", 8: "h", 9: "i", 13: "I",
          16: "Q", 17: "q", 18: "Q"}  # fmt: skip
_OFFSETS = {273, 324}
_COUNTS = {279, 325}
_NEW_SUBFILE = 254
# width, height, bits, compression, photometric, fill order, samples, rows of a strip,
# planar, predictor, tile size, extra samples, sample format, JPEG tables, depth
_KIND = {256, 257, 258, 259, 262, 266, 277, 278, 284, 317, 322, 323, 338, 339, 347,
         32997}  # fmt: skip
#: longer lists of numbers do not describe a page
_MOST_VALUES = 1 << 22


@dataclass(frozen=True)
class PageChain:
    """The pages of a file in the order of their chain.

    Parameters
    ----------
    places
        Position of the header of each page in the file (bytes).
    offsets, counts
        Position and length (bytes) of each strip or tile of each page.
    kinds
        Number of the way in which each page is stored: 0 as the first page. Reduced
        copies of other pages have the kind -1.
    signature
        How the first page is stored; files of the same signature store it alike.
    """

    places: list[int]
    offsets: list[tuple[int, ...]]
    counts: list[tuple[int, ...]]
    kinds: list[int]
    signature: object = None

    @property
    def like_first(self) -> list[int]:
        """Numbers of the pages that are stored as the first page."""
        return [number for number, kind in enumerate(self.kinds) if kind == 0]


def read_chain(path: Path) -> PageChain:
    """Visit all pages of a file.

    Raises
    ------
    InputError
        If the chain of pages (IFDs) leads beyond the end of the file.
    """
    size = path.stat().st_size
    chain = PageChain([], [], [], [])
    with path.open("rb", buffering=0) as file:
        walk = _Walk(file, size, path.name)
        ahead = HeadersAhead(file, size)
        place = walk.first()
        seen: set[int] = set()
        while place:
            # a damaged chain can lead back to one of its pages, and would never end
            if place in seen:
                raise walk.broken(len(seen))
            seen.add(place)
            ahead.at(place)
            place = walk.page(place, chain, len(seen) - 1)
    first = next(iter(walk.kinds), None)
    return replace(chain, signature=(walk.order, first))


@dataclass(frozen=True)
class _Alike:
    """What pages have in common that differ in nothing but where their pixels lie.

    Parameters
    ----------
    data
        Entries of the first of them.
    same
        Parts of the entries that are equal: all but the position of the pixels, and
        the values of entries that say nothing of how a page is stored.
    offset
        How, and where, the position of the pixels is written.
    """

    data: bytes
    same: tuple[slice, ...]
    offset: tuple[struct.Struct, int]

    def has_same(self, data: bytes) -> bool:
        """Whether the entries of another page are alike."""
        return len(data) == len(self.data) and all(
            data[part] == self.data[part] for part in self.same
        )

    def offsets(self, data: bytes) -> tuple[int, ...]:
        """Position of the pixels of such a page."""
        packed, start = self.offset
        numbers: tuple[int, ...] = packed.unpack_from(data, start)
        return numbers


def _alike(data: bytes, entries: range, order: str) -> _Alike | None:
    """What pages like this one have in common; None if more than its entries tell."""
    big = entries.step == 20
    n_format, value = ("Q", 12) if big else ("I", 8)
    same, start, offset = [], 0, None
    for entry in entries:
        tag, kind = struct.unpack_from(f"{order}HH", data, entry)
        (n,) = struct.unpack_from(f"{order}{n_format}", data, entry + 4)
        if tag in _OFFSETS | _COUNTS | _KIND | {_NEW_SUBFILE}:
            if kind not in _WIDTHS or n * _WIDTHS[kind] > entries.step - value:
                return None
            if tag not in _OFFSETS:
                continue
            packed = struct.Struct(f"{order}{n}{_CODES[kind]}")
            offset = packed, entry + value
            same.append(slice(start, entry + value))
        else:
            # its tag alone, so that no other entry is taken for it
            same.append(slice(start, entry + 2))
        start = entry + entries.step
    same.append(slice(start, entries.stop))
    return None if offset is None else _Alike(data, tuple(same), offset)


@dataclass
class _Walk:
    """Reads the headers of pages, one after another."""

    file: BinaryIO
    size: int
    name: str
    order: str = "<"
    big: bool = False
    # pages of one file repeat the same entries
    known: dict[bytes, tuple[int, ...]] = field(default_factory=dict)
    # bytes of the list of the page before
    length: int = 512
    kinds: dict[object, int] = field(default_factory=dict)
    # the page before, if those like it are told at a glance
    alike: _Alike | None = None

    def first(self) -> int:
        """Position of the first page."""
        head = self.file.read(16)
        self.order = {b"II": "<", b"MM": ">"}.get(head[:2], "<")
        try:
            self.big = struct.unpack(f"{self.order}H", head[2:4])[0] == 43
            code, start = ("Q", 8) if self.big else ("I", 4)
            (place,) = struct.unpack_from(f"{self.order}{code}", head, start)
        except struct.error as error:
            raise self.broken(0) from error
        return int(place)

    def page(self, place: int, chain: PageChain, number: int) -> int:
        """Add the page at a position to the chain; return the position of the next."""
        count_format, next_format, entry = (
            ("Q", "Q", 20) if self.big else ("H", "I", 12)
        )
        width, link = struct.calcsize(count_format), struct.calcsize(next_format)
        if place + 8 >= self.size:
            raise self.broken(number)
        self.file.seek(place)
        # probably as long as that of the page before, and thus read at once
        data = self.file.read(width + self.length)
        (n_tags,) = struct.unpack_from(f"{self.order}{count_format}", data)
        if place + width + n_tags * entry + link > self.size:
            raise self.broken(number)
        self.length = n_tags * entry + link
        data += self._more(width + self.length - len(data))
        data = data[width : width + self.length]
        self._add(place, data, range(0, n_tags * entry, entry), chain)
        (following,) = struct.unpack_from(
            f"{self.order}{next_format}", data, n_tags * entry
        )
        return int(following)

    def _more(self, length: int) -> bytes:
        """So many bytes from where the file is; none if it is no number above 0."""
        return self.file.read(length) if length > 0 else b""

    def broken(self, number: int) -> InputError:
        """The error for a chain that breaks off after so many pages."""
        return InputError(
            f"{self.name} is cut off or damaged: its list of pages breaks off "
            f"after page {number}; copy it again, whole."
        )

    def _add(self, place: int, data: bytes, entries: range, chain: PageChain) -> None:
        chain.places.append(place)
        if self.alike is not None and self.alike.has_same(data):
            chain.offsets.append(self.alike.offsets(data))
            chain.counts.append(chain.counts[-1])
            chain.kinds.append(chain.kinds[-1])
            return
        offsets: tuple[int, ...] = ()
        counts: tuple[int, ...] = ()
        kind, reduced = {}, False
        for start in entries:
            raw = data[start : start + entries.step]
            (tag,) = struct.unpack_from(f"{self.order}H", raw)
            if tag in _OFFSETS:
                offsets = self._values(raw)
            elif tag in _COUNTS:
                counts = self._values(raw)
            elif tag in _KIND:
                kind[tag] = self._values(raw)
            elif tag == _NEW_SUBFILE:
                # bit 0: a smaller copy of another image, such as a thumbnail
                reduced = bool(sum(self._values(raw)[:1]) & 1)
        key = (tuple(sorted(kind.items())), len(offsets))
        chain.offsets.append(offsets)
        chain.counts.append(counts)
        known = self.kinds.setdefault(key, len(self.kinds))
        chain.kinds.append(-1 if reduced and known != 0 else known)
        self.alike = _alike(data, entries, self.order)

    def _values(self, raw: bytes) -> tuple[int, ...]:
        """The numbers of an entry, from the entry or from where it points."""
        if raw in self.known:
            return self.known[raw]
        code, place = ("Q", 12) if self.big else ("I", 8)
        (kind,) = struct.unpack_from(f"{self.order}H", raw, 2)
        (n,) = struct.unpack_from(f"{self.order}{code}", raw, 4)
        if kind not in _WIDTHS or n > _MOST_VALUES:
            return ()
        length = n * _WIDTHS[kind]
        inline = length <= len(raw) - place
        data = raw[place : place + length]
        if not inline:
            (position,) = struct.unpack_from(f"{self.order}{code}", raw, place)
            back = self.file.tell()
            self.file.seek(position)
            data = self.file.read(length)
            self.file.seek(back)
            if len(data) < length:
                return ()
        values = struct.unpack(f"{self.order}{n}{_CODES[kind]}", data)
        if inline:
            self.known[raw] = values
        return values
