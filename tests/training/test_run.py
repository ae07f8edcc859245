"""The folder of a training: what is kept, and how it stands seen from outside."""

import json
import logging
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_cellid.errors import InputError
from napari_cellid.liveness import is_running
from napari_cellid.training import run as module
from napari_cellid.training.layout import (
    ABOUT_FILE,
    LOG_FILE,
    PROGRESS_FILE,
    STATE_FILE,
    STOP_FILE,
)
from napari_cellid.training.run import Run
from napari_cellid.training.run_list import list_runs, new_run_name
from napari_cellid.training.state import SILENT_S

ABOUT_IT = {"name": "one", "task": "segment", "settings": {"epochs": 3}}


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return Run.create(tmp_path / "one", ABOUT_IT)


def _state(run: Run, **other: object) -> None:
    """Write a state as another process would."""
    now = time.time()
    host = module.platform.node()
    values = {"state": "running", "error": "", "pid": os.getpid(), "host": host}
    values |= {"started": now, "beat": now, **other}
    (run.folder / STATE_FILE).write_text(json.dumps(values))


def test_what_is_created_can_be_opened(run):
    again = Run.open(run.folder)
    assert again.about == run.about
    assert (again.name, again.task) == ("one", "segment")
    assert again.about["settings"] == {"epochs": 3}
    assert again.state().state == "new"


def test_a_run_is_not_begun_twice(run):
    with pytest.raises(InputError, match="is a training already; resume it"):
        Run.create(run.folder, ABOUT_IT)


def test_a_folder_with_other_files_can_become_one(tmp_path):
    (tmp_path / "output.txt").write_text("of the child process")
    run = Run.create(tmp_path, ABOUT_IT)
    assert (run.folder / "output.txt").read_text() == "of the child process"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (None, "is not the folder of a training, because it has no run.json"),
        ("{", "cannot be read"),
        ("[]", "was not written by this version"),
        ('{"format": 2}', "was not written by this version"),
    ],
)
def test_what_is_no_run_is_refused(tmp_path, text, said):
    if text is not None:
        (tmp_path / ABOUT_FILE).write_text(text)
    with pytest.raises(InputError, match=said):
        Run.open(tmp_path)


def test_from_beginning_to_end(run):
    run.start()
    assert run.state().state == "running"
    assert run.state().pid == os.getpid()
    run.write_progress({"done": 1}, now=True)
    run.end("failed", "It went wrong.")
    seen = Run.open(run.folder).state()
    assert (seen.state, seen.error) == ("failed", "It went wrong.")
    assert seen.started <= seen.beat
    assert run.progress() == {}


def test_a_process_that_is_gone_leaves_an_interrupted_run(run):
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    _state(run, pid=child.pid)
    assert run.state().state == "running"
    with pytest.raises(InputError, match=rf"is running in process {child.pid} on "):
        run.start()
    child.kill()
    # not waited for yet: a process that ended does not train
    time.sleep(0.2)
    assert run.state().state == "interrupted"
    child.wait()
    assert run.state().state == "interrupted"
    run.start()
    assert run.state().state == "running"


def test_a_number_that_another_process_has_now(run):
    """The process of that number began long after the training."""
    _state(run, started=time.time() - 1e6, beat=time.time() - 1e6)
    assert run.state().state == "interrupted"
    assert is_running(os.getpid(), time.time())
    assert not is_running(os.getpid(), time.time() - 1e6)
    assert not is_running(0, time.time())
    assert not is_running(2**22 + 5, time.time())


def test_on_another_computer_signs_of_life_count(run):
    old = time.time() - SILENT_S - 10
    _state(run, host="elsewhere", started=old, beat=old)
    assert run.state().state == "interrupted"
    run.write_progress({"done": 4}, now=True)
    assert run.state().state == "running"


