from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import dask.array as da
import numpy as np
import pandas as pd
import pytest
import tifffile

from napari_cellid.classification.loader import load_classifier
from napari_cellid.config import DeviceConfig, IdentifyConfig
from napari_cellid.errors import InputError
from napari_cellid.evaluation.scoring import score_result
from napari_cellid.identify import (
    IdentifyResult,
    classify_labels,
    identify_cells,
)
from napari_cellid.io.results import write_results
from napari_cellid.models.registry import find_model
from napari_cellid.progress import run_to_end
from napari_cellid.recording import Recording
from napari_cellid.segmentation.predict import load_segmenter
from napari_cellid.simulation.field import SimulatedField, simulate

CONFIG = IdentifyConfig(device=DeviceConfig(device="cpu", precision="fp32"))


@pytest.fixture(scope="module")
def result(
    recording: Recording, segmenter_folder: Path, classifier_folder: Path
) -> IdentifyResult:
    step = identify_cells(
        recording,
        load_segmenter(segmenter_folder),
        load_classifier(classifier_folder),
        CONFIG,
    )
    return run_to_end(step)


def test_shipped_models_find_the_known_cells_and_classes(
    recording: Recording, field: SimulatedField
) -> None:
    segmenter = load_segmenter(find_model(None, "segment"))
    classifier = load_classifier(find_model("one-pass", "classify"))
    result = run_to_end(identify_cells(recording, segmenter, classifier, CONFIG))
    # the same images, with what a person would outline as the truth
    visible = field.config.model_copy(update={"outlined": "visible"})
    field = run_to_end(simulate(visible))
    score = score_result(result.cells, field)
    n_true = len(field.cells)
    assert score.found + score.missed == n_true
    assert score.found > 0.8 * n_true
    # the models outline more than this truth has: 15 or 16 outlines for 54 cells
    assert score.superfluous < 0.35 * n_true
    assert score.right > 0.8 * score.judged
    # the one answer that is right most often is right much less often
    always = [
        score_result(result.cells.assign(predicted=name), field).right
        for name in result.classes
    ]
    assert score.right > 1.2 * max(always)


def test_every_cell_has_a_row_and_a_class(result: IdentifyResult) -> None:
    numbers = np.unique(result.labels[result.labels > 0])
    assert len(numbers) > 5
    assert result.cells["label"].tolist() == numbers.tolist()
    # the class of a cell is its largest probability, whatever the net has learnt
    probabilities = result.cells[[f"p_{name}" for name in result.classes]].to_numpy()
    np.testing.assert_allclose(probabilities.sum(1), 1, atol=1e-4)
    largest = np.array(result.classes)[probabilities.argmax(1)]
    assert result.cells["predicted"].tolist() == largest.tolist()
    np.testing.assert_allclose(
        result.cells["confidence"], probabilities.max(1), atol=1e-4
    )
    assert result.cells["cell"].is_unique


def test_the_same_input_gives_the_same_output(
    result: IdentifyResult,
    recording: Recording,
    segmenter_folder: Path,
    classifier_folder: Path,
) -> None:
    again = run_to_end(
        identify_cells(
            recording,
            load_segmenter(segmenter_folder),
            load_classifier(classifier_folder),
            CONFIG,
        )
    )
    np.testing.assert_array_equal(again.labels, result.labels)
    pd.testing.assert_frame_equal(again.cells, result.cells)


def test_files_say_what_was_found(result: IdentifyResult, tmp_path: Path) -> None:
    folder = write_results(result, tmp_path)
    assert folder == tmp_path / "simulated"
    assert sorted(p.name for p in folder.iterdir()) == [
        "cells.csv",
        "labels.tif",
        "overlay.png",
        "run.json",
    ]
    labels = tifffile.imread(folder / "labels.tif")
    assert labels.dtype == np.int32
    np.testing.assert_array_equal(labels, result.labels)
    table = pd.read_csv(folder / "cells.csv")
    assert list(table.columns[:11]) == [
        "cell", "label", "plane", "y", "x", "area_um2", "predicted", "confidence",
        "p_excitatory", "p_inhibitory", "p_glia",
    ]  # fmt: skip
    assert table["predicted"].tolist() == result.cells["predicted"].tolist()
    np.testing.assert_allclose(table["p_glia"], result.cells["p_glia"], rtol=1e-5)
    run = json.loads((folder / "run.json").read_text("utf-8"))
    assert run["settings"] == CONFIG.model_dump(mode="json")
    assert len(run["models"]["segment"]["weights_sha256"]) == 64
    assert run["device"] == "CPU, fp32"
    assert IdentifyConfig.model_validate(run["settings"]) == CONFIG


