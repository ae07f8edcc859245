"""Tables that people read, as values: the window and the terminal draw them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from napari_cellid.retrain.verdict import decimal_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

#: stands where there is no value
NONE = "–"


@dataclass(frozen=True)
class TableItem:
    """One item of a table.

    Parameters
    ----------
    text
        The text.
    tip
        The number of cells behind it, and what else is worth knowing.
    shade
        0 to 1: strength of the background; None for none.
    """

    text: str
    tip: str = ""
    shade: float | None = None


#: rows of a table: the title of each row and its items
Rows = list[tuple[str, list[TableItem]]]


def number_text(value: float | None, digits: int = 2) -> str:
    """A number, or a dash where there is none."""
    return NONE if value is None else decimal_text(value, digits)


def count_text(number: int, singular: str, plural: str = "") -> str:
    """A number of things with the noun in singular or plural."""
    return f"{number} {singular if number == 1 else plural or singular + 's'}"


def counts_text(counts: Mapping[str, int]) -> str:
    """Numbers by name, such as "12 excitatory, 3 glia"."""
    return ", ".join(f"{n} {name}" for name, n in counts.items())


def shorten_names(names: Sequence[str]) -> list[str]:
    """Names short enough for narrow columns: their beginnings, as far as they differ.

    Names of six letters or fewer stay as they are.
    """
    for length in range(3, max(map(len, names), default=0)):
        short = [n if len(n) <= 6 else f"{n[:length].rstrip()}." for n in names]
        if len(set(short)) == len(names):
            return short
    return list(names)


def text_table(head: Sequence[str], rows: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """A table in columns of fixed width, in signs that every terminal has."""
    widths = [max(len(title), 9) for title in head]
    titles = (f"{t:>{w}}" for t, w in zip(head, widths, strict=True))
    yield f"{'':16} {' '.join(titles)}"
    for name, items in rows.items():
        texts = (
            f"{plain_text(text):>{w}}" for text, w in zip(items, widths, strict=True)
        )
        yield f"{name:16} {' '.join(texts)}"


def plain_text(text: str) -> str:
    """A text with plain hyphens, for terminals that lack dashes and minus signs."""
    return text.replace(NONE, "-").replace("−", "-")
