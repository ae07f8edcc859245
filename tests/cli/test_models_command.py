"""models: the list, and what is shown of one."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from napari_cellid.cli import main


@pytest.fixture
def shipped(
    tmp_path: Path,
    segmenter_folder: Path,
    classifier_folder: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Path:
    shutil.copytree(segmenter_folder, tmp_path / "unet")
    shutil.copytree(classifier_folder, tmp_path / "other")
    monkeypatch.setattr("napari_cellid.models.registry.SHIPPED_MODELS", tmp_path)
    return tmp_path


@pytest.mark.parametrize("words", [["models"], ["models", "list"]])
def test_list(shipped: Path, words: list[str], capsys) -> None:
    assert main(words) == 0
    outline, unet, classify, other = capsys.readouterr().out.splitlines()
    assert outline == "Models that outline cells:"
    assert unet.startswith("  unet (default): ")
    assert classify == "Models that classify cells:"
    assert other.startswith("  other: ")


@pytest.mark.parametrize("words", [["models", "--json"], ["models", "list", "--json"]])
def test_list_as_json(shipped: Path, words: list[str], capsys) -> None:
    assert main(words) == 0
    (line,) = capsys.readouterr().out.splitlines()
    found = {model["name"]: model for model in json.loads(line)["models"]}
    assert found["unet"]["default"] is True
    assert found["other"]["task"] == "classify"
    assert found["other"]["default"] is False


def test_no_models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    monkeypatch.setattr(
        "napari_cellid.models.registry.SHIPPED_MODELS", tmp_path / "none"
    )
    assert main(["models"]) == 0
    assert "No models" in capsys.readouterr().out


def test_show_by_name(shipped: Path, capsys) -> None:
    assert main(["models", "show", "unet"]) == 0
    shown = capsys.readouterr().out
    for words in (
        "bright: outlines cells", "background, rim, core", "1.17 µm per pixel",
        "sha256", "not stated", "torch",
    ):  # fmt: skip
        assert words in shown


def test_show_leaves_out_how_the_makers_trained(capsys) -> None:
    assert main(["models", "show", "unet"]) == 0
    shown = capsys.readouterr().out
    assert "data: simulated" in shown
    assert "tools/" not in shown
    assert "fields_sha256" not in shown


def test_show_by_folder(classifier_folder: Path, capsys) -> None:
    assert main(["models", "show", str(classifier_folder), "--json"]) == 0
    card = json.loads(capsys.readouterr().out)
    assert card["event"] == "result"
    assert card["classes"] == ["excitatory", "inhibitory", "glia"]
    assert main(["models", "show", str(classifier_folder)]) == 0
    assert "patches of 101 x 101 pixels, enlarged to 64" in capsys.readouterr().out


def test_the_ensemble_is_listed_as_the_default(capsys) -> None:
    assert main(["models", "--json"]) == 0
    models = json.loads(capsys.readouterr().out)["models"]
    classifiers = [one for one in models if one["task"] == "classify"]
    assert [one["name"] for one in classifiers if one["default"]] == ["both"]
    assert {one["name"] for one in classifiers if one["folder"]} == {
        "inception_v3", "one_pass", "resnet18",
    }  # fmt: skip
