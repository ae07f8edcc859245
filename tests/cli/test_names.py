"""Names on the command line, and names of files that are not UTF-8."""

from __future__ import annotations

import json
import os
import shutil
import sys
from pathlib import Path

import pytest

from napari_cellid.cli import main
from napari_cellid.io.channel_names import recording_name
from napari_cellid.study.study import Study

LINUX = pytest.mark.skipif(
    sys.platform != "linux", reason="names of files are Unicode on this system"
)
BYTES = [b"M\xfcller", b"\xff\xfe", b"caf\xe9 \xce\xb1"]


@LINUX
@pytest.mark.parametrize("name", BYTES)
def test_a_file_name_that_is_not_utf8_is_escaped(
    tmp_path: Path, sample: Path, segmenter: list[str], name: bytes
) -> None:
    green = tmp_path / os.fsdecode(name + b".tif")
    shutil.copy(sample / "green.tif", green)
    out, study = tmp_path / "out", tmp_path / "study"
    where = ["--out", str(out), "--study", str(study), "--quiet"]
    assert main(["segment", "--green", str(green), *segmenter, *where]) == 0
    (folder,) = out.iterdir()
    assert "%" in folder.name
    assert folder.name == recording_name([green])
    run = json.loads((folder / "run.json").read_text("utf-8"))
    assert r"\x" in run["sources"][0]
    run["sources"][0].encode("utf-8")
    opened = Study.open(study)
    assert opened.recordings == (folder.name,)
    assert opened.recording(folder.name).info.sources == tuple(run["sources"])
    # the same file again is the same recording
    assert main(["segment", "--green", str(green), *segmenter, *where]) == 0


@LINUX
def test_a_folder_that_is_not_utf8_is_no_obstacle(
    tmp_path: Path, sample: Path, segmenter: list[str]
) -> None:
    folder = tmp_path / os.fsdecode(b"gro\xdf")
    shutil.copytree(sample, folder)
    words = ["--green", str(folder / "green.tif"), *segmenter, "--quiet"]
    assert main(["segment", *words, "--out", str(tmp_path / "out")]) == 0
    assert main(["segment", *words, "--out", str(folder / "out")]) == 0


@pytest.mark.parametrize("name", ["CON", "x.", "a\nb", "\x1b[2J", "COM¹", "gnp\u202e"])
@pytest.mark.parametrize("where", ["--out", "--study"])
def test_a_bad_name_is_refused_before_the_run(
    tmp_path: Path, channels: list[str], capsys, name: str, where: str
) -> None:
    words = ["identify", *channels, "--segmenter", "never loaded"]
    for more in (["--name", name, where, str(tmp_path / "o")],
                 [where, str(tmp_path / name)]):  # fmt: skip
        assert main([*words, *more]) == 2
        error = capsys.readouterr().err
        assert len(error.splitlines()) == 1
        assert "name" in error
        assert "\x1b" not in error
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(sys.platform != "linux", reason="such file names are of Linux")
@pytest.mark.parametrize("stem", ["CON", "aux.1", "a\nb", "x\u202e"])
def test_a_file_of_a_bad_name_needs_another_one(
    tmp_path: Path, sample: Path, capsys, stem: str
) -> None:
    green = tmp_path / f"{stem}.tif"
    shutil.copy(sample / "green.tif", green)
    for where in ("--out", "--study"):
        words = ["--green", str(green), where, str(tmp_path / "o")]
        assert main(["segment", *words]) == 2
        assert "--name" in capsys.readouterr().err
    assert not (tmp_path / "o").exists()
