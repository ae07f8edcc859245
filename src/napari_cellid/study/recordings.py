"""One recording of a study: mean images, labels and cell table."""

from __future__ import annotations

import hashlib
import uuid
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_cellid.cells.none_of_these import most_probable
from napari_cellid.config.classes import has_class_none
from napari_cellid.errors import InputError
from napari_cellid.io.ome_tiff import ImageMetadata, write_image
from napari_cellid.io.results import CELLS, LABELS, RUN
from napari_cellid.io.tables import no_retired, read_cells, read_retired
from napari_cellid.json_file import read_json
from napari_cellid.recording import MeanPlanes
from napari_cellid.study.predicted_names import (
    present_names,
    rename_classes,
    without_predictions,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    import pandas as pd
    from numpy.typing import NDArray

    from napari_cellid.config import RecordingInfo, StudyConfig

#: folder of the recordings in a study, and the files that a recording of a study has
#: beside those of a run (`io.results`)
RECORDINGS = "recordings"
#: folder of the journals in a study
ANNOTATIONS = "annotations"
IMAGES, RETIRED = "images.tif", "retired.csv"
#: cells of other images that had the name of the recording before
RETIRED_OTHER = "retired_other.csv"
#: key of `run.json` under which warnings about the numbers of cells stand
IDENTITY_WARNINGS = "identity_warnings"


@dataclass(frozen=True)
class StudyRecording:
    """A recording of a study; its files are read when they are needed.

    Parameters
    ----------
    name
        Name of the recording and of its folder.
    folder
        Folder of its files.
    info
        Animal, sub-volume, pixel size, channels and source files.
    config
        Settings of the study, for the present names of predicted classes; None leaves
        the names as they were written.
    """

    name: str
    folder: Path
    info: RecordingInfo
    config: StudyConfig | None = None

    def planes(self) -> MeanPlanes:
        """Read the mean images, float32 (plane, y, x) each.

        Raises
        ------
        InputError
            If the file is missing, cannot be read, or has other channels than
            `info.channels`.
        """
        path = self.folder / IMAGES
        images = _read_tiff(path)
        n = len(self.info.channels)
        # tifffile drops axes of length 1
        n_images = 1 if images.ndim < 3 else len(images)
        if (n > 1 and n_images != n) or (n == 1 and images.ndim > 3):
            shape = " x ".join(map(str, images.shape))
            raise InputError(
                f"{path} has the shape {shape}, but {n} channels of (plane, y, x) are "
                "expected; identify the recording again."
            )
        images = images.reshape(n, -1, *images.shape[-2:]).astype(np.float32)
        channels = dict(zip(self.info.channels, images, strict=True))
        return MeanPlanes(
            name=self.name,
            red=channels.get("red"),
            green=channels.get("green"),
            pixel_size_um=self.info.pixel_size_um,
            diameter_px=self.info.diameter_px,
            size_assumed=self.info.size_assumed,
            bleed_through=self.info.bleed_through,
        )

    def labels(self) -> NDArray[np.int32]:
        """Read the label image, int32 (plane, y, x); see column `label` of the cells.

        Raises
        ------
        InputError
            If the file is missing or cannot be read.
        """
        return read_labels(self.folder / LABELS)

    def cells(self) -> pd.DataFrame:
        """Read the cell table, one row a cell.

        `predicted` is "" for cells that were not classified, and `none` for those whose
        class cannot be told.

        Raises
        ------
        InputError
            If the file is missing or cannot be read.
        """
        run: Mapping[str, Any] | None = None
        # an unreadable one must not hide the cells
        with suppress(InputError):
            run = self.run()
        return self.cells_of_run(run)

    def cells_of_run(self, run: Mapping[str, Any] | None) -> pd.DataFrame:
        """Read the cell table as `cells` does, where `run` was read before.

        Parameters
        ----------
        run
            Result of `run`; None if it cannot be read: what the predictions mean is
            unknown then, and they are left out.

        Raises
        ------
        InputError
            If the file is missing or cannot be read.
        """
        cells = read_cells(self.folder / CELLS)
        if self.config is None:
            return cells
        if run is None:
            return without_predictions(cells)
        if has_class_none(name for one in self.config.classes for name in one.names):
            # written outside of this study: here the word is a class
            cells = most_probable(cells)
        return rename_classes(cells, present_names(run, self.config))

    def retired(self) -> pd.DataFrame:
        """Read the cells that are gone, with the time of removal.

        They are those of earlier outlines, and those of other images that had the
        name of the recording before.

        Raises
        ------
        InputError
            If the file cannot be read.
        """
        paths = [self.folder / RETIRED, self.folder / RETIRED_OTHER]
        tables = [read_retired(path) for path in paths if path.exists()]
        import pandas as pd

        # an empty table would turn the types of the others into objects
        filled = [table for table in tables if len(table)]
        if not filled:
            return no_retired()
        return filled[0] if len(filled) == 1 else pd.concat(filled, ignore_index=True)

    def run(self) -> dict[str, Any]:
        """Read `run.json`, which describes the run; empty if there is none.

        Raises
        ------
        InputError
            If the file cannot be read.
        """
        path = self.folder / RUN
        try:
            run = read_json(path)
        except FileNotFoundError:
            return {}
        except (OSError, ValueError) as error:
            raise InputError(
                f"{path} cannot be read ({error}); identify the recording again."
            ) from error
        return run if isinstance(run, dict) else {}

    def identity_warnings(self) -> tuple[str, ...]:
        """What a person must check because numbers of cells are less certain.

        Raises
        ------
        InputError
            If `run.json` cannot be read.
        """
        return tuple(map(str, self.run().get(IDENTITY_WARNINGS, ())))


def concatenate_cells(recordings: Iterable[StudyRecording]) -> pd.DataFrame:
    """Cell tables of several recordings, with `recording`, `animal` and `subvolume`.

    Raises
    ------
    InputError
        If a cell table is missing or cannot be read.
    """
    import pandas as pd

    from napari_cellid.cells.measure import COLUMNS

    tables = []
    for recording in recordings:
        cells = recording.cells()
        cells.insert(0, "subvolume", recording.info.subvolume)
        cells.insert(0, "animal", recording.info.animal)
        cells.insert(0, "recording", recording.name)
        tables.append(cells)
    filled = [table for table in tables if len(table)]
    if filled:
        return pd.concat(filled, ignore_index=True)
    if tables:
        return tables[0]
    return pd.DataFrame(columns=["recording", "animal", "subvolume", *COLUMNS])


def read_labels(path: Path) -> NDArray[np.int32]:
    """Read a label image, int32 (plane, y, x).

    Raises
    ------
    InputError
        If the file is missing or cannot be read.
    """
    labels = _read_tiff(path)
    return labels.reshape(-1, *labels.shape[-2:]).astype(np.int32, copy=False)


def missing_files(folder: Path) -> list[str]:
    """Names of image files that a recording lacks."""
    return [name for name in (IMAGES, LABELS) if not (folder / name).is_file()]


def write_images(path: Path, planes: MeanPlanes) -> None:
    """Write mean images as OME-TIFF, float32 (channel, plane, y, x), red first.

    The same images give the same file, byte by byte.
    """
    channels = channels_of(planes)
    images = np.stack([getattr(planes, name) for name in channels])
    digest = hashlib.sha256(images.tobytes()).digest()
    metadata = ImageMetadata(
        axes="CZYX",
        pixel_size_um=planes.pixel_size_um,
        channels=channels,
        uuid=str(uuid.UUID(bytes=digest[:16])),
    )
    write_image(path, images.astype(np.float32, copy=False), metadata)


def channels_of(planes: MeanPlanes) -> tuple[str, ...]:
    """Names of the channels of a recording, red first."""
    return tuple(c for c in ("red", "green") if getattr(planes, c) is not None)


def _read_tiff(path: Path) -> NDArray[Any]:
    import tifffile

    from napari_cellid.io.tiff.pages import DECODE_ERRORS

    if not path.is_file():
        raise InputError(f"{path} is missing; identify the recording again.")
    try:
        images = np.asarray(tifffile.imread(path))
        if images.ndim < 2:
            # tifffile returns this for a file without images
            raise ValueError("it holds no image")
    except (tifffile.TiffFileError, *DECODE_ERRORS) as error:
        raise InputError(
            f"{path} cannot be read ({error}); restore it from a copy, or identify the "
            "recording again."
        ) from error
    return images
