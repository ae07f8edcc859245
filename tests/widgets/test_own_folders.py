"""Results and studies that are dropped on napari open as they were."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import tifffile

from napari_cellid.config import IdentifyConfig
from napari_cellid.identify.steps import identify_cells
from napari_cellid.io.base import ReadOptions
from napari_cellid.io.registry import read_recording
from napari_cellid.io.results import write_results
from napari_cellid.progress import run_to_end
from napari_cellid.segmentation.predict import load_segmenter
from napari_cellid.study.results_folder import own_folder
from napari_cellid.widgets import folder_reader
from napari_cellid.widgets.folder_reader import get_reader
from napari_cellid.widgets.session.result_layer import result_of
from napari_cellid.widgets.session.session import session_of

if TYPE_CHECKING:
    from pathlib import Path

    from napari_cellid.simulation.field import SimulatedField
    from napari_cellid.study.study import Study

PIXEL_UM = 1.17


@pytest.fixture(scope="module")
def made(
    tmp_path_factory: pytest.TempPathFactory,
    field: SimulatedField,
    segmenter_folder: Path,
    classifier_folder: Path,
) -> Path:
    """A folder with two images, and the results of a run of them."""
    from napari_cellid.classification.loader import load_classifier

    folder = tmp_path_factory.mktemp("mouse")
    paths = {}
    for colour in ("red", "green"):
        paths[colour] = folder / f"a17_{colour}.tif"
        data = getattr(field, colour)
        tifffile.imwrite(paths[colour], data, imagej=True, metadata={"axes": "ZYX"})
    recording = read_recording(**paths, options=ReadOptions(pixel_size_um=PIXEL_UM))
    classifier = load_classifier(classifier_folder)
    segmenter = load_segmenter(segmenter_folder)
    config = IdentifyConfig()
    step = identify_cells(recording, segmenter, classifier, config)
    write_results(run_to_end(step), folder / "results")
    return folder


@pytest.fixture
def mouse(made: Path, tmp_path: Path) -> Path:
    """A copy of the folder whose images lie elsewhere than the run says."""
    return shutil.copytree(made, tmp_path / "mouse")


@pytest.fixture
def shown(viewer: Any, monkeypatch: Any) -> Any:
    """The viewer is the one in front."""
    monkeypatch.setattr("napari.current_viewer", lambda: viewer)
    return viewer


def drop(path: Path) -> Any:
    reader = get_reader(str(path))
    assert reader is not None
    return reader(str(path))


def test_results_open_with_their_images(made: Path, shown: Any) -> None:
    results = made / "results" / "a17"
    assert drop(results) == [(None,)]
    names = [layer.name for layer in shown.layers]
    assert names == ["red", "green", "a17 cells"]
    layer = shown.layers["a17 cells"]
    assert np.array_equal(layer.data, tifffile.imread(results / "labels.tif"))
    assert tuple(layer.scale[-2:]) == (PIXEL_UM, PIXEL_UM)
    assert [str(unit) for unit in layer.units[-2:]] == ["micrometer"] * 2
    assert shown.layers["red"].colormap.name == "red"
    result = result_of(layer)
    assert result is not None
    # with the classes and numbers of the file, and a colour for each class
    table = (results / "cells.csv").read_text().splitlines()
    assert len(result.labelled.cells) == len(table) - 1
    assert set(layer.features["predicted"]) - {"none"} <= set(result.colours)
    predicted = layer.features["predicted"].to_numpy()
    label = int(layer.features["label"].to_numpy()[predicted != "none"][0])
    colours = np.array(layer.colormap.map(label))
    assert colours[3] == 1


def test_images_are_found_beside_the_results(mouse: Path, shown: Any) -> None:
    # the run says where the images were, not where this copy is
    run = mouse / "results" / "a17" / "run.json"
    record = json.loads(run.read_text())
    record["sources"] = [f"/gone/{k}" for k in ("a17_red.tif", "a17_green.tif")]
    run.write_text(json.dumps(record))
    for name in ("a17_red.tif", "a17_green.tif"):
        (mouse / name).rename(mouse / "results" / name)
    drop(mouse / "results" / "a17")
    assert len(shown.layers) == 3


def test_without_images_the_outlines_are_shown_and_it_is_said(
    mouse: Path, shown: Any, monkeypatch: Any
) -> None:
    said: list[str] = []
    monkeypatch.setattr(folder_reader, "show_warning", said.append)
    run = mouse / "results" / "a17" / "run.json"
    record = json.loads(run.read_text())
    record["sources"] = ["/gone/a17_red.tif", "/gone/a17_green.tif"]
    run.write_text(json.dumps(record))
    ((data, attributes, kind),) = drop(mouse / "results" / "a17")
    assert kind == "labels"
    assert len(said) == 1
    assert "/gone/a17_red.tif is not there any more" in said[0]
    layer = shown._add_layer_from_data(data, attributes, kind)[0]
    assert tuple(layer.scale[-2:]) == (PIXEL_UM, PIXEL_UM)
    assert "predicted" in layer.features


def test_a_study_opens(lab: Study, shown: Any, qtbot: Any) -> None:
    assert drop(lab.path) == [(None,)]
    session = session_of(shown)
    qtbot.waitUntil(lambda: session.study is not None)
    assert session.study.path == lab.path
    session.close_study()


def test_a_recording_of_a_study_opens_in_it(lab: Study, shown: Any, qtbot: Any) -> None:
    drop(lab.path / "recordings" / "b2")
    session = session_of(shown)
    qtbot.waitUntil(lambda: session.recording is not None)
    assert session.recording.name == "b2"
    assert "b2 classes" in [layer.name for layer in shown.layers]
    session.close_study()


def test_other_folders_are_left_to_others(tmp_path: Path, made: Path) -> None:
    assert own_folder(made) is None
    assert own_folder(made / "a17_red.tif") is None
    other = tmp_path / "other"
    other.mkdir()
    for name in ("labels.tif", "cells.csv", "run.json"):
        (other / name).write_text("{}")
    # of another program: no record of a run of Identify
    assert own_folder(other) is None
    assert get_reader(str(other)) is None
