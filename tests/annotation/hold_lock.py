"""Hold the lock of a journal until killed: a script for `test_lock`.

    python hold_lock.py JOURNAL ANNOTATOR

prints a line when the lock is held.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

from napari_cellid.annotation.lock import locked


def main() -> None:
    """Hold it."""
    with locked(Path(sys.argv[1]), sys.argv[2]) as holder:
        sys.stdout.write(f"{holder}\n")
        sys.stdout.flush()
        time.sleep(60)


if __name__ == "__main__":
    main()
