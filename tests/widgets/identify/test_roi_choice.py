"""The ROIs of suite2p, CaImAn and ImageJ in the dock; their files are made by hand."""

from __future__ import annotations

import zipfile
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
import tifffile
from driving import click, drop, run, wait_until_idle
from napari.layers import Labels
from qtpy.QtWidgets import QFileDialog
from roifile import ImagejRoi

from napari_cellid.cli import main
from napari_cellid.widgets._shared import file_reader
from napari_cellid.widgets._shared.file_reader import get_reader
from napari_cellid.widgets.session.result_layer import result_of
from suite2p_folder import roi, stat_of, write_caiman, write_plane

if TYPE_CHECKING:
    from pathlib import Path

    from napari_cellid.simulation.field import SimulatedField

PIXEL = ["--pixel-size", "1.17", "--quiet"]


def stat_with_overlap(field: SimulatedField) -> list[dict[str, Any]]:
    """The cells of a plane, and an ROI that lies in the first one."""
    stat = stat_of(field.labels[0])
    first = stat[0]
    inside = roi(first["ypix"][:4], first["xpix"][:4], np.full(4, 0.1))
    return [*stat, inside]


@pytest.fixture
def images(field: SimulatedField, tmp_path: Path) -> list[str]:
    """Words of the command line that give the images of the first plane."""
    for name in ("red", "green"):
        tifffile.imwrite(tmp_path / f"{name}.tif", getattr(field, name)[0])
    return ["--red", str(tmp_path / "red.tif"), "--green", str(tmp_path / "green.tif")]


@pytest.fixture
def suite2p(field: SimulatedField, tmp_path: Path) -> Path:
    stat = stat_with_overlap(field)
    iscell = np.ones(len(stat))
    iscell[[1, -1]] = 0
    folder = tmp_path / "M12" / "suite2p" / "plane0"
    return write_plane(
        folder, stat, field.green[0], field.red[0], iscell=iscell, redcell=iscell
    )


@pytest.fixture
def imagej(tmp_path: Path) -> Path:
    """Three squares, of which the second lies in the first, and a point."""
    with zipfile.ZipFile(tmp_path / "rois.zip", "w") as archive:
        for x, y, side in ((20, 20, 14), (24, 24, 5), (100, 60, 12)):
            corners = [[x, y], [x + side, y], [x + side, y + side], [x, y + side]]
            one = ImagejRoi.frompoints(np.array(corners))
            archive.writestr(f"{x}-{side}.roi", one.tobytes())
        point = ImagejRoi.frompoints(np.array([[5, 5]]))
        archive.writestr("point.roi", point.tobytes())
    return tmp_path / "rois.zip"


def add_images(viewer: Any, field: SimulatedField) -> None:
    place = {"scale": (1.17, 1.17), "units": ("um", "um"), "axis_labels": ("y", "x")}
    for name in ("red", "green"):
        data = getattr(field, name)[0]
        viewer.add_image(data, name=f"m {name}", colormap=name, **place)


def shown_notes(layer: Labels) -> tuple[str, ...]:
    return result_of(layer).run_result.notes


def save(dock: Any, qtbot: Any, folder: Path, monkeypatch: Any) -> Path:
    folder.mkdir(exist_ok=True)
    answer = lambda *_: str(folder)  # noqa: E731
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", answer)
    click(dock.panel.save_button)
    wait_until_idle(qtbot, dock)
    return next(path.parent for path in folder.rglob("cell_types.csv"))


@pytest.mark.parametrize("program", ["suite2p", "accepted", "CaImAn", "ImageJ"])
def test_the_files_are_those_of_the_command_line(
    program, viewer, field, images, suite2p, imagej, classifier_folder, dock, qtbot,
    tmp_path, monkeypatch,
):  # fmt: skip
    shape, stat = field.labels[0].shape, stat_with_overlap(field)
    caiman = write_caiman(tmp_path / "c.hdf5", stat, shape, accepted=[0, 2])
    path = {"CaImAn": caiman, "ImageJ": imagej}.get(program, suite2p.parent)
    if program in ("CaImAn", "ImageJ"):
        add_images(viewer, field)
        words = [*images, "--rois", str(path)]
    else:
        words = [str(path)]
    layer = drop(viewer, path)[-1]
    assert isinstance(layer, Labels)
    n = 4 if program == "ImageJ" else len(stat)
    name = "suite2p" if program == "accepted" else program
    assert dock.panel.rois.currentText() == f"{name}: {n} ROIs"
    assert not dock.panel.rois.isHidden()
    assert not dock.panel.segmenter.isEnabled()
    if program == "accepted":
        dock.panel.rois.setCurrentIndex(2)
        assert dock.panel.rois.itemText(2) == f"suite2p: {n - 2} accepted"
        words.append("--cells-only")
    dock.panel.channels.pixel_size.spin.setValue(1.17)
    shown = run(qtbot, dock)
    assert not layer.visible
    assert result_of(shown).rois.file.program == name
    # the ROI inside another one is said to be there, too
    hidden = any("1 ROI not in labels.tif" in note for note in shown_notes(shown))
    assert hidden == (program != "ImageJ")
    mine = save(dock, qtbot, tmp_path / "mine", monkeypatch)
    out = ["--classifier", str(classifier_folder), "--out", str(tmp_path / "theirs")]
    assert main(["classify", *words, *out, *PIXEL]) == 0
    theirs = next(p.parent for p in (tmp_path / "theirs").rglob("cell_types.csv"))
    for file in ("cell_types.csv", "cells.csv", "labels.tif"):
        assert (mine / file).read_bytes() == (theirs / file).read_bytes(), file
    table = pd.read_csv(mine / "cell_types.csv")
    assert len(table) == n
    if program == "ImageJ":
        # the ROI in another one keeps all its pixels, the point has none
        assert table["npix"].tolist() == [196, 25, 144, 0]
        assert table["label_npix"].tolist() == [171, 25, 144, 0]
    else:
        assert table["npix"].tolist() == [len(one["ypix"]) for one in stat]
        assert mine.name == ("M12" if name == "suite2p" else "m")


