"""MATLAB structures in HDF5 (v7.3), read as those of older MAT files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from napari_cellid.errors import InputError
from napari_cellid.io.crcns.mat_struct import TOP

if TYPE_CHECKING:
    from pathlib import Path


class Hdf5Struct:
    """A MATLAB structure in HDF5 (v7.3), whose fields are attributes.

    Parameters
    ----------
    file
        The file.
    fields
        For each field the data set, group or value of this element.
    """

    def __init__(self, file: Any, fields: dict[str, Any]) -> None:
        self._file, self._fields = file, fields

    @classmethod
    def top(cls, file: Any, path: Path) -> Any:
        """The structure of the session."""
        for name in TOP:
            if name in file:
                return _hdf5_value(file, file[name])
        names = ", ".join(n for n in file if not n.startswith("#")) or "none"
        raise InputError(
            f"{path.name} has the variables {names}, but the session of ssc-2 is in s; "
            "it is a file of another layout."
        )

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or name not in self._fields:
            raise AttributeError(name)
        return _hdf5_value(self._file, self._fields[name])


def _hdf5_value(file: Any, item: Any) -> Any:
    """Value of an item: a structure, cells or structures in a list, or an array."""
    import h5py

    if isinstance(item, h5py.Group):
        # some converters wrote each leaf into a group of its own name
        name = item.name.rsplit("/", 1)[-1]
        if list(item) == [name]:
            return _hdf5_value(file, item[name])
        return _hdf5_struct(file, item)
    if item.dtype == h5py.ref_dtype:
        # MATLAB's first dimension is the last one of HDF5
        return [_hdf5_value(file, file[ref]) for ref in np.ravel(item[()].T)]
    return np.asarray(item[()]).T


def _hdf5_struct(file: Any, group: Any) -> Any:
    """A structure, or a list of them where each field is an array of references."""
    import h5py

    fields = {name: group[name] for name in group}
    arrays = [
        one
        for one in fields.values()
        if isinstance(one, h5py.Dataset)
        and one.dtype == h5py.ref_dtype
        and "MATLAB_class" not in one.attrs
    ]
    if not arrays or len(arrays) < len(fields):
        return Hdf5Struct(file, fields)
    refs = {name: np.ravel(one[()].T) for name, one in fields.items()}
    count = min(map(len, refs.values()))
    return [
        Hdf5Struct(file, {name: file[refs[name][k]] for name in refs})
        for k in range(count)
    ]
