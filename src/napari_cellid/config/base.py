"""Base class of all settings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, get_args, get_origin

from pydantic import BaseModel, ConfigDict
from pydantic.fields import FieldInfo

if TYPE_CHECKING:
    from collections.abc import Sequence


class Config(BaseModel):
    """Frozen settings; unknown names and values out of range are errors.

    Every field has a title, a description and bounds, from which the forms, the
    tooltips, `--help` and the JSON of a run are made.
    """

    # frozen, so that settings can be keys of a dict; no extra keys, because a setting
    # with a misspelt key would silently keep its default
    model_config = ConfigDict(frozen=True, extra="forbid")


def choices_and_number(field: FieldInfo) -> tuple[tuple[str, ...], Sequence[Any]]:
    """The words that a number field also takes, and the limits of the number.

    Parameters
    ----------
    field
        A field of a number, or of `Literal[...] | Annotated[float, Field(...)]`.

    Returns
    -------
    No words for a plain number; the limits as in `FieldInfo.metadata`.
    """
    words: tuple[str, ...] = ()
    limits: Sequence[Any] = field.metadata
    for part in get_args(field.annotation):
        if get_origin(part) is Literal:
            words = get_args(part)
        else:
            for extra in getattr(part, "__metadata__", ()):
                limits = extra.metadata if isinstance(extra, FieldInfo) else [extra]
    return words, limits
