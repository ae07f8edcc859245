"""Units of work: kept, resumed, run again after a kill, and never twice."""

import json
import os
import signal
import sys
import time

import batch_calls
import pytest

from napari_cellid.batch.run import run_units
from napari_cellid.batch.schedulers import HereScheduler, ProcessScheduler
from napari_cellid.batch.unit import Unit, UnitStore
from napari_cellid.errors import InputError
from napari_cellid.progress import run_to_end


def _values(results):
    return {name: result["value"] for name, result in results.items()}


def _counted(folder, numbers, function=batch_calls.double_counted, **more):
    return [
        Unit(f"unit_{k}", function, {"number": k, "folder": str(folder), **more})
        for k in numbers
    ]


def test_finished_units_are_not_run_again(tmp_path):
    units, store = _counted(tmp_path, range(4)), UnitStore(tmp_path / "results")
    run_to_end(run_units(units[:2], store, HereScheduler()))
    told = []
    results = run_to_end(run_units(units, store, HereScheduler()), told.append)
    assert _values(results) == {f"unit_{k}": 2 * k for k in range(4)}
    for k in range(4):
        assert len(list(tmp_path.glob(f"{k}_*"))) == 1
    assert told[0].message == "2 of 4 parts were finished before and are kept."
    assert (told[0].done, told[-1].done) == (0, told[-1].total)


def test_progress_goes_by_weight(tmp_path):
    units = [
        Unit(f"unit_{k}", batch_calls.double, {"number": k}, weight=w)
        for k, w in enumerate((1, 9))
    ]
    told = []
    step = run_units(units, UnitStore(tmp_path), HereScheduler())
    run_to_end(step, told.append)
    assert {one.done / one.total for one in told} == {0.0, 0.1, 1.0}


def test_results_of_other_settings_are_refused(tmp_path):
    store = UnitStore(tmp_path)
    run_to_end(
        run_units(
            [Unit("a", batch_calls.double, {"number": 1})], store, HereScheduler()
        )
    )
    with pytest.raises(InputError, match="other settings"):
        store.load(Unit("a", batch_calls.double, {"number": 2}))


@pytest.mark.parametrize("damage", ["", '{"unit": "a', "[]"])
def test_a_damaged_result_is_made_again(tmp_path, damage):
    unit, store = Unit("a", batch_calls.double, {"number": 1}), UnitStore(tmp_path)
    store.path(unit).write_text(damage)
    results = run_to_end(run_units([unit], store, HereScheduler()))
    assert results == {"a": {"value": 2}}
    assert json.loads(store.path(unit).read_text())["result"] == {"value": 2}


def test_an_error_of_a_unit_keeps_what_is_finished(tmp_path):
    units = [
        Unit("a", batch_calls.double, {"number": 1}),
        Unit("b", batch_calls.double, {"n": 1}),
    ]
    store = UnitStore(tmp_path)
    with pytest.raises(TypeError):
        run_to_end(run_units(units, store, HereScheduler()))
    assert store.load(units[0]) == {"value": 2}


def test_a_result_is_the_same_before_and_after_a_kill(tmp_path):
    unit, store = Unit("a", batch_calls.double, {"number": 1}), UnitStore(tmp_path)
    kept = store.save(unit, {"pair": (1, 2.5), "by_number": {3: None}}, 1.0)
    assert kept == store.load(unit) == {"pair": [1, 2.5], "by_number": {"3": None}}


def test_names_are_unique(tmp_path):
    unit = Unit("a", batch_calls.double, {"number": 1})
    with pytest.raises(ValueError, match="same name"):
        run_to_end(run_units([unit, unit], UnitStore(tmp_path), HereScheduler()))


@pytest.mark.slow
def test_a_unit_whose_process_is_killed_is_done_again_and_no_other(tmp_path):
    arguments = {"number": 9, "folder": str(tmp_path)}
    bad = Unit("bad", batch_calls.killed_at_first, arguments)
    units = [*_counted(tmp_path, range(2)), bad]
    step = run_units(units, UnitStore(tmp_path / "results"), ProcessScheduler(2))
    assert _values(run_to_end(step)) == {"unit_0": 0, "unit_1": 2, "bad": 18}
    for k in (0, 1, 9):
        assert len(list(tmp_path.glob(f"{k}_*"))) == 1


@pytest.mark.slow
def test_a_unit_that_always_ends_its_process_is_named(tmp_path):
    units = [Unit("greedy", batch_calls.killed_always), *_counted(tmp_path, [1])]
    step = run_units(units, UnitStore(tmp_path / "results"), ProcessScheduler(2))
    with pytest.raises(InputError, match="greedy ended 3 times"):
        run_to_end(step)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_one_killed_worker_of_a_dask_cluster_loses_only_its_unit(tmp_path):
    distributed = pytest.importorskip("distributed")
    from napari_cellid.batch.schedulers import open_scheduler

    units = _counted(tmp_path, range(4), batch_calls.slow, seconds=1.5)
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, dashboard_address=None
        ) as cluster,
        open_scheduler(cluster.scheduler_address) as scheduler,
    ):
        assert scheduler.workers == 2
        step = run_units(units, UnitStore(tmp_path / "results"), scheduler)
        killed, kept, results = None, [], None
        while results is None:
            try:
                next(step)
            except StopIteration as end:
                results = end.value
            started = sorted(tmp_path.glob("started_*"), key=os.path.getmtime)
            finished = {p.name.split("_")[0] for p in tmp_path.glob("[0-9]_*")}
            # in the middle: one unit is finished, others are not
            running = [p for p in started if p.name.split("_")[1] not in finished]
            stored = [p.stem for p in (tmp_path / "results").glob("*.json")]
            if killed is None and stored and running:
                kept = stored
                _, killed, pid = running[-1].name.split("_")
                os.kill(int(pid), signal.SIGKILL)
    assert _values(results) == {f"unit_{k}": 2 * k for k in range(4)}
    assert killed is not None
    starts = {k: len(list(tmp_path.glob(f"started_{k}_*"))) for k in range(4)}
    assert starts[int(killed)] == 2
    # what was finished is kept, and never run again
    assert kept
    assert all(starts[int(name.removeprefix("unit_"))] == 1 for name in kept)


def test_no_dask_scheduler_at_an_address_is_one_sentence():
    pytest.importorskip("distributed")
    from napari_cellid.batch.schedulers import DaskScheduler

    begun = time.monotonic()
    with pytest.raises(InputError, match="no Dask scheduler at nowhere"):
        DaskScheduler("nowhere")
    assert time.monotonic() - begun < 60
