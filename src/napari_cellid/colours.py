"""The colours of classes and answers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from napari_cellid.config import NOT_A_CELL, UNSURE
from napari_cellid.config.markers import shipped_colours

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari_cellid.config import StudyConfig

#: colours that colour-blind readers tell apart (Okabe & Ito 2008), first those that
#: differ from the red and green of the channels: orange, sky blue, pink
PALETTE = ("#e69f00", "#56b4e9", "#cc79a7", "#f0e442", "#0072b2", "#d55e00", "#009e73")

#: colour of outlined cells without a class
UNCLASSIFIED = "#ffffff"

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
    own = shipped_colours()
    if config is not None:
        own |= {name: one.colour for one in config.classes for name in one.names}
    taken = {own[name] for name in classes if name in own}
    free = [colour for colour in PALETTE if colour not in taken] or PALETTE
    new = [name for name in classes if name not in own]
    palette = {name: free[k % len(free)] for k, name in enumerate(new)}
    return {name: own.get(name) or palette[name] for name in classes}


def answer_colours(config: StudyConfig) -> dict[str, str]:
    """Colour (#rrggbb) of each answer of a study: its classes and the special ones."""
    return class_colours(config.class_names, config) | SPECIAL_COLOURS
