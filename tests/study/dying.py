"""Changes studies, and is killed just before a rename in each; run by tests.

    python dying.py {add | replace RESULT} STUDY LAST [STUDY LAST ...]

In a process of its own for each STUDY, a cell or the result in the pickle RESULT is
added to it, and the process is killed just before its LAST-th rename. All are forked
from one program, which imports the package once. A LAST of 0 changes a STUDY in that
program itself and kills nothing, so that everything is imported. Where nothing can be
forked, one STUDY is changed, and the program ends with the code 9.
"""

from __future__ import annotations

import os
import pickle
import signal
import sys
from pathlib import Path

from napari_cellid.cells.middles import Middle
from napari_cellid.config import RecordingInfo
from napari_cellid.progress import run_to_end
from napari_cellid.study.add_middles import add_middles
from napari_cellid.study.run_models import RunModels
from napari_cellid.study.save_results import add_recording
from napari_cellid.study.study import Study

CAN_FORK = hasattr(os, "fork")


def die_before_rename(last: int) -> None:
    """Be killed just before a rename, counted from 1."""
    n = 0

    def hook(event: str, _: object) -> None:
        nonlocal n
        if event == "os.rename":
            n += 1
            if n == last and not CAN_FORK:
                os._exit(9)
            if n == last:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(hook)


def change(path: str, last: int, result: str = "") -> None:
    """Change a study until killed."""
    study = Study.open(Path(path))
    new = pickle.loads(Path(result).read_bytes()) if result else None
    die_before_rename(last)
    if new is not None:
        add_recording(study, new, RecordingInfo(pixel_size_um=1.17), replace=True)
    else:
        run_to_end(add_middles(study, "r1", [Middle(0, 40, 20)], "Ann", RunModels()))


def main() -> None:
    """Change each study in a child, and fail where one ended in another way."""
    first = 2 if sys.argv[1] == "add" else 3
    result = "".join(sys.argv[2:first])
    for path, last in zip(sys.argv[first::2], sys.argv[first + 1 :: 2], strict=True):
        if last == "0" or not CAN_FORK:
            change(path, int(last), result)
            continue
        child = os.fork()
        if child == 0:
            change(path, int(last), result)
            os._exit(0)
        ended = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        if ended not in (0, -signal.SIGKILL):
            sys.exit(f"{path} ended with {ended}")


if __name__ == "__main__":
    main()
