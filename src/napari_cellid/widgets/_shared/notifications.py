"""Errors that the user can mend, shown as notifications of napari."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from napari.utils.notifications import show_error

from napari_cellid.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def input_errors_shown() -> Iterator[None]:
    """Show an `InputError` as a notification, and end the block there."""
    try:
        yield
    except InputError as error:
        show_error(str(error))
