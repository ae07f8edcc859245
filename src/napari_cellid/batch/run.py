"""Running units: finished ones are not run again, and the time left is estimated."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from napari_cellid.progress import Progress

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari_cellid.batch.schedulers import Scheduler
    from napari_cellid.batch.unit import Unit, UnitStore
    from napari_cellid.progress import Step

#: parts of a progress bar
_PARTS = 1000


def run_units(
    units: Sequence[Unit],
    store: UnitStore,
    scheduler: Scheduler,
    *,
    stage: str = "Running units",
) -> Step[dict[str, dict[str, Any]]]:
    """Run the units that have no result yet.

    Parameters
    ----------
    units
        The units; none depends on another one.
    store
        Keeps the results. After a kill the same call goes on where it was.
    scheduler
        Where they run.
    stage
        What the progress is called.

    Returns
    -------
    The result of each unit, by name.

    Raises
    ------
    InputError
        If a result cannot be written, or is that of other settings.
    ValueError
        If two units have the same name.
    """
    if len({unit.name for unit in units}) < len(units):
        raise ValueError("two units have the same name")
    results, left = {}, []
    for unit in units:
        stored = store.load(unit)
        if stored is None:
            left.append(unit)
        else:
            results[unit.name] = stored
    total, done = sum(unit.weight for unit in left), 0.0
    message = _resumed_text(len(results), len(units)) if results else ""
    yield _progress(stage, done, total, message)
    running = scheduler.run(left)
    try:
        for finished in running:
            if finished is not None:
                unit, result, seconds = finished
                # at once: a kill in the next moment loses nothing of it
                results[unit.name] = store.save(unit, result, seconds)
                done += unit.weight
            yield _progress(stage, done, total)
    finally:
        # after cancelling, no process of the scheduler goes on
        running.close()
    return results


def _progress(stage: str, done: float, total: float, message: str = "") -> Progress:
    """Progress of the work of this program, by weight: what was done before is none.

    So the time that a bar estimates from it is right after a kill, too.
    """
    return Progress(stage, round(_PARTS * done / (total or 1.0)), _PARTS, message)


def _resumed_text(finished: int, count: int) -> str:
    return f"{finished} of {count} parts were finished before and are kept."
