"""Notifications of napari about errors that the user can mend."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from napari.utils.notifications import show_error, show_warning

from napari_cellid.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

#: the most problems that are shown one by one; the rest is counted
_MAX_WARNINGS = 4


@contextmanager
def input_errors_shown() -> Iterator[None]:
    """Show an `InputError` as a notification, and end the block there."""
    try:
        yield
    except InputError as error:
        show_error(str(error))


def show_warnings(problems: Sequence[str]) -> None:
    """Show the first few problems one by one, and the number of the others."""
    for problem in problems[:_MAX_WARNINGS]:
        show_warning(problem)
    if len(problems) > _MAX_WARNINGS:
        show_warning(f"There are {len(problems) - _MAX_WARNINGS} more such problems.")