@pytest.mark.parametrize("text", ["", "{", "[]", '{"state": "flying"}', '{"a": 1}'])
def test_a_broken_state_is_that_of_a_new_run(run, text):
    (run.folder / STATE_FILE).write_text(text)
    assert run.state().state == "new"


def test_asking_to_stop(run):
    run.start()
    assert not run.stop_requested()
    Run.open(run.folder).request_stop()
    assert run.stop_requested()
    # asked while this process prepares: it still holds when the loop begins
    run.start()
    assert run.stop_requested()
    run.end("stopped")
    assert not (run.folder / STOP_FILE).exists()


def test_a_request_to_stop_from_before_is_void(run):
    run.request_stop()
    run.start()
    assert not run.stop_requested()


def test_what_a_killed_process_had_begun_to_write_is_cleared(run):
    torn = run.folder / ".checkpoint.safetensors.0123.safetensors"
    torn.write_bytes(b"half of it")
    (run.folder / ".DS_Store").write_bytes(b"not ours")
    run.start()
    assert not torn.exists()
    assert (run.folder / ".DS_Store").exists()


_EVENTS = st.lists(
    st.dictionaries(st.text(max_size=8), st.text(max_size=20) | st.floats(-9, 9)),
    max_size=5,
)


@given(events=_EVENTS, torn=st.text(max_size=10))
def test_events_come_back_though_a_line_be_torn(tmp_path_factory, events, torn):
    run = Run.create(tmp_path_factory.mktemp("runs") / "one", {})
    for event in events:
        run.log(event)
    with (run.folder / LOG_FILE).open("ab") as file:
        file.write(b'{"event": "' + torn.encode())
    run.log({"event": "after"})
    found = run.events()
    assert all(e.pop("time") for e in found)
    wanted = [{k: v for k, v in event.items() if k != "time"} for event in events]
    assert found == [*wanted, {"event": "after"}]


def test_progress_is_written_at_most_twice_a_second(run):
    for k in range(50):
        run.write_progress({"done": k})
    assert run.progress()["done"] == 0
    run.write_progress({"done": 50}, now=True)
    assert run.progress()["done"] == 50


def test_a_disk_that_cannot_be_written_is_told_in_one_sentence(run, monkeypatch):
    def refuse(*_: object, **__: object) -> None:
        raise OSError(30, os.strerror(30))

    monkeypatch.setattr(Path, "open", refuse)
    monkeypatch.setattr(Path, "write_text", refuse)
    said = r"cannot be written to .*one \(Read-only file system\); make room"
    for work in (
        lambda: run.log({"event": "x"}),
        lambda: run.write_json("report.json", {}),
        run.start,
        lambda: run.end("finished"),
        lambda: Run.create(run.folder.parent / "two", {}),
    ):
        with pytest.raises(InputError, match=said.replace("one ", "(one|two) ")):
            work()
    # a sign of life that cannot be written ends no training
    run.write_progress({"done": 1}, now=True)
    assert not (run.folder / PROGRESS_FILE).exists()


def test_runs_are_listed_the_newest_first(tmp_path, caplog):
    for k, name in enumerate(["b", "a", "c"]):
        run = Run.create(tmp_path / name, {})
        run.write_json(ABOUT_FILE, {**run.about, "made": f"2026-01-0{k + 1}"})
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / ABOUT_FILE).write_text("{")
    (tmp_path / "empty").mkdir()
    with caplog.at_level(logging.WARNING):
        assert [run.name for run in list_runs(tmp_path)] == ["c", "a", "b"]
    assert "broken" in caplog.text
    assert list_runs(tmp_path / "not there") == []


def test_new_names_are_free_and_fit_every_computer(tmp_path):
    names = []
    for _ in range(3):
        names.append(new_run_name(tmp_path, "segment"))
        (tmp_path / names[-1]).mkdir()
    assert len(set(names)) == 3
    assert all(name.startswith("outlines ") for name in names)
    assert not any(set(name) & set('/\\:*?"<>|') for name in names)
