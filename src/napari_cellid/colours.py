"""The colours of classes and answers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from napari_cellid.config import NO_CLASS, NOT_A_CELL, UNSURE
from napari_cellid.config.markers import default_colours

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari_cellid.config import StudyConfig

#: colour of outlined cells without a class
UNCLASSIFIED = "#ffffff"
#: colour of cells whose class cannot be told: a grey between that and `not_a_cell`
NONE_COLOUR = "#b4b4b4"

#: colours of the answers that every study has
SPECIAL_COLOURS = {NOT_A_CELL: "#8c8c8c", UNSURE: "#f0e442"}


def class_colours(
    classes: Sequence[str] | Mapping[str, str], config: StudyConfig | None = None
) -> dict[str, str]:
    """Colour (#rrggbb) of each class.

    Parameters
    ----------
    classes
        Names of the classes, in order; or a mapping of names to colours, which is
        returned as it is.
    config
        Settings of a study. Its colours are used for the classes that it has, also
        under earlier names; classes of the shipped labelling schemes have the same
        colour everywhere, and all others get colours of the palette, which repeats
        after seven.
    """
    if isinstance(classes, Mapping):
        return dict(classes)
    colours = default_colours(classes)
    if config is None:
        return colours
    own = {name: one.colour for one in config.classes for name in one.names}
    return {name: own.get(name, colour) for name, colour in colours.items()}


def prediction_colours(classes: Mapping[str, str]) -> dict[str, str]:
    """Colour (#rrggbb) of each value of the column `predicted`.

    Parameters
    ----------
    classes
        Colours of the classes; one that is called `none` keeps its own.
    """
    return {"": UNCLASSIFIED, NO_CLASS: NONE_COLOUR, **classes}


def answer_colours(config: StudyConfig) -> dict[str, str]:
    """Colour (#rrggbb) of each answer of a study: its classes and the special ones."""
    return class_colours(config.class_names, config) | SPECIAL_COLOURS
