"""Signals that end the program: one sentence, no leftovers, exit code 128 + n."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from napari_cellid.cli import main
from napari_cellid.cli.signals import Terminated, ending_signals

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals of Unix")
ENDING = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]
PROGRAM = """
import os, sys, time
from napari_cellid.cli import main
import napari_cellid.cli.identify as module
def slow(*_):
    print("running", flush=True)
    time.sleep(60)
    yield
module.outline = slow
if not models:
    module.load_models = lambda *_: {}
sys.exit(main(sys.argv[1:]))
"""


@pytest.fixture(autouse=True)
def as_in_a_terminal() -> Iterator[None]:
    """Heed signals that `nohup`, or a shell in the background, lets tests ignore."""
    ignored = [one for one in ENDING if signal.getsignal(one) is signal.SIG_IGN]
    for one in ignored:
        signal.signal(one, signal.SIG_DFL)
    yield
    for one in ignored:
        signal.signal(one, signal.SIG_IGN)


@pytest.mark.parametrize("number", ENDING)
def test_identify_ends_tidily(
    tmp_path: Path, channels: list[str], segmenter: list[str], number: int
) -> None:
    words = ["segment", *channels, *segmenter, "--out", str(tmp_path / "out")]
    # importing torch takes seconds, and once is enough
    models = number == signal.SIGTERM
    process = subprocess.Popen(
        [sys.executable, "-c", f"models = {models}\n{PROGRAM}", *words],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stdout.readline() == "running\n"
    process.send_signal(number)
    _, told = process.communicate(timeout=300)
    assert process.returncode == 128 + number
    last = told.splitlines()[-1]
    assert last.startswith("napari-cellid: stopped by ")
    assert "Traceback" not in told
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("number", ENDING)
def test_signals_while_the_commands_are_imported(number: int) -> None:
    program = (
        "import os, sys\n"
        "class Finder:\n"
        "    def find_spec(self, name, *_):\n"
        "        if name == 'napari_cellid.cli.app':\n"
        f"            os.kill(os.getpid(), {int(number)})\n"
        "sys.meta_path.insert(0, Finder())\n"
        "from napari_cellid.cli import main\n"
        "sys.exit(main(['models']))\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert ended.returncode == 128 + number
    assert ended.stderr.count("\n") == 1
    assert "stopped by" in ended.stderr


def test_signals_while_an_import_makes_another_error_of_them() -> None:
    """Python 3.11 raises a RuntimeError where `__set_name__` raises."""
    program = (
        "import os, signal, sys\n"
        "class Field:\n"
        "    def __set_name__(self, owner, name):\n"
        "        os.kill(os.getpid(), signal.SIGTERM)\n"
        "class Finder:\n"
        "    def find_spec(self, name, *_):\n"
        "        if name == 'napari_cellid.cli.app':\n"
        "            type('Settings', (), {'field': Field()})\n"
        "sys.meta_path.insert(0, Finder())\n"
        "from napari_cellid.cli import main\n"
        "sys.exit(main(['models']))\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert ended.returncode == 128 + signal.SIGTERM
    assert ended.stderr.count("\n") == 1


def test_signals_behind_other_errors_end_the_program() -> None:
    with pytest.raises(Terminated) as told, ending_signals():
        try:
            signal.raise_signal(signal.SIGTERM)
        except Terminated as error:
            raise RuntimeError("Error calling __set_name__") from error
    assert told.value.number == signal.SIGTERM


def test_errors_without_a_signal_are_as_they_are() -> None:
    with pytest.raises(RuntimeError, match="of its own"), ending_signals():
        raise RuntimeError("of its own")


@pytest.mark.parametrize("after", [0.15, 0.2, 0.25])
def test_an_early_signal_leaves_no_traceback(after: float) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "napari_cellid.cli", "models"],
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    time.sleep(after)
    process.send_signal(signal.SIGTERM)
    _, told = process.communicate(timeout=300)
    assert process.returncode in (0, 143, -signal.SIGTERM)
    assert "Traceback" not in told


@pytest.mark.parametrize("number", ENDING)
def test_handlers_are_as_before(
    monkeypatch: pytest.MonkeyPatch, capsys, number: int
) -> None:
    before = signal.getsignal(number)
    monkeypatch.setattr(
        "napari_cellid.cli.models.run_list", lambda *_: os.kill(os.getpid(), number)
    )
    assert main(["models"]) == 128 + number
    assert "stopped by" in capsys.readouterr().err
    assert signal.getsignal(number) is before


def test_a_signal_that_python_loses_comes_again() -> None:
    """An exception is lost where an object is freed, and with it the signal."""

    class Freed:
        def __del__(self) -> None:
            signal.raise_signal(signal.SIGTERM)

    with pytest.raises(Terminated) as told, ending_signals():
        freed = Freed()
        del freed
        until = time.monotonic() + 30
        while time.monotonic() < until:
            time.sleep(0.01)
    assert told.value.number == signal.SIGTERM
