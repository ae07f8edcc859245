"""The device of a run is kept; the table of its cells is checked."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from napari_cellid.config import DeviceConfig
from napari_cellid.errors import InputError
from napari_cellid.retrain import run_device
from napari_cellid.retrain.dataset import CELLS_FILE, read_cells
from napari_cellid.retrain.job import start
from napari_cellid.retrain.run_device import device_of_run
from napari_cellid.training.run import Run

FP32 = DeviceConfig(device="cpu", precision="fp32")
BF16 = DeviceConfig(device="cpu", precision="bf16")


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return Run.create(tmp_path / "one", {"task": "classify"})


@pytest.mark.parametrize(("first", "kept"), [(FP32, "fp32"), (BF16, "bf16")])
def test_precision_is_that_of_the_first_part(run: Run, first, kept) -> None:
    device, notes = device_of_run(run, first)
    assert (device.precision, notes) == (kept, [])
    assert json.loads((run.folder / "run.json").read_text())["device"] == {
        "kind": "cpu", "precision": kept,
    }  # fmt: skip
    device, notes = device_of_run(Run.open(run.folder), DeviceConfig())
    assert (device.kind, device.precision, notes) == ("cpu", kept, [])


def test_another_precision_is_used_and_told(run: Run) -> None:
    device_of_run(run, FP32)
    device, (note,) = device_of_run(Run.open(run.folder), BF16)
    assert device.precision == "bf16"
    assert "fp32 on cpu" in note and "bf16 on cpu" in note
    assert Run.open(run.folder).about["device"]["precision"] == "bf16"


def test_a_device_that_is_not_there_is_told(run: Run) -> None:
    run.set_about(device={"kind": "cuda", "precision": "fp16"})
    device, (note,) = device_of_run(Run.open(run.folder), DeviceConfig(device="cpu"))
    assert device.kind == "cpu"
    assert "fp16 on cuda" in note
    run.set_about(device={"kind": "mps", "precision": "fp32"})
    device, notes = device_of_run(Run.open(run.folder), DeviceConfig())
    assert device.kind != "mps" and len(notes) == 1


@pytest.mark.parametrize("value", [None, "cpu", {"kind": "x", "precision": 3}])
def test_an_entry_that_is_none_counts_as_unknown(run: Run, value) -> None:
    run.set_about(device=value)
    device, notes = device_of_run(run, FP32)
    assert (device.precision, notes) == ("fp32", [])
    assert run_device._kept(run) == {"kind": "cpu", "precision": "fp32"}


@pytest.fixture
def begun(study, quick) -> Run:
    return start(study, quick)


def _rows(text: str) -> list[str]:
    return text.splitlines(keepends=True)


def _with_text(text: str) -> str:
    titles, first, *rest = _rows(text)
    recording, cell, after = first.split(",", 2)
    return "".join([titles, f"{recording},{cell}o,{after}", *rest])


DAMAGES = {
    "a row is missing": lambda t: "".join(_rows(t)[:-1]),
    "a column is missing": lambda t: t.replace("role", "part", 1),
    "cut off": lambda t: t[: len(t) * 2 // 3],
    "cut off within a row": lambda t: t[:-9],
    "text among numbers": _with_text,
    "an unknown class": lambda t: t.replace(",glia,", ",neuron,", 1),
    "an unknown role": lambda t: t.replace(",train,", ",test and train,", 1),
    "a cell twice": lambda t: t + _rows(t)[-1],
    "empty": lambda t: "",
    "only titles": lambda t: _rows(t)[0],
    "too many columns": lambda t: t + "1,2,3,4,5,6,7,8,9,10,11,12\n",
    "zeros": lambda t: "\0" * len(t),
    "a lone surrogate": lambda t: t.replace(",glia,", ",\ud800,", 1),
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_table_is_refused(begun: Run, damage) -> None:
    path = begun.folder / CELLS_FILE
    classes, about = tuple(begun.about["classes"]), begun.about["data"]
    text = path.read_text("utf-8")
    assert len(read_cells(begun.folder, classes, about).table) == len(_rows(text)) - 1
    path.write_bytes(damage(text).encode("utf-8", "surrogatepass"))
    with pytest.raises(InputError, match=r"is damaged .*start a new training") as error:
        read_cells(begun.folder, classes, about)
    assert "\n" not in str(error.value)