def test_cells_are_outlined_if_that_is_chosen(viewer, suite2p, dock, qtbot):
    layer = drop(viewer, suite2p)[-1]
    choice = dock.panel.rois
    choice.setCurrentIndex(0)
    assert choice.currentText() == "outline them"
    assert dock.panel.segmenter.isEnabled()
    dock.panel.channels.pixel_size.spin.setValue(1.17)
    shown = run(qtbot, dock)
    assert result_of(shown).rois is None
    assert layer.visible
    viewer.layers.remove(layer)
    assert choice.count() == 1
    assert choice.isHidden()


def test_several_files_are_told_apart_by_their_layers(viewer, suite2p, imagej, dock):
    first, second = drop(viewer, suite2p)[-1], drop(viewer, imagej)[-1]
    choice = dock.panel.rois
    assert choice.value().layer is second
    second.name = "drawn"
    assert choice.currentText() == "ImageJ: 4 ROIs in drawn"
    viewer.layers.remove(second)
    assert choice.value() is None
    assert choice.itemText(1).startswith("suite2p: ")
    assert first in viewer.layers


def test_layers_that_were_painted_are_refused(
    viewer, suite2p, dock, qtbot, notifications
):
    layer = drop(viewer, suite2p)[-1]
    dock.panel.channels.pixel_size.spin.setValue(1.17)
    layer.fill((2, 2), 99)
    click(dock.panel.run_button)
    assert not dock.worker.busy
    assert "was changed by hand" in notifications[-1]
    layer.undo()
    assert result_of(run(qtbot, dock)) is not None


def test_limits_apply_to_every_roi_and_results_stay_out_of_suite2p(
    viewer, suite2p, dock, qtbot, notifications, tmp_path, monkeypatch
):
    drop(viewer, suite2p)
    dock.panel.channels.pixel_size.spin.setValue(1.17)
    result = result_of(run(qtbot, dock))
    assert result.folder == tmp_path / "M12"
    dock.panel.none.setValue(dock.panel.config().classify.model_copy(
        update={"none_below": 1.0}
    ))  # fmt: skip
    assert set(result.rois.table["predicted"]) == {"none"}
    table = pd.read_csv(
        save(dock, qtbot, tmp_path / "out", monkeypatch) / "cell_types.csv"
    )
    assert set(table["predicted"]) == {"none"}
    before = sorted(tmp_path.joinpath("M12").rglob("*"))
    with pytest.raises(StopIteration):
        save(dock, qtbot, suite2p, monkeypatch)
    assert "stays as it is; choose another folder" in notifications[-1]
    assert sorted(tmp_path.joinpath("M12").rglob("*")) == before


def test_one_channel_cannot_tell_classes(
    viewer, field, imagej, dock, qtbot, notifications
):
    viewer.add_image(field.green[0], name="m green", colormap="green")
    drop(viewer, imagej)
    dock.panel.channels.pixel_size.spin.setValue(1.17)
    click(dock.panel.run_button)
    wait_until_idle(qtbot, dock)
    assert "choose the red and the green layer" in notifications[-1]


def test_rois_lie_on_the_image_that_is_there(viewer, field, imagej, monkeypatch):
    monkeypatch.setattr("napari.current_viewer", lambda: viewer)
    add_images(viewer, field)
    layer = drop(viewer, imagej)[0]
    assert tuple(layer.scale) == (1.17, 1.17)
    assert layer.units == viewer.layers[0].units
    # of the smallest field that holds them
    assert layer.data.shape == (72, 112)
    assert layer.data[26, 26] == 2


@pytest.mark.parametrize("name", ["other.zip", "other.hdf5", "torn.zip"])
def test_other_files_of_these_endings_are_left_to_napari(tmp_path, name):
    import h5py

    path = tmp_path / name
    if name == "other.zip":
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("readme.txt", "nothing")
    elif name == "other.hdf5":
        with h5py.File(path, "w") as root:
            root["data"] = np.zeros(3)
    else:
        path.write_bytes(b"PK\x03\x04 and no more")
    assert get_reader(str(path)) is None


def test_rois_that_cannot_be_read_are_one_sentence(tmp_path, monkeypatch):
    said: list[str] = []
    monkeypatch.setattr(file_reader, "show_error", said.append)
    path = tmp_path / "a.roi"
    path.write_bytes(b"Iout" + bytes(8))
    assert get_reader(str(path))(str(path)) == [(None,)]
    assert said[0].startswith("a.roi ")
