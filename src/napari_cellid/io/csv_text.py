"""Text in CSV files that a spreadsheet cannot take for a formula."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd

#: characters with which a formula begins, as in ASCII and as wide ones of East Asia
_FORMULA = r"[=+\-@\t\r\n＝＋－＠]"
_RISKY, _PROTECTED = re.compile(rf"'*{_FORMULA}"), re.compile(rf"'+{_FORMULA}")


def protect_text(text: str) -> str:
    """Write an apostrophe before a text that a spreadsheet would run as a formula.

    A text that looks protected gets one more, so that `unprotect_text` gives it back.
    """
    return f"'{text}" if _RISKY.match(text) else text


def unprotect_text(text: str) -> str:
    """Take the apostrophe of `protect_text` off; other texts stay as they are."""
    return text[1:] if _PROTECTED.match(text) else text


def protect_table(table: pd.DataFrame) -> pd.DataFrame:
    """A table whose texts are protected; numbers stay numbers."""
    return _map_texts(table, protect_text)


def unprotect_table(table: pd.DataFrame) -> pd.DataFrame:
    """A table with the texts that were given to `protect_table`."""
    return _map_texts(table, unprotect_text)


def _map_texts(table: pd.DataFrame, change: Callable[[str], str]) -> pd.DataFrame:
    columns = {
        name: table[name].map(lambda v: change(v) if isinstance(v, str) else v)
        for name, kind in table.dtypes.items()
        if _holds_text(kind)
    }
    return table.assign(**{str(k): v for k, v in columns.items()}) if columns else table


def _holds_text(kind: Any) -> bool:
    return str(kind) in ("object", "string", "str", "category")
