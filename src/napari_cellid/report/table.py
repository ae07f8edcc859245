"""Tables as values, which the window and the terminal draw, and texts of numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from napari_cellid.retrain.verdict import decimal_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

#: text of a missing value
NONE = "–"


@dataclass(frozen=True)
class TableItem:
    """One item of a table.

    Parameters
    ----------
    text
        Text of the item.
    tip
        Tooltip, such as the number of cells behind a value.
    shade
        Strength of the background colour, from 0 to 1; None for no colour.
    """

    text: str
    tip: str = ""
    shade: float | None = None


#: rows of a table: the title of each row and its items
Rows = list[tuple[str, list[TableItem]]]


def number_text(value: float | None, digits: int = 2) -> str:
    """Format a number; a dash for None."""
    return NONE if value is None else decimal_text(value, digits)


def count_text(number: int, singular: str, plural: str = "") -> str:
    """Format a count with the noun in singular or plural."""
    return f"{number} {singular if number == 1 else plural or singular + 's'}"


def counts_text(counts: Mapping[str, int]) -> str:
    """Format numbers by name, such as "12 excitatory, 3 glia"."""
    return ", ".join(f"{n} {name}" for name, n in counts.items())


def shorten_names(names: Sequence[str]) -> list[str]:
    """Shorten names for narrow columns, to beginnings that differ.

    Names of six letters or fewer stay as they are.
    """
    for length in range(3, max(map(len, names), default=0)):
        short = [n if len(n) <= 6 else f"{n[:length].rstrip()}." for n in names]
        if len(set(short)) == len(names):
            return short
    return list(names)


def text_table(
    titles: Sequence[str], rows: Mapping[str, Sequence[str]]
) -> Iterator[str]:
    """Format a table in columns of fixed width, in characters of every terminal."""
    widths = [max(len(title), 9) for title in titles]
    head = (f"{t:>{w}}" for t, w in zip(titles, widths, strict=True))
    yield f"{'':16} {' '.join(head)}"
    for name, items in rows.items():
        texts = (
            f"{plain_text(text):>{w}}" for text, w in zip(items, widths, strict=True)
        )
        yield f"{name:16} {' '.join(texts)}"


def plain_text(text: str) -> str:
    """Replace dashes and minus signs by hyphens, for terminals that lack them."""
    return text.replace(NONE, "-").replace("−", "-")
