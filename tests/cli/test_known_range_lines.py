"""What the terminal, run.json and a study say of a recording and the training."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from napari_cellid.cli import main
from napari_cellid.novelty.comparison import recorded_verdict
from napari_cellid.study.study import Study

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

INSIDE = "This recording lies within what the model was trained on."
#: the somata of the simulated sample are smaller
LARGE = {"soma_diameter_um": (20.0, 30.0)}


def run_record(folder: Path) -> dict:
    return json.loads((folder / "run.json").read_text("utf-8"))


@pytest.fixture
def identify(tmp_path: Path, channels: list[str], classifier: list[str]) -> Callable:
    def call(segmenter: Path, *words: str) -> dict:
        models = ["--segmenter", str(segmenter), *classifier]
        where = [] if "--study" in words else ["--out", str(tmp_path)]
        assert (
            main(["identify", *channels, *models, "--name", "a", *where, *words]) == 0
        )
        return {} if "--study" in words else run_record(tmp_path / "a")

    return call


def test_inside_of_the_training_one_line_says_so(
    identify: Callable, segmenter_folder: Path, with_known_range: Callable, capsys
) -> None:
    run = identify(with_known_range(segmenter_folder))
    assert capsys.readouterr().out.splitlines().count(INSIDE) == 1
    record = run["known_range"]
    assert record["inside"] is True and record["warnings"] == []
    assert record["properties"]["noise_green"]["value"] > 0
    assert record["properties"]["noise_green"]["range"] == [0, 1e9]
    assert record["properties"]["noise_green"]["model"] == "bright"


def test_outside_of_the_training_it_is_said_what_to_do(
    identify: Callable, segmenter_folder: Path, with_known_range: Callable, capsys
) -> None:
    run = identify(with_known_range(segmenter_folder, **LARGE))
    lines = capsys.readouterr().out.splitlines()
    at = lines.index("Outside of what the model was trained on: size of somata.")
    (warning,) = run["known_range"]["warnings"]
    assert lines[at + 1] == f"  {warning}"
    assert "trained on 20 µm to 30 µm. Check the pixel size" in warning
    assert run["known_range"]["inside"] is False
    assert run["known_range"]["properties"]["soma_diameter_um"]["inside"] is False


def test_for_programs_the_record_is_part_of_the_result(
    identify: Callable, segmenter_folder: Path, with_known_range: Callable, capsys
) -> None:
    run = identify(with_known_range(segmenter_folder, **LARGE), "--json")
    result = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert result["event"] == "result"
    assert result["known_range"] == run["known_range"]


def test_a_card_without_ranges_says_nothing(
    identify: Callable, segmenter_folder: Path, capsys
) -> None:
    run = identify(segmenter_folder)
    assert "known_range" not in run
    assert "trained on" not in capsys.readouterr().out


def test_green_alone_is_compared_in_what_can_be_measured(
    tmp_path: Path, sample: Path, segmenter_folder: Path, with_known_range: Callable
) -> None:
    folder = with_known_range(segmenter_folder, noise_red=(5, 6), red_fraction=(2, 3))
    words = ["--green", str(sample / "green.tif"), "--segmenter", str(folder)]
    assert main(["segment", *words, "--name", "a", "--out", str(tmp_path)]) == 0
    record = run_record(tmp_path / "a")["known_range"]
    assert record["inside"] is True
    left_out = {"noise_red", "red_fraction", "bleed_through"}
    assert not left_out & set(record["properties"])
    assert "noise_green" in record["properties"]


def test_own_masks_are_compared_with_what_the_classifier_knows(
    tmp_path: Path,
    channels: list[str],
    sample: Path,
    classifier_folder: Path,
    with_known_range: Callable,
    capsys,
) -> None:
    folder = with_known_range(classifier_folder, **LARGE)
    words = [*channels, "--classifier", str(folder), "--name", "a"]
    labels = str(sample / "labels.tif")
    assert main(["classify", *words, "--labels", labels, "--out", str(tmp_path)]) == 0
    assert "trained on: size of somata." in capsys.readouterr().out
    record = run_record(tmp_path / "a")["known_range"]
    assert record["properties"]["soma_diameter_um"]["model"] == "untrained"
    assert "red_fraction" in record["properties"]


def test_a_study_keeps_the_verdict_with_its_recording(
    tmp_path: Path,
    identify: Callable,
    segmenter_folder: Path,
    with_known_range: Callable,
) -> None:
    study = tmp_path / "study"
    identify(with_known_range(segmenter_folder, **LARGE), "--study", str(study))
    run = Study.open(study).recording("a").run()
    verdict = recorded_verdict(run)
    assert verdict.text.endswith("trained on: size of somata.")
    assert len(verdict.warnings) == 1
