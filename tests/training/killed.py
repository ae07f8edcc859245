"""Train, be killed, and go on: a script for `test_killed`.

    python killed.py FOLDER TIMES

First a child that is left in peace says how many times it touches the disk. Then, for
each of those moments (TIMES of them, evenly spread), a child is killed right before
it, and others go on, each killed a moment later in turn, until one comes to its end.
For each a line of JSON: the hash of the final weights and what the log says.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path

import torch
from tiny import TinyLearner, digest

from napari_cellid.progress import run_to_end
from napari_cellid.training import run as run_module
from napari_cellid.training.loop import LoopConfig, train
from napari_cellid.training.run import Run

EPOCHS = 3
RESULT = "result.json"


class Moments:
    """Counts what is done to files, and kills this process at a given count."""

    def __init__(self, last: int) -> None:
        self.last, self.count = last, 0
        self._fsync, self._replace, self._unlink = os.fsync, Path.replace, Path.unlink

    def watch(self) -> None:
        """Look at every writing from now on."""
        os.fsync = self._watched(self._fsync)
        Path.replace = self._watched(self._replace)
        Path.unlink = self._watched(self._unlink)

    def _watched(self, work):
        def done(*args, **more):
            self.count += 1
            if self.count == self.last:
                os.kill(os.getpid(), signal.SIGKILL)
            return work(*args, **more)

        return done


def train_on(folder: Path, last: int) -> None:
    """Begin a training or go on with it, and say what came out."""
    moments = Moments(last)
    moments.watch()
    # progress is written at every step, so that every moment can be met
    run_module._PROGRESS_S = 0.0
    if (folder / "run.json").exists():
        run = Run.open(folder)
        assert run.state().state in ("interrupted", "new", "finished"), run.state()
    else:
        run = Run.create(folder, {"task": "tiny"})
    trained = run_to_end(train(TinyLearner(), run, LoopConfig(EPOCHS)))
    run.end("finished")
    told = {
        "weights": digest(trained.weights),
        "best": trained.best_epoch,
        "history": [{**e, "seconds": 0} for e in trained.history],
        "moments": moments.count,
        "logged": sorted({e["epoch"] for e in run.events() if e["event"] == "epoch"}),
        "left": sorted(path.name for path in folder.iterdir()),
    }
    (folder / RESULT).write_text(json.dumps(told))


def child(folder: Path, last: int) -> bool:
    """Run `train_on` in a process of its own; True if it came to its end."""
    pid = os.fork()
    if pid == 0:
        try:
            train_on(folder, last)
        except BaseException:  # noqa: BLE001 - a child says it and ends
            sys.excepthook(*sys.exc_info())
            os._exit(1)
        os._exit(0)
    _, status = os.waitpid(pid, 0)
    if os.WIFSIGNALED(status):
        return False
    assert os.WEXITSTATUS(status) == 0
    return True


def main() -> None:
    """Kill at many moments and tell."""
    torch.set_num_threads(1)
    # what torch imports at the first step is imported once
    TinyLearner().step(1, 0)
    parent, times = Path(sys.argv[1]), int(sys.argv[2])
    assert child(parent / "peace", 0)
    told = json.loads((parent / "peace" / RESULT).read_text())
    sys.stdout.write(json.dumps({"killed": 0, **told}) + "\n")
    n = told["moments"]
    for k in range(times):
        first = 1 + k * (n - 1) // max(times - 1, 1)
        folder, last, killed = parent / f"at {first}", first, 0
        while not child(folder, last):
            killed += 1
            # the next one is killed at another moment; from the fifth on none is
            last = first + 7 * killed if killed < 5 else 0
        told = json.loads((folder / RESULT).read_text())
        sys.stdout.write(json.dumps({"killed": killed, **told}) + "\n")


if __name__ == "__main__":
    main()
