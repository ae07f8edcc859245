"""Sentences about properties outside of the training of a model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from napari_cellid.novelty.properties import Property

_CUT = (
    "Use images as they were recorded, before they were stretched, cut or saved with "
    "8 bits; if the detector was saturated, record with less gain."
)
_NOISE = "Average more frames, or retrain the models on such recordings."
_SCALE = (
    "Check the pixel size, or give the diameter of a usual soma in px (Estimate beside "
    "it in the Identify dock, --diameter auto), and look at the outlines."
)


@dataclass(frozen=True)
class _Words:
    """The words for a property.

    Parameters
    ----------
    short
        Its name.
    what
        What was measured, with {} for the value.
    remedy
        What to do.
    percent
        Whether its values are shares, which people read as percentages.
    unit
        After the numbers.
    lowest
        The least possible value, to which a range of training without lower end begins.
    """

    short: str
    what: str
    remedy: str
    percent: bool = False
    unit: str = ""
    lowest: float = 0.0


_WORDS: dict[Property, _Words] = {
    "noise_green": _Words(
        "noise of green",
        "{} of its brightness range in 1 µm²",
        _NOISE,
        percent=True,
    ),
    "noise_red": _Words(
        "noise of red",
        "{} of its brightness range in 1 µm²",
        _NOISE,
        percent=True,
    ),
    "cut_bright": _Words(
        "saturated pixels",
        "{} of the pixels of a channel have its highest value",
        _CUT,
        percent=True,
    ),
    "cut_dark": _Words(
        "pixels cut at the dark end",
        "{} of the pixels of a channel have its lowest value",
        _CUT,
        percent=True,
    ),
    "unevenness": _Words(
        "uneven brightness",
        "the brightest part of the field is {} times as bright as the dimmest",
        "Crop parts without light, and use images before their brightness was "
        "changed; cells in the dim parts may be missed.",
        lowest=1.0,
    ),
    "soma_diameter_um": _Words(
        "size of somata", "outlines have a median diameter of {}", _SCALE, unit=" µm"
    ),
    "density_per_mm2": _Words(
        "density of cells", "{} cells per mm² were outlined", _SCALE
    ),
    "red_fraction": _Words(
        "share of red cells",
        "{} of the cells are red",
        "Check what red marks (Red marks in the Identify dock, --scheme), and whether "
        "red and green are exchanged.",
        percent=True,
    ),
    "bleed_through": _Words(
        "bleed-through",
        "the brightest green adds at least {} of the brightness range of red to red",
        "Set Bleed-through to auto (More settings in the Identify dock, "
        "--bleed-through auto), and compare the classes.",
        percent=True,
    ),
}


def short_name(name: Property) -> str:
    """Name of a property in a list."""
    return _WORDS[name].short


def warning_text(
    name: Property, value: float, low: float, high: float, model: str
) -> str:
    """What was measured, the range of the training, and what to do.

    Parameters
    ----------
    name
        The property.
    value, low, high
        As measured, and the range.
    model
        Name of the model with this range.
    """
    words = _WORDS[name]
    known = f"{_number(low, words)} to {_number(high, words)}"
    if low <= words.lowest:
        known = f"at most {_number(high, words)}"
    return (
        f"{words.short[0].upper()}{words.short[1:]}: "
        f"{words.what.format(_number(value, words))}; the model {model} was trained on "
        f"{known}. {words.remedy}"
    )


def _number(value: float, words: _Words) -> str:
    """A number of three digits with its unit."""
    shown = value * 100 if words.percent else value
    text = f"{shown:,.0f}" if abs(shown) >= 100 else f"{shown:.3g}"
    return text + (" %" if words.percent else words.unit)
