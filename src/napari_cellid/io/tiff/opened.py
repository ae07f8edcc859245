"""A TIFF file while it is open, and what is said if it cannot be opened."""

from __future__ import annotations

import logging
import warnings
from contextlib import contextmanager
from typing import TYPE_CHECKING

import tifffile

from napari_cellid.errors import InputError, file_reason
from napari_cellid.files import check_regular_file
from napari_cellid.io.tiff.pages import DECODE_ERRORS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextmanager
def opened(path: Path, *, is_ome: bool | None = None) -> Iterator[tifffile.TiffFile]:
    """A TIFF file while it is open; `is_ome=False` leaves its OME metadata aside.

    Raises
    ------
    InputError
        If it cannot be opened, or its header cannot be read within the block.
    """
    check_regular_file(path, "a TIFF file")
    try:
        # about odd entries in headers, which are checked here
        with _warnings_hidden(), tifffile.TiffFile(path, is_ome=is_ome) as tif:
            yield tif
    # first, because it is a ValueError, too, as some of DECODE_ERRORS
    except InputError:
        raise
    except tifffile.TiffFileError as error:
        raise InputError(
            f"{path.name} is not a TIFF file ({error}); choose one or convert it."
        ) from error
    except PermissionError as error:
        raise InputError(
            f"{path} may not be read ({file_reason(error)}); ask its owner."
        ) from error
    except DECODE_ERRORS as error:
        raise InputError(
            f"{path.name} has a header that cannot be read ({error}); it is damaged, "
            "copy or export it again."
        ) from error


@contextmanager
def _warnings_hidden() -> Iterator[None]:
    """Leave out the warnings of numpy and the log lines of tifffile."""
    log = logging.getLogger("tifffile")
    level = log.level
    log.setLevel(logging.CRITICAL + 1)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        log.setLevel(level)
