"""demo: the main job on the sample, with and without a window."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from napari_cellid.cli import demo, main
from napari_cellid.config import SimulationConfig


@pytest.fixture(autouse=True)
def small_sample(monkeypatch: pytest.MonkeyPatch) -> None:
    small = SimulationConfig(seed=3, height=128, width=160, n_planes=3)
    monkeypatch.setattr("napari_cellid.cli.demo.SAMPLE", small)


@pytest.fixture
def words(tmp_path: Path, segmenter: list[str], classifier: list[str]) -> list[str]:
    return ["demo", "--out", str(tmp_path / "demo"), *segmenter, *classifier]


def test_sample_has_three_planes() -> None:
    from napari_cellid.config import SAMPLE

    assert SAMPLE.n_planes == 3
    assert (SAMPLE.height, SAMPLE.width) == (512, 512)
    # the models are trained to outline what a person sees
    assert SAMPLE.outlined == "visible"


def test_without_window(words: list[str], capsys) -> None:
    assert main([*words, "--no-window"]) == 0
    out = Path(words[2])
    printed = capsys.readouterr().out
    assert printed.count("Simulated truth:") == 1
    assert str(out / "sample") in printed
    assert str(out / "simulated") in printed
    assert sorted(path.name for path in (out / "simulated").iterdir()) == [
        "cells.csv", "labels.tif", "overlay.png", "run.json",
    ]  # fmt: skip
    assert (out / "sample" / "red.tif").is_file()


def test_as_json(words: list[str], capsys) -> None:
    assert main([*words, "--no-window", "--json"]) == 0
    result = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert result["event"] == "result"
    truth = result["simulated_truth"]
    assert (
        truth["found"] + truth["superfluous"] + truth["doubtful"] == result["n_cells"]
    )


def test_default_folder(
    words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["demo", *words[3:], "--no-window", "--quiet"]) == 0
    assert (tmp_path / "napari-cellid-demo" / "simulated" / "cells.csv").is_file()


def test_window_opens_where_there_is_a_display(
    words: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = []
    monkeypatch.setattr(
        "napari_cellid.widgets.identify.open_results.show_results",
        lambda *what: shown.append(what),
    )
    monkeypatch.setattr(demo, "has_display", lambda: False)
    assert main([*words, "--quiet"]) == 0
    assert not shown
    monkeypatch.setattr(demo, "has_display", lambda: True)
    assert main([*words, "--quiet", "--no-window"]) == 0
    assert not shown
    assert main([*words, "--quiet"]) == 0
    ((result, recording, classifier),) = shown
    assert len(result.labels) == recording.n_planes == 3
    assert classifier.card.name == "untrained"


def test_no_qt_is_told_and_no_failure(
    words: list[str], monkeypatch: pytest.MonkeyPatch, capsys
) -> None:
    def lacking(*_: object) -> None:
        raise ImportError('install one with pip install "napari[all]".')

    monkeypatch.setattr(
        "napari_cellid.widgets.identify.open_results.show_results", lacking
    )
    monkeypatch.setattr(demo, "has_display", lambda: True)
    assert main(words) == 0
    assert "napari[all]" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("platform", "variables", "there"),
    [
        ("linux", {}, False),
        ("linux", {"DISPLAY": ":0"}, True),
        ("linux", {"WAYLAND_DISPLAY": "wayland-0"}, True),
        ("darwin", {}, True),
        ("win32", {}, True),
    ],
)
def test_has_display(
    monkeypatch: pytest.MonkeyPatch,
    platform: str,
    variables: dict[str, str],
    there: bool,
) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("sys.platform", platform)
    assert demo.has_display() is there
