"""Results and studies that are dropped on napari open as they were."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
import retraining
import tifffile
from driving import run
from napari.components import ViewerModel
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest
from retraining import set_fake_training, use_fake_training
from voting import true_classes, write_answers

from napari_cellid.colours import class_colours
from napari_cellid.config import IdentifyConfig, parse_scheme
from napari_cellid.config.classes import STATES
from napari_cellid.identify.steps import identify_cells
from napari_cellid.io.base import ReadOptions
from napari_cellid.io.registry import read_recording
from napari_cellid.io.results import write_results
from napari_cellid.progress import run_to_end
from napari_cellid.recording.data import ASSUMED_SOURCE
from napari_cellid.run_record import with_model_folders
from napari_cellid.segmentation.predict import load_segmenter
from napari_cellid.study.results_folder import own_folder
from napari_cellid.study.saved_choices import saved_naming, scheme_of
from napari_cellid.widgets import folder_reader
from napari_cellid.widgets.folder_reader import get_reader
from napari_cellid.widgets.session.result_layer import result_of
from napari_cellid.widgets.session.save import open_or_create_study
from napari_cellid.widgets.session.session import session_of

if TYPE_CHECKING:
    from pathlib import Path

    from napari_cellid.simulation.field import SimulatedField
    from napari_cellid.study.study import Study
    from napari_cellid.widgets.retrain.widget import RetrainWidget

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


def write_with(folder: Path, made: Path, change: Any) -> Path:
    """Write results whose record of the run is changed."""
    results = shutil.copytree(made / "results" / "a17", folder / "a17")
    record = json.loads((results / "run.json").read_text())
    change(record)
    (results / "run.json").write_text(json.dumps(record))
    return results


@pytest.fixture
def in_dock(shown: Any, dock: Any, monkeypatch: Any) -> Any:
    """The Identify dock that results open with; the shipped models are chosen."""
    for combo in (dock.panel.segmenter, dock.panel.classifier):
        combo.setCurrentIndex(0)
    monkeypatch.setattr(folder_reader, "_show_dock", lambda *_: dock)
    return dock


def interneurons(record: dict[str, Any]) -> None:
    """The classes of the results are those of red interneurons."""
    names = ("inhibitory", "excitatory", "inhibitory without GCaMP")
    markers = dict(zip(names, STATES, strict=True))
    record["classes"] = {"scheme": "red-interneurons", "markers": markers}


def test_the_dock_shows_the_scheme_and_the_settings_of_the_results(
    made: Path, tmp_path: Path, in_dock: Any, notifications: list[str]
) -> None:
    def change(record: dict[str, Any]) -> None:
        interneurons(record)
        record["settings"]["segment"]["threshold"] = 0.61
        record["settings"]["registration"]["registration"] = "channels"
        record |= {"diameter_px": 13.0, "diameter_source": "estimated from the image"}

    drop(write_with(tmp_path, made, change))
    panel = in_dock.panel
    assert panel.scheme.value() == parse_scheme("red-interneurons")
    assert "inhibitory without GCaMP" in panel.scheme.legend.text()
    assert panel.threshold.values()["threshold"] == 0.61
    assert panel.registration.values()["registration"] == "channels"
    channels = panel.channels.value()
    assert (channels.red.name, channels.green.name) == ("red", "green")
    assert channels.pixel_size_um == pytest.approx(PIXEL_UM)
    assert channels.diameter_px == 13
    assert channels.diameter_source == "estimated from the image"


def test_a_scheme_of_own_names_comes_back_with_its_colours(
    made: Path, tmp_path: Path, in_dock: Any, shown: Any
) -> None:
    colours = {"PV": "#123456", "other": "#e69f00", "PV without GCaMP": "#0072b2"}

    def change(record: dict[str, Any]) -> None:
        markers = dict(zip(colours, STATES, strict=True))
        about = {"scheme": "red-subtype", "markers": markers, "colours": colours}
        record["classes"] = about

    folder = write_with(tmp_path, made, change)
    cells = pd.read_csv(folder / "cells.csv")
    names = dict(zip(("excitatory", "inhibitory", "glia"), colours, strict=True))
    renamed = {f"p_{old}": f"p_{new}" for old, new in names.items()}
    cells = cells.rename(columns=renamed).replace({"predicted": names})
    cells.to_csv(folder / "cells.csv", index=False)
    drop(folder)
    scheme = in_dock.panel.scheme
    assert scheme.value() == parse_scheme("red-subtype=PV")
    assert "#123456" in scheme.legend.text()
    layer = shown.layers["a17 cells"]
    result = result_of(layer)
    assert result is not None and result.colours == colours
    # a study made of them has these classes
    study = open_or_create_study(tmp_path / "study", result)
    assert study.config.class_names == tuple(colours)
    # another scheme can be chosen for the next run
    scheme.combo.setCurrentIndex(scheme.combo.findData("emx1-h2b"))
    scheme.combo.activated.emit(scheme.combo.currentIndex())
    assert scheme.value() == parse_scheme("emx1-h2b")


def test_the_models_of_the_results_are_chosen(
    made: Path,
    tmp_path: Path,
    in_dock: Any,
    classifier_folder: Path,
    segmenter_folder: Path,
    notifications: list[str],
) -> None:
    panel = in_dock.panel
    assert panel.classifier.value() != classifier_folder
    # the quick models are in the list of the dock
    drop(made / "results" / "a17")
    assert panel.classifier.value() == classifier_folder
    assert panel.segmenter.value() == segmenter_folder
    assert not notifications


def test_a_model_of_ones_own_is_found_where_it_was_or_said_to_be_gone(
    made: Path,
    tmp_path: Path,
    in_dock: Any,
    classifier_folder: Path,
    notifications: list[str],
) -> None:
    mine = shutil.copytree(classifier_folder, tmp_path / "mine")
    card = json.loads((mine / "model.json").read_text())
    panel = in_dock.panel
    # not one of the list
    own = list(panel.classifier._cards).index(classifier_folder)
    panel.classifier.removeItem(own)
    del panel.classifier._cards[classifier_folder]

    def change(record: dict[str, Any]) -> None:
        used = {"classify": mine, "segment": None}
        record["models"] = with_model_folders(record, used)["models"]

    folder = write_with(tmp_path, made, change)
    drop(folder)
    assert panel.classifier.value() == mine
    assert not notifications
    shutil.rmtree(mine)
    panel.classifier.setValue(None)
    panel.classifier.removeItem(list(panel.classifier._cards).index(mine))
    del panel.classifier._cards[mine]
    drop(folder)
    assert notifications == [
        f"The model {card['name']!r} of these results is not at {mine} any more, so "
        "another one is chosen; cells that you identify now may differ."
    ]


def test_results_without_classes_choose_no_classifier(
    made: Path, tmp_path: Path, in_dock: Any
) -> None:
    def change(record: dict[str, Any]) -> None:
        del record["models"]["classify"], record["classes"]

    drop(write_with(tmp_path, made, change))
    assert in_dock.panel.classifier.value() is None


def test_a_size_that_was_assumed_is_assumed_again(
    made: Path, tmp_path: Path, in_dock: Any
) -> None:
    def change(record: dict[str, Any]) -> None:
        record |= {
            "pixel_size_um": 15 / 12,
            "pixel_size_source": ASSUMED_SOURCE,
            "diameter_px": 12.0,
            "diameter_source": "given",
        }

    drop(write_with(tmp_path, made, change))
    channels = in_dock.panel.channels.value()
    assert (channels.pixel_size_um, channels.diameter_px) == (None, 12)


def test_what_a_run_of_the_dock_saved_comes_back(
    viewer: Any, channels: Any, dock: Any, shown: Any, qtbot: Any, tmp_path: Path
) -> None:
    scheme = dock.panel.scheme
    scheme.combo.setCurrentIndex(scheme.combo.findData("own"))
    scheme.combo.activated.emit(scheme.combo.currentIndex())
    QTest.keyClicks(scheme.names, "alpha, beta, gamma")
    QTest.keyClick(scheme.names, Qt.Key.Key_Return)
    result = result_of(run(qtbot, dock))
    assert result is not None
    record = result.current_result().run
    assert record["models"]["classify"]["folder"] == str(dock.panel.classifier.value())
    naming = saved_naming(record)
    assert naming is not None
    assert scheme_of(naming) == parse_scheme("own=alpha,beta,gamma")
    assert class_colours(naming.class_names, naming) == result.colours


@pytest.fixture
def trained(lab: Study, qtbot: Any, monkeypatch: Any) -> Study:
    """A study with two trainings, which a fake process made."""
    use_fake_training(monkeypatch)
    set_fake_training(lab, epochs=2, seconds=0.01)
    for person in ("Ann", "Bo", "Cy"):
        write_answers(lab, person, true_classes(lab))
    viewer = ViewerModel()
    session_of(viewer).open_study(lab.path)
    dock = retraining.show(viewer, qtbot)
    for _ in range(2):
        retraining.train(qtbot, dock)
    session_of(viewer).close_study()
    dock.close()
    return lab


@pytest.mark.parametrize("nth", [0, 1])
def test_a_training_opens_in_the_retrain_dock(
    trained: Study, shown: Any, monkeypatch: Any, qtbot: Any, nth: int
) -> None:
    docks: list[RetrainWidget] = []

    def show_dock(viewer: Any, name: str) -> RetrainWidget:
        assert name == "Retrain"
        docks.append(retraining.show(viewer, qtbot))
        return docks[0]

    monkeypatch.setattr(folder_reader, "_show_dock", show_dock)
    folder = sorted(path for path in trained.runs.iterdir() if path.is_dir())[nth]
    assert drop(folder) == [(None,)]
    qtbot.waitUntil(lambda: bool(docks) and docks[0].selection.run is not None)
    (dock,) = docks
    # not the newest one, which the dock shows by itself
    assert dock.selection.run is not None
    assert dock.selection.run.folder == folder
    assert session_of(shown).study is not None
    assert not shown.layers
    session_of(shown).close_study()
