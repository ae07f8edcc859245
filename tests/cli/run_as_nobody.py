"""Run the command line as a user without rights: a script for `test_unreadable`.

    python run_as_nobody.py WARM STUDY COMMAND...

runs each command (words of one argument, with STUDY for the study) first with the study
WARM, which imports what is imported late: Python itself may be closed to others. Then
it drops the rights of root, if it has them, and runs it with STUDY. It prints one line
for each command: the exit code.
"""

from __future__ import annotations

import os
import sys

from napari_cellid.cli import main

NOBODY = 65534


def run(command: str, study: str) -> int:
    return main([word.replace("STUDY", study) for word in command.split()])


def run_all() -> None:
    """Run the commands."""
    warm, study, *commands = sys.argv[1:]
    for command in commands:
        run(command, warm)
    if os.getuid() == 0:
        os.setgroups([])
        os.setgid(NOBODY)
        os.setuid(NOBODY)
    sys.stderr.write("---\n")
    codes = [run(command, study) for command in commands]
    sys.stderr.flush()
    sys.stdout.write(f"codes {codes}\n")


if __name__ == "__main__":
    run_all()
