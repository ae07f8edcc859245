"""Reading of pickles that hold numpy arrays, without running what they say.

A pickle is a program: it names functions and calls them. Here it can name what numpy
writes for arrays alone, and even that is not numpy's own: the stand-ins below keep what
they are given, and arrays are made from it where their values are asked for.
"""

from __future__ import annotations

import io
import math
import pickle
import pickletools
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

#: what a pickle of numpy arrays consists of, in protocols 2 to 4; left out are those
#: that make objects of classes, or read from outside the pickle
_OPCODES = frozenset(
    {
        "PROTO", "FRAME", "STOP", "MARK", "POP", "POP_MARK", "DUP", "NONE", "NEWTRUE",
        "NEWFALSE", "BININT", "BININT1", "BININT2", "LONG1", "LONG4", "BINFLOAT",
        "BINUNICODE", "SHORT_BINUNICODE", "BINUNICODE8", "BINBYTES", "SHORT_BINBYTES",
        "BINBYTES8", "EMPTY_LIST", "APPEND", "APPENDS", "EMPTY_TUPLE", "TUPLE",
        "TUPLE1", "TUPLE2", "TUPLE3", "EMPTY_DICT", "SETITEM", "SETITEMS", "GLOBAL",
        "STACK_GLOBAL", "REDUCE", "BUILD", "BINPUT", "LONG_BINPUT", "MEMOIZE", "BINGET",
        "LONG_BINGET",
    }
)  # fmt: skip
#: types of values: the kind and, but for booleans and texts, the bytes of one
_TYPE = re.compile(r"(\?|b1|[iu][1248]|f[248]|[SU]\d{1,6})")
_OBJECTS = re.compile(r"O\d?")
#: more axes than any array of suite2p has
_MOST_AXES = 8
_MODULES = ("numpy.core.multiarray", "numpy._core.multiarray")
#: types of values that nothing here needs, in settings of earlier versions of suite2p
_IGNORED = frozenset(
    {
        *(("datetime", name) for name in ("datetime", "timedelta", "timezone")),
        *(
            (module, name)
            for module in ("pathlib", "pathlib._local")
            for name in ("PosixPath", "WindowsPath", "PurePosixPath", "PureWindowsPath")
        ),
    }
)
#: what damaged pickles raise
_DAMAGED = (
    pickle.UnpicklingError, ValueError, TypeError, KeyError, IndexError, EOFError,
    AttributeError, OverflowError, MemoryError, RecursionError,
)  # fmt: skip


class PickleError(ValueError):
    """A pickle is damaged."""


class ForeignPickleError(PickleError):
    """A pickle names something other than numpy's arrays."""


def load_pickle(data: bytes) -> Any:
    """Read a pickle of numpy arrays in lists, tuples and dicts.

    Parameters
    ----------
    data
        The whole pickle.

    Returns
    -------
    The object; `PickledArray` in place of arrays and `PickledScalar` in place of
    numpy's numbers.

    Raises
    ------
    ForeignPickleError
        If anything else is named in it; nothing of it is imported or called.
    PickleError
        If it is damaged.
    """
    try:
        _check(data)
        return _Unpickler(io.BytesIO(data)).load()
    except PickleError:
        # it is a ValueError, too
        raise
    except _DAMAGED as error:
        raise PickleError(str(error) or type(error).__name__) from error


class PickledType:
    """Type of the values of a pickled array, such as "i8"."""

    __slots__ = ("_name", "_order")

    def __init__(self, name: object, *_: object) -> None:
        self._name, self._order = name, "="

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        """Take the order of the bytes, as numpy writes it."""
        self._order = state[1]

    @property
    def is_object(self) -> bool:
        """Whether the values are Python objects."""
        return isinstance(self._name, str) and bool(_OBJECTS.fullmatch(self._name))

    def numpy(self) -> np.dtype[Any]:
        """The type, if it is one of numbers, booleans or texts.

        Raises
        ------
        PickleError
            If it is not.
        """
        name, order = self._name, self._order
        if not (isinstance(name, str) and _TYPE.fullmatch(name)):
            raise PickleError("an array has values of an unknown type")
        dtype = np.dtype(name)
        if order in ("<", ">"):
            return dtype.newbyteorder("<" if order == "<" else ">")
        return dtype


