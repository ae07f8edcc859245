"""Arguments that are no regular files are refused, and nothing waits for them."""

from __future__ import annotations

import os
import shutil
import signal
import socket
from pathlib import Path

import numpy as np
import pytest
import tifffile

from napari_cellid.annotation.csv_table import read_table
from napari_cellid.cli.app import main
from napari_cellid.errors import InputError
from napari_cellid.io.base import ReadOptions
from napari_cellid.io.labels import read_labels
from napari_cellid.io.registry import read_recording

pytestmark = pytest.mark.skipif(
    not hasattr(os, "mkfifo"), reason="Windows has no named pipes in folders"
)
STUDY = Path(__file__).parents[1] / "fixtures" / "study_0_1_0" / "study"


@pytest.fixture(autouse=True)
def _no_waiting():
    """A program that opens a pipe waits for ever."""

    def stop(*_):
        raise TimeoutError("waited for a pipe")

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(30)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


@pytest.fixture
def pipe(tmp_path):
    path = tmp_path / "fifo.tif"
    os.mkfifo(path)
    return path


@pytest.fixture
def image(tmp_path):
    path = tmp_path / "image.tif"
    tifffile.imwrite(path, np.ones((5, 40, 48), "u2"))
    return path


def odd_files(folder):
    """A pipe, a link to a pipe, a socket and a device."""
    os.mkfifo(folder / "pipe.tif")
    (folder / "link.tif").symlink_to(folder / "pipe.tif")
    server = socket.socket(socket.AF_UNIX)
    server.bind(str(folder / "socket.tif"))
    server.close()
    return [folder / f"{name}.tif" for name in ("pipe", "link", "socket")] + [
        Path("/dev/zero")
    ]


def test_recordings_that_are_no_files_are_refused(tmp_path):
    for path in odd_files(tmp_path):
        for given in [(path, None, None), (None, path, None), (None, None, path)]:
            with pytest.raises(InputError, match="pipe, socket or device"):
                read_recording(*given)
        with pytest.raises(InputError, match="pipe, socket or device"):
            read_recording(path, options=ReadOptions(reader="tiff"))


def test_labels_that_are_no_files_are_refused(tmp_path, image):
    recording = read_recording(image)
    for path in odd_files(tmp_path):
        with pytest.raises(InputError, match="pipe, socket or device"):
            read_labels(path, recording)


def test_answers_that_are_no_files_are_refused(tmp_path):
    for path in odd_files(tmp_path):
        with pytest.raises(InputError, match="pipe, socket or device"):
            read_table(path)


@pytest.mark.parametrize(
    "command",
    [
        ["identify", "PIPE"], ["identify", "--red", "PIPE", "--green", "IMAGE"],
        ["segment", "--green", "PIPE"], ["segment", "PIPE", "--channels", "2"],
        ["classify", "--red", "IMAGE", "--green", "IMAGE2", "--labels", "PIPE"],
        ["answers", "import", "STUDY", "PIPE"],
        ["identify", "--green", "IMAGE", "--segmenter", "PIPE"], ["agree", "PIPE"],
        ["simulate", "--green", "PIPE", "--masks", "IMAGE"],
        ["simulate", "--green", "IMAGE", "--masks", "PIPE"],
    ],
    ids=" ".join,
)  # fmt: skip
def test_commands_end_with_a_sentence(tmp_path, pipe, image, command, capsys):
    study = shutil.copytree(STUDY, tmp_path / "study")
    second = shutil.copy(image, tmp_path / "image2.tif")
    names = {"PIPE": pipe, "IMAGE": image, "IMAGE2": second, "STUDY": study}
    command = [str(names.get(word, word)) for word in command]
    if command[0] not in ("answers", "agree"):
        command += ["--out", str(tmp_path / "out")]
    if command[0] in ("identify", "segment", "classify"):
        command += ["--pixel-size", "1.17"]
    if command[0] == "simulate":
        command += ["--pixel-size-um", "1.17"]
    assert main(command) == 2
    *notes, said = capsys.readouterr().err.splitlines()
    assert all(note.startswith("Note:") for note in notes)
    assert "fifo.tif" in said
    assert not (tmp_path / "out").exists()
