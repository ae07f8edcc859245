from __future__ import annotations

import json
import os
import pickle
from pathlib import Path

import pytest
import torch

from napari_cellid.errors import InputError
from napari_cellid.models.registry import ENSEMBLE, default_model, find_model
from napari_cellid.models.store import (
    CARD_FILE,
    WEIGHTS_FILE,
    list_models,
    load_card,
    load_weights,
    save_model,
)

CONTENT = {
    "name": "tiny",
    "task": "segment",
    "architecture": "unet",
    "classes": ("background", "cell"),
    "combination": "sum",
    "pixel_size_um": 1.0,
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    weights = {
        "kernel": torch.randn(3, 4),
        "bias": torch.randn(3),
        "count": torch.tensor(7),
    }
    save_model(tmp_path / "tiny", CONTENT, weights)
    return tmp_path / "tiny"


def test_round_trip(tmp_path: Path) -> None:
    weights = {"kernel": torch.randn(8, 8), "bias": torch.randn(8)}
    saved = save_model(tmp_path / "m", CONTENT, weights)
    card = load_card(tmp_path / "m")
    assert card == saved
    loaded = load_weights(tmp_path / "m", card)
    torch.testing.assert_close(loaded["bias"], weights["bias"], rtol=0, atol=0)
    torch.testing.assert_close(
        loaded["kernel"], weights["kernel"].half().float(), rtol=0, atol=0
    )
    assert all(t.dtype == torch.float32 for t in loaded.values())


def test_the_text_of_a_card_is_stable(folder: Path) -> None:
    text = (folder / CARD_FILE).read_text("utf-8")
    assert load_card(folder).model_dump_json(indent=2) + "\n" == text


@pytest.mark.parametrize(
    ("harm", "words"),
    [
        (lambda f: (f / CARD_FILE).unlink(), "has no model.json"),
        (lambda f: (f / CARD_FILE).write_text("{"), "not a model card"),
        (
            lambda f: (f / CARD_FILE).write_text('{"name": 3}'),
            "not a model card",
        ),
        (lambda f: (f / WEIGHTS_FILE).unlink(), "has no weights.safetensors"),
        (
            lambda f: (f / WEIGHTS_FILE).write_bytes(
                (f / WEIGHTS_FILE).read_bytes()[:-9]
            ),
            "truncated or changed",
        ),
        (
            lambda f: (f / WEIGHTS_FILE).rename(f / "weights.pt"),
            "is a pickle, which can run any code",
        ),
    ],
)
def test_broken_folders_are_refused(folder: Path, harm, words: str) -> None:
    harm(folder)
    with pytest.raises(InputError, match=words):
        load_weights(folder, load_card(folder))


def test_a_malicious_pickle_does_not_run(tmp_path: Path) -> None:
    class Malicious:
        def __reduce__(self):
            return os.system, (f"touch {tmp_path / 'ran'}",)

    path = tmp_path / "weights.pth"
    path.write_bytes(pickle.dumps(Malicious()))
    with pytest.raises(InputError, match=r"weights\.pth is a pickle"):
        find_model(path, "classify")
    assert not (tmp_path / "ran").exists()


def test_a_pickle_named_safetensors_is_refused(folder: Path) -> None:
    data = pickle.dumps({"a": 1})
    (folder / WEIGHTS_FILE).write_bytes(data)
    card = json.loads((folder / CARD_FILE).read_text())
    import hashlib

    card["weights_sha256"] = hashlib.sha256(data).hexdigest()
    (folder / CARD_FILE).write_text(json.dumps(card))
    with pytest.raises(InputError, match="not a safetensors file"):
        load_weights(folder, load_card(folder))


def test_the_wrong_task_is_named(folder: Path) -> None:
    with pytest.raises(
        InputError, match=r"'tiny' .* outlines cells, but one that classifies"
    ):
        load_card(folder, "classify")


def test_unknown_names_list_what_there_is() -> None:
    with pytest.raises(InputError, match="There is no model 'nonesuch'"):
        find_model("nonesuch", "segment")


def test_paths_to_the_files_of_a_folder_are_understood(folder: Path) -> None:
    assert find_model(folder / CARD_FILE, "segment") == folder
    assert find_model(folder, "segment") == folder


def test_listing_reads_every_folder(folder: Path) -> None:
    (folder.parent / "no model").mkdir()
    found = list_models(folder.parent, folder.parent / "missing")
    assert [(path, card.name) for path, card in found] == [(folder, "tiny")]


def test_models_that_cannot_be_read_are_not_taken_for_none(tmp_path: Path) -> None:
    # a file in place of the folder: root may read a folder without permissions
    (tmp_path / "models").write_text("")
    with pytest.raises(InputError, match=r"models in .* cannot be read .*Not a dir"):
        list_models(tmp_path / "models")


def test_cells_are_classified_by_both_where_nothing_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert default_model("classify") == ENSEMBLE
    # a training begins with the patch classifier
    assert find_model(None, "classify").name == "inception_v3"
    monkeypatch.setattr("napari_cellid.models.registry.SHIPPED_MODELS", tmp_path)
    assert default_model("classify") == "inception_v3"
