"""The calls for scripts."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import numpy as np
import pytest
import tifffile

import napari_cellid
from napari_cellid import (
    classify_rois,
    identify_cells,
    open_study,
    read_recording,
    retrain_model,
)
from napari_cellid.config import DeviceConfig, IdentifyConfig
from napari_cellid.errors import InputError
from napari_cellid.retrain import job
from suite2p_folder import stat_of, write_plane

if TYPE_CHECKING:
    from pathlib import Path

    from napari_cellid.recording import Recording
    from napari_cellid.simulation import SimulatedField

CPU = DeviceConfig(device="cpu", precision="fp32")


def test_two_files_are_one_recording(field: SimulatedField, tmp_path: Path) -> None:
    for name, image in (("red", field.red), ("green", field.green)):
        tifffile.imwrite(
            tmp_path / f"{name}.tif", image, metadata={"axes": "ZYX"}, ome=True,
            photometric="minisblack",
        )  # fmt: skip
    recording = read_recording(
        str(tmp_path / "red.tif"), tmp_path / "green.tif", pixel_size_um=1.2
    )
    assert recording.pixel_size_um == 1.2
    assert recording.shape == field.red.shape
    with pytest.raises(InputError):
        read_recording(tmp_path / "none.tif", pixel_size_um=1.2)


def test_cells_are_identified_to_the_end(
    recording: Recording, segmenter_folder: Path, classifier_folder: Path
) -> None:
    reported = []
    result = identify_cells(
        recording,
        segmenter=segmenter_folder,
        classifier=str(classifier_folder),
        config=IdentifyConfig(device=CPU),
        report=reported.append,
    )
    numbers = np.unique(result.labels[result.labels > 0])
    assert result.cells["label"].tolist() == numbers.tolist()
    assert reported


def test_a_folder_that_is_no_study_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError):
        open_study(str(tmp_path))


def test_a_run_is_started_and_trained(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[tuple[object, ...]] = []

    def resume(*arguments: object):
        calls.append(arguments)
        return "result"
        yield

    monkeypatch.setattr(job, "start", lambda study, request: (study, request))
    monkeypatch.setattr(job, "resume", resume)
    assert retrain_model("study", "request", device=CPU) == "result"  # type: ignore[arg-type]
    assert calls == [("study", ("study", "request"), CPU)]


def test_the_package_loads_no_torch_before_a_call() -> None:
    program = (
        "import sys, napari_cellid; print(napari_cellid.__version__); "
        "napari_cellid.read_recording; print('torch' in sys.modules)"
    )
    output = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert output.stdout.split() == [napari_cellid.__version__, "False"]


def test_every_public_name_is_there() -> None:
    for name in napari_cellid.__all__:
        assert callable(getattr(napari_cellid, name))


def test_rois_of_suite2p_are_classified(
    field: SimulatedField, classifier_folder: Path, tmp_path: Path
) -> None:
    stat = stat_of(field.labels[0])
    plane = write_plane(tmp_path / "plane0", stat, field.green[0], field.red[0])
    recording = read_recording(both=plane, pixel_size_um=1.17)
    found = classify_rois(
        str(plane), recording, classifier=classifier_folder,
        config=IdentifyConfig(device=CPU), scheme="red-interneurons",
    )  # fmt: skip
    assert found.table["roi"].tolist() == list(range(len(stat)))
    assert set(found.table["predicted"]) <= set(found.result.classes)
    assert "inhibitory without GCaMP" in found.result.classes
