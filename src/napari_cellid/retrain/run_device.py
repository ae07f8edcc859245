"""The device and precision of a run, which stay the same when it is resumed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from napari_cellid.device import choose_device
from napari_cellid.errors import InputError

if TYPE_CHECKING:
    from napari_cellid.config import DeviceConfig
    from napari_cellid.device import Device
    from napari_cellid.training.run import Run

#: key of `run.json`
_KEY = "device"


def device_of_run(run: Run, requested: DeviceConfig) -> tuple[Device, list[str]]:
    """Choose the device of a run: as before where nothing else is requested.

    The choice is kept in `run.json`: another precision gives other weights.

    Parameters
    ----------
    run
        The run, which may have been trained in part.
    requested
        Device and precision; "auto" stands for those of the run.

    Returns
    -------
    The device, and sentences where it differs from that of the run so far.

    Raises
    ------
    InputError
        If what is requested is not available, or the run cannot be written.
    """
    kept = _kept(run)
    chosen = _choose(requested, kept)
    now = {"kind": chosen.kind, "precision": chosen.precision}
    notes = []
    if kept and kept != now:
        notes.append(
            f"The training {run.name} was computed so far with {_text(kept)} and goes "
            f"on with {_text(now)}, so its weights differ a little from those of an "
            "uninterrupted training."
        )
    if kept != now:
        run.set_about(**{_KEY: now})
    return chosen, notes


def _choose(requested: DeviceConfig, kept: dict[str, Any]) -> Device:
    if not kept:
        return choose_device(requested)
    as_before = {
        name: kept[key]
        for name, key in (("device", "kind"), ("precision", "precision"))
        if getattr(requested, name) == "auto"
    }
    if requested.device not in ("auto", kept["kind"]):
        # the precision belongs to the device
        as_before.pop("precision", None)
    try:
        return choose_device(requested.model_copy(update=as_before))
    except InputError:
        # resumed on a computer without it
        return choose_device(requested)


def _kept(run: Run) -> dict[str, Any]:
    """Device of the run so far; empty if it is unknown or was not trained yet."""
    kept = run.about.get(_KEY)
    if not isinstance(kept, dict):
        return {}
    known = kept.get("kind") in ("cuda", "mps", "cpu")
    known &= kept.get("precision") in ("fp32", "bf16", "fp16")
    return {"kind": kept["kind"], "precision": kept["precision"]} if known else {}


def _text(values: dict[str, Any]) -> str:
    return f"{values['precision']} on {values['kind']}"
