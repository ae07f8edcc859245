"""How the program starts and ends."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from napari_cellid import __version__
from napari_cellid.cli import main
from napari_cellid.cli.app import build_parser
from napari_cellid.cli.console import make_console
from napari_cellid.cli.settings_options import given_settings, read_settings
from napari_cellid.config import SegmentConfig, SimulationConfig
from napari_cellid.progress import Progress

COMMANDS = [
    "identify", "segment", "classify", "annotate", "agree", "merge", "answers",
    "restore", "replaced", "simulate", "models", "demo",
]  # fmt: skip
SLOW = ["torch", "pandas", "skimage", "scipy", "matplotlib", "dask", "napari", "qtpy"]


def run(*words: str, **settings: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "napari_cellid.cli", *words],
        capture_output=True, text=True, timeout=300, check=False, **settings,
    )  # fmt: skip


def test_help_names_every_command(capsys) -> None:
    assert main(["--help"]) == 0
    printed = capsys.readouterr().out
    for command in (*COMMANDS, "train", "runs"):
        assert command in printed


@pytest.mark.parametrize("command", COMMANDS)
def test_help_of_a_command(command: str, capsys) -> None:
    assert main([command, "--help"]) == 0
    assert "--quiet" in capsys.readouterr().out


def test_help_says_what_the_numbers_in_brackets_are(capsys) -> None:
    assert main(["train", "classifier", "--help"]) == 0
    printed = " ".join(capsys.readouterr().out.split())
    assert printed.count("Sources in brackets: [1] Seong & Park; [2]") == 1
    assert "the study's own" in printed.split("--min-annotators N")[-1]


def test_help_says_defaults_and_limits(capsys) -> None:
    assert main(["simulate", "--help"]) == 0
    text = " ".join(capsys.readouterr().out.split())
    assert (
        "the neurons that express GCaMP; 75 % in [2] (from 0 to 1; default: 0.75)"
        in text
    )
    assert "above 0 to 1000" in text
    assert main(["identify", "--help"]) == 0
    text = " ".join(capsys.readouterr().out.split())
    assert "{core,distance,none}" in text
    assert "(from 0.05 to 0.95; default: the model's own)" in text


@pytest.mark.parametrize(
    ("words", "command"),
    [
        (["simulate", "--out", "x", "--kind", "wide", "--no-such", "3"], "simulate"),
        (["models", "list", "--no-such"], "models list"),
        (["train", "segmenter", "study", "--no-such"], "train segmenter"),
        (["--no-such", "models"], ""),
    ],
)
def test_unknown_option_names_the_help_of_its_command(
    words: list[str], command: str, capsys
) -> None:
    assert main(words) == 2
    said = capsys.readouterr().err
    assert "--no-such" in said
    assert said.endswith(f"see {f'napari-cellid {command}'.strip()} --help.\n")


def test_version(capsys) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"napari-cellid {__version__}\n"


def test_starting_imports_nothing_slow() -> None:
    program = (
        "import sys; from napari_cellid.cli import main; main(['identify', '--help']);"
        f"print([name for name in {SLOW} if name in sys.modules], file=sys.stderr)"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert ended.stderr.strip() == "[]"


def test_exit_codes_of_the_process(tmp_path: Path) -> None:
    good = run("models", "--json")
    assert good.returncode == 0
    assert json.loads(good.stdout)["event"] == "result"
    bad = run("identify", "--green", "nowhere.tif", "--out", str(tmp_path / "out"))
    assert bad.returncode == 2
    assert bad.stdout == ""
    assert bad.stderr.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_bugs_show_a_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("napari_cellid.cli.models.run_list", fail)
    with pytest.raises(ZeroDivisionError):
        main(["models"])


def test_interrupted(monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("napari_cellid.cli.models.run_list", interrupt)
    assert main(["models"]) == 130
    printed = capsys.readouterr()
    assert printed.err.startswith("napari-cellid: ")
    assert "Traceback" not in printed.err


def test_interrupted_half_way_leaves_nothing(
    tmp_path: Path,
    channels: list[str],
    segmenter: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("napari_cellid.io.overlay_png.save_overlay", interrupt)
    words = [*channels, *segmenter, "--out", str(tmp_path / "out"), "--quiet"]
    assert main(["segment", *words]) == 130
    assert not list((tmp_path / "out").rglob("*"))


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (PermissionError(13, "Permission denied", "/data/x"), "/data/x cannot be"),
        (OSError(28, "No space left on device"), "No space left on device"),
        (OSError("odd"), "odd"),
    ],
)
def test_system_errors(
    monkeypatch: pytest.MonkeyPatch, capsys, error: OSError, said: str
) -> None:
    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr("napari_cellid.cli.models.run_list", fail)
    assert main(["models"]) == 2
    printed = capsys.readouterr().err
    assert said in printed
    assert printed.count("\n") == 1


@pytest.mark.skipif(sys.platform == "win32", reason="pipes as Unix has them")
def test_reader_that_goes_away() -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "napari_cellid.cli", "models"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    process.stdout.close()
    assert process.stderr.read() == b""
    process.stderr.close()
    assert process.wait(timeout=300) == 1


def test_settings_come_from_their_fields() -> None:
    words = ["simulate", "--out", "x", "--n-planes", "2", "--bit-depth", "8"]
    arguments = build_parser().parse_args(words)
    assert given_settings(arguments, SimulationConfig) == {
        "n_planes": 2,
        "bit_depth": 8,
    }
    config = read_settings(arguments, SimulationConfig)
    assert config == SimulationConfig(n_planes=2, bit_depth=8)
    words = ["segment", "--out", "x", "--split", "distance"]
    config = read_settings(build_parser().parse_args(words), SegmentConfig)
    assert config == SegmentConfig(split="distance")


@pytest.mark.parametrize("as_json", [True, False])
def test_messages_are_told_once(as_json: bool, capsys) -> None:
    with make_console(as_json=as_json, quiet=False) as report:
        for done in range(4):
            report.progress(Progress("Working", done, 3, "Memory ran out."))
    printed = capsys.readouterr()
    assert (printed.out + printed.err).count("Memory ran out.") == 1


def test_bars_of_two_stages(capsys) -> None:
    with make_console(as_json=False, quiet=False) as report:
        for stage in ("First", "Second"):
            for done in (0, 1, 2, 0, 2):
                report.progress(Progress(stage, done, 2))
        report.progress(Progress("Unknown"))
    lines = capsys.readouterr().err.split("\n")
    assert [line.split(":")[0].split("\r")[-1] for line in lines if line] == [
        "First", "Second", "Unknown",
    ]  # fmt: skip
