"""Values and colours of the outline image of a recording."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from napari_cellid.colours import UNCLASSIFIED, answer_colours

if TYPE_CHECKING:
    from collections.abc import Mapping

    from napari_cellid.config import StudyConfig

#: values in the outline image: background, no answer yet, inside a selected cell; the
#: codes of answers follow
BACKGROUND, UNANSWERED, SELECTED, _FIRST_ANSWER = 0, 1, 2, 3
_SELECTED_COLOUR = (1.0, 1.0, 1.0, 0.4)


def answer_codes(config: StudyConfig) -> dict[str, int]:
    """Value in the outline image of each answer."""
    return {answer: _FIRST_ANSWER + k for k, answer in enumerate(config.answers)}


def outline_colours(config: StudyConfig, codes: Mapping[str, int]) -> Any:
    """Colour map of the outline image."""
    from napari.utils.colormaps import DirectLabelColormap

    colours: dict[int | None, Any] = {
        None: "transparent",
        BACKGROUND: "transparent",
        UNANSWERED: UNCLASSIFIED,
        SELECTED: _SELECTED_COLOUR,
    }
    by_answer = answer_colours(config)
    colours |= {code: by_answer[answer] for answer, code in codes.items()}
    return DirectLabelColormap(color_dict=colours)
