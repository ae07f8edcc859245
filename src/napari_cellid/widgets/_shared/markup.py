"""Names and texts of files in labels and tooltips, never taken for markup."""

from __future__ import annotations

from html import escape


def as_rich_text(text: str) -> str:
    """A text for a tooltip or message box that shows it as it is; "" stays empty.

    Qt takes a text for rich text if it looks like it, loads the pictures in it, and
    wraps only rich text.
    """
    lines = escape(text, quote=False).replace("\n", "<br>")
    return f"<qt>{lines}</qt>" if text else ""
