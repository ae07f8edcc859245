"""Where units run: this process, local processes, or the workers of a Dask cluster.

A scheduler takes calls and gives them back finished, in any order. A worker that is
killed loses the call that it ran, and nothing else.
"""

from __future__ import annotations

import multiprocessing
import os
import time
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol

from napari_cellid.errors import InputError, first_line

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Sequence
    from concurrent.futures import Future

    from napari_cellid.batch.unit import Unit

#: a unit, its result and its duration (s)
Finished = tuple["Unit", dict[str, Any], float]
#: a unit whose worker ended this many times is not tried again
MOST_ATTEMPTS = 3
#: how often a waiting scheduler gives its caller a chance to cancel (s)
_WAIT_S = 0.5


class Scheduler(Protocol):
    """Runs units."""

    @property
    def workers(self) -> int:
        """How many units run at the same time."""

    def run(self, units: Sequence[Unit]) -> Generator[Finished | None, None, None]:
        """Run units; each is yielded with its result and duration (s) when finished.

        None is yielded now and then in between, where the caller may stop.
        """


def call(unit: Unit) -> tuple[dict[str, Any], float]:
    """Run a unit here; returns its result and its duration (s)."""
    begun = time.perf_counter()
    result = dict(unit.function(**unit.arguments))
    return result, time.perf_counter() - begun


class HereScheduler:
    """Runs one unit after another in this process."""

    workers = 1

    def run(self, units: Sequence[Unit]) -> Generator[Finished | None, None, None]:
        """Run units in their order."""
        for unit in units:
            yield None
            yield (unit, *call(unit))


class ProcessScheduler:
    """Runs units in processes of this computer.

    Parameters
    ----------
    workers
        Number of processes.
    """

    def __init__(self, workers: int) -> None:
        self.workers = workers

    def run(self, units: Sequence[Unit]) -> Generator[Finished | None, None, None]:
        """Run units; one whose process was killed is run again in a new process."""
        attempts = dict.fromkeys((unit.name for unit in units), 0)
        waiting = list(reversed(units))
        # a pool for each process: one that is killed takes no other one with it
        idle = [self._new_pool() for _ in range(min(self.workers, len(units)))]
        running: dict[Future[Any], tuple[Unit, ProcessPoolExecutor]] = {}
        try:
            while waiting or running:
                while waiting and idle:
                    unit, pool = waiting.pop(), idle.pop()
                    running[pool.submit(call, unit)] = unit, pool
                done, _ = wait(running, _WAIT_S, FIRST_COMPLETED)
                for future in done:
                    unit, pool = running.pop(future)
                    try:
                        finished = unit, *future.result()
                    except BrokenProcessPool as error:
                        attempts[unit.name] += 1
                        if attempts[unit.name] >= MOST_ATTEMPTS:
                            raise _ended_too_often(unit) from error
                        waiting.append(unit)
                        pool.shutdown(wait=False)
                        idle.append(self._new_pool())
                        continue
                    idle.append(pool)
                    yield finished
                if not done:
                    yield None
        finally:
            for pool in [*idle, *(pool for _, pool in running.values())]:
                _end(pool)

    def _new_pool(self) -> ProcessPoolExecutor:
        # spawned: torch's threads do not survive a fork
        context = multiprocessing.get_context("spawn")
        return ProcessPoolExecutor(1, context, _share_cores, (self.workers,))


class DaskScheduler:
    """Runs units on a Dask cluster.

    Parameters
    ----------
    address
        Address of the scheduler, such as "tcp://host:8786".

    Raises
    ------
    InputError
        If dask.distributed is not installed, or there is no scheduler at the address.
    """

    def __init__(self, address: str) -> None:
        try:
            from distributed import Client
        except ImportError as error:
            raise InputError(
                f"The scheduler {address} was given, but dask.distributed is not "
                "installed; run pip install 'napari-cellid[distributed]'."
            ) from error
        try:
            self.client = Client(address, timeout="20s", set_as_default=False)
        except (OSError, ValueError) as error:
            raise InputError(
                f"There is no Dask scheduler at {address} ({first_line(error)}); start "
                "one with dask scheduler, or leave --scheduler out."
            ) from error

    @property
    def workers(self) -> int:
        """Number of threads of all workers, at least 1."""
        return max(int(sum(self.client.nthreads().values())), 1)

    def run(self, units: Sequence[Unit]) -> Generator[Finished | None, None, None]:
        """Run units; those of a worker that was killed are run again elsewhere."""
        from distributed import KilledWorker, as_completed

        # pure=False: a unit that is run again must not be taken from the cluster
        futures = {
            self.client.submit(
                call, unit, key=f"{unit.name}-{unit.key[:8]}", pure=False
            ): unit
            for unit in units
        }
        try:
            for future in as_completed(list(futures), loop=self.client.loop):
                unit = futures[future]
                try:
                    finished = unit, *future.result()
                except KilledWorker as error:
                    raise _ended_too_often(unit) from error
                # otherwise the cluster runs it again where its worker is killed later
                future.release()
                yield finished
        finally:
            self.client.cancel(list(futures))

    def close(self) -> None:
        """Leave the cluster, which goes on."""
        self.client.close()


@contextmanager
def open_scheduler(address: str = "", workers: int = 1) -> Iterator[Scheduler]:
    """A scheduler for the block.

    Parameters
    ----------
    address
        Address of a Dask scheduler; "" for this computer.
    workers
        Number of processes on this computer; 1 for this process itself.
    """
    if not address:
        yield HereScheduler() if workers <= 1 else ProcessScheduler(workers)
        return
    scheduler = DaskScheduler(address)
    try:
        yield scheduler
    finally:
        scheduler.close()


def _end(pool: ProcessPoolExecutor) -> None:
    """End a pool; a unit that it still runs is not waited for."""
    processes = list((getattr(pool, "_processes", None) or {}).values())
    pool.shutdown(wait=False, cancel_futures=True)
    for process in processes:
        process.terminate()


def _share_cores(workers: int) -> None:
    """Give each process its share of the cores, before numpy or torch are loaded."""
    threads = max((os.cpu_count() or 1) // workers, 1)
    os.environ["OMP_NUM_THREADS"] = os.environ.get("OMP_NUM_THREADS", str(threads))
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")


def _ended_too_often(unit: Unit) -> InputError:
    return InputError(
        f"The process that ran {unit.name} ended {MOST_ATTEMPTS} times without a "
        "result, probably for lack of memory; use fewer --workers, or close other "
        "programs, and give the same command again."
    )