def test_green_alone_is_outlined_only(
    recording: Recording, segmenter_folder: Path, classifier_folder: Path
) -> None:
    step = identify_cells(
        replace(recording, red=None),
        load_segmenter(segmenter_folder),
        load_classifier(classifier_folder),
        CONFIG,
    )
    result = run_to_end(step)
    assert len(result.cells) > 0
    assert result.classes == ()
    assert (result.cells["predicted"] == "").all()


def test_wrong_sizes_are_told_once(
    recording: Recording,
    segmenter_folder: Path,
    with_known_range: Callable[..., Path],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A model that knows the sizes of its training says it without the other note."""
    doubt = "The sizes of cells are doubtful."
    monkeypatch.setattr(
        "napari_cellid.identify.steps.check_cell_sizes", lambda *_: doubt
    )
    told = {}
    for folder in (segmenter_folder, with_known_range(segmenter_folder)):
        step = identify_cells(recording, load_segmenter(folder), None, CONFIG)
        result = run_to_end(step)
        told[doubt in result.notes] = result.training_verdict
    assert told[True] is None
    assert told[False].text.startswith("This recording lies within")


def test_own_masks_are_classified_as_they_are(
    recording: Recording, field: SimulatedField, classifier_folder: Path
) -> None:
    step = classify_labels(
        recording, field.labels, load_classifier(classifier_folder), CONFIG
    )
    result = run_to_end(step)
    assert result.labels is field.labels
    assert result.cells["label"].tolist() == field.cells["label"].tolist()
    np.testing.assert_allclose(result.cells["y"], field.cells["y"], atol=1e-6)


def test_labels_of_another_field_are_refused(
    recording: Recording, classifier_folder: Path
) -> None:
    step = classify_labels(
        recording,
        np.zeros((2, 10, 10), np.int32),
        load_classifier(classifier_folder),
        CONFIG,
    )
    with pytest.raises(InputError, match=r"labels have the shape \(2, 10, 10\)"):
        run_to_end(step)


def constant(recording: Recording, value: int) -> da.Array:
    return da.full((1, *recording.shape), value, dtype=np.uint16)


def test_empty_images_give_zero_cells(
    recording: Recording,
    segmenter_folder: Path,
    classifier_folder: Path,
    tmp_path: Path,
) -> None:
    flat = replace(
        recording, red=constant(recording, 0), green=constant(recording, 900)
    )
    step = identify_cells(
        flat,
        load_segmenter(segmenter_folder),
        load_classifier(classifier_folder),
        CONFIG,
    )
    result = run_to_end(step)
    assert len(result.cells) == 0
    assert any("no cells" in note for note in result.notes)
    table = pd.read_csv(write_results(result, tmp_path) / "cells.csv")
    assert "p_glia" in table.columns and len(table) == 0


@pytest.mark.parametrize("channel", ["red", "green"])
def test_one_empty_channel_is_refused(
    recording: Recording, channel: str, segmenter_folder: Path
) -> None:
    flat = replace(recording, **{channel: constant(recording, 0)})
    with pytest.raises(InputError, match=f"The {channel} channel .* is 0 everywhere"):
        run_to_end(identify_cells(flat, load_segmenter(segmenter_folder), None, CONFIG))


def test_a_full_disk_leaves_the_earlier_results(
    result: IdentifyResult, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write_results(result, tmp_path)
    before = {p.name: p.read_bytes() for p in folder.iterdir()}

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("napari_cellid.io.overlay_png.save_overlay", full)
    with pytest.raises(InputError, match="No space left"):
        write_results(result, tmp_path)
    assert {p.name: p.read_bytes() for p in folder.iterdir()} == before
    assert [p.name for p in tmp_path.iterdir()] == ["simulated"]