class PickledArray:
    """An array in a pickle; its values are those of the file until they are asked for.

    Raises
    ------
    PickleError
        If it is damaged, when it is asked for its values.
    """

    __slots__ = ("_state",)

    def __init__(self) -> None:
        self._state: tuple[Any, ...] = ()

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        """Take what numpy writes: version, shape, type, order of axes, values."""
        self._state = state

    def shape(self) -> tuple[int, ...]:
        """Length of each axis."""
        shape = self._parts()[0]
        if (
            not isinstance(shape, tuple)
            or len(shape) > _MOST_AXES
            or any(type(n) is not int or n < 0 for n in shape)
        ):
            raise PickleError("an array has a shape that is none")
        return shape

    def objects(self) -> list[Any]:
        """The values of an array of Python objects, one after another."""
        _, kind, _, values = self._parts()
        n = math.prod(self.shape())
        if not kind.is_object or not isinstance(values, list) or len(values) != n:
            raise PickleError("an array does not hold what it should")
        return values

    def values(self) -> NDArray[Any]:
        """The values of an array of numbers, booleans or texts."""
        _, kind, column_first, values = self._parts()
        dtype, shape = kind.numpy(), self.shape()
        needed = math.prod(shape) * dtype.itemsize
        if not isinstance(values, bytes) or len(values) != needed:
            raise PickleError("an array does not have as many values as it should")
        flat = np.frombuffer(values, dtype) if values else np.empty(0, dtype)
        return flat.reshape(shape, order="F" if column_first else "C")

    def _parts(self) -> tuple[Any, PickledType, bool, Any]:
        if len(self._state) != 5 or not isinstance(self._state[2], PickledType):
            raise PickleError("an array is incomplete")
        _, shape, kind, column_first, values = self._state
        return shape, kind, bool(column_first), values


@dataclass(frozen=True, slots=True)
class PickledScalar:
    """A number of numpy in a pickle."""

    kind: Any
    data: Any = b""

    def value(self) -> Any:
        """The number as one of Python.

        Raises
        ------
        PickleError
            If it is damaged.
        """
        if not isinstance(self.kind, PickledType) or not isinstance(self.data, bytes):
            raise PickleError("a number is incomplete")
        dtype = self.kind.numpy()
        if len(self.data) != dtype.itemsize or not dtype.itemsize:
            raise PickleError("a number has the wrong length")
        return np.frombuffer(self.data, dtype)[0].item()


@dataclass(frozen=True, slots=True)
class _Named:
    """What a pickle gets for a name: it can be called, and nothing else.

    A function itself would have attributes that a pickle could set.
    """

    call: Callable[..., Any]

    def __call__(self, *values: Any) -> Any:
        return self.call(*values)

    def __setstate__(self, state: object) -> NoReturn:
        raise PickleError("something other than an array is given values")


class _Ignored:
    """In place of a value that nothing needs."""

    __slots__ = ()

    def __init__(self, *_: object) -> None:
        pass

    def __setstate__(self, state: object) -> None:
        """Keep nothing."""


class _Unpickler(pickle.Unpickler):
    """Knows the names of `_NAMES` and `_IGNORED` alone."""

    def find_class(self, module: str, name: str) -> _Named:
        """What a name of a pickle stands for.

        Raises
        ------
        ForeignPickleError
            If it is not one of those that are known.
        """
        if (module, name) in _IGNORED:
            return _Named(_Ignored)
        if (module, name) not in _NAMES:
            raise ForeignPickleError(f"{module}.{name}")
        return _Named(_NAMES[module, name])


def _new_array(*_: object) -> PickledArray:
    # numpy writes a shape of 0 here, and the array's own with its values
    return PickledArray()


def _no_call(*_: object) -> NoReturn:
    raise PickleError("an array is made in a way in which numpy does not")


#: numpy.ndarray is only handed to _reconstruct
_NAMES: dict[tuple[str, str], Callable[..., Any]] = {
    ("numpy", "ndarray"): _no_call,
    ("numpy", "dtype"): PickledType,
    **{(module, "_reconstruct"): _new_array for module in _MODULES},
    **{(module, "scalar"): PickledScalar for module in _MODULES},
}


def _check(data: bytes) -> None:
    """Refuse opcodes that such pickles do not need, and lengths beyond the data.

    Without it the index of a memo alone could make Python reserve any memory.
    """
    for opcode, argument, _ in pickletools.genops(data):
        if opcode.name not in _OPCODES:
            raise ForeignPickleError(f"the pickle opcode {opcode.name}")
        is_index = opcode.name in ("BINPUT", "LONG_BINPUT", "BINGET", "LONG_BINGET")
        if is_index and not 0 <= int(argument or 0) <= len(data):
            raise PickleError("an index is beyond its end")
