"""The colour of each class and answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from napari_cellid.config import NOT_A_CELL, UNSURE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari_cellid.config import StudyConfig


#: safe for colour-blind readers (Okabe & Ito 2008), and apart from the red and green
#: of the channels: orange, sky blue, pink; then the rest of their palette
PALETTE = ("#e69f00", "#56b4e9", "#cc79a7", "#f0e442", "#0072b2", "#d55e00", "#009e73")


#: outlined, but without a class
UNCLASSIFIED = "#ffffff"


def class_colours(classes: Sequence[str] | Mapping[str, str]) -> dict[str, str]:
    """Colour (#rrggbb) of each class, in order; the palette begins anew after seven.

    Colours that are given with the names are kept.
    """
    if isinstance(classes, Mapping):
        return dict(classes)
    return {name: PALETTE[k % len(PALETTE)] for k, name in enumerate(classes)}


_SPECIAL = {NOT_A_CELL: "#8c8c8c", UNSURE: "#f0e442"}


def answer_colours(config: StudyConfig) -> dict[str, str]:
    """Colour (#rrggbb) of every answer that a study knows."""
    return {one.name: one.colour for one in config.classes} | _SPECIAL
