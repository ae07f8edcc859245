"""Whether bleed-through is subtracted before cells are classified, and how much."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from napari_cellid.channels.bleed_through import BleedThrough, bleed_through
from napari_cellid.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from napari_cellid.config import BleedThroughSetting
    from napari_cellid.recording import MeanPlanes


def correct_bleed_through(
    planes: MeanPlanes, setting: BleedThroughSetting
) -> tuple[MeanPlanes, dict[str, Any]]:
    """Estimate the bleed-through of a recording, and set what is subtracted of red.

    Parameters
    ----------
    planes
        Mean images.
    setting
        `off`, `auto` (the estimate), or grey values of red per grey value of green.

    Returns
    -------
    The planes, whose images are the same and whose `bleed_through` is set; and the
    record for `run.json`: `slope`, `low`, `high`, `reason`, `subtracted` and `text`.

    Raises
    ------
    InputError
        If a correction is wanted that is impossible.
    """
    estimate = bleed_through(planes)
    if setting != "off":
        _check_possible(planes, setting, estimate)
    share = 0.0
    if setting == "auto" and estimate.slope is not None:
        # an interval that reaches 0 does not show that there is any
        share = estimate.slope if estimate.low else 0.0
    elif setting not in ("auto", "off"):
        share = float(setting)
    record = {
        **{name: getattr(estimate, name) for name in ("slope", "low", "high")},
        "reason": estimate.reason,
        "subtracted": share,
        "text": f"{estimate} {_use(share)}",
    }
    return replace(planes, bleed_through=share), record


def recorded_estimate(run: Mapping[str, Any]) -> BleedThrough | None:
    """The estimate in the record of a run; None if an earlier version wrote it.

    Parameters
    ----------
    run
        Content of `run.json`.
    """
    record = run.get("bleed_through")
    if not isinstance(record, dict) or "slope" not in record:
        return None
    values = [record.get(name) for name in ("slope", "low", "high")]
    # people can have edited the file
    if not all(value is None or isinstance(value, (int, float)) for value in values):
        return None
    slope, low, high = values
    return BleedThrough(slope, low, high, str(record.get("reason", "")))


def _check_possible(
    planes: MeanPlanes, setting: BleedThroughSetting, estimate: BleedThrough
) -> None:
    for name, image in (("red", planes.red), ("green", planes.green)):
        if image is None:
            raise InputError(
                f"{planes.name} has no {name} channel, but bleed-through is to be "
                f"subtracted ({setting}); give both channels, or set bleed-through to "
                "off."
            )
    if setting == "auto" and estimate.slope is None:
        raise InputError(
            f"The bleed-through of {planes.name} cannot be estimated: "
            f"{estimate.reason[0].lower()}{estimate.reason[1:].rstrip('.')}; set "
            "bleed-through to off, or to a number that you measured."
        )


def _use(share: float) -> str:
    if share:
        return (
            f"Before classification, {share:.3g} times green was subtracted from red."
        )
    return "Nothing was subtracted."
