"""A diameter of somata sets the scale of the models; doubtful sizes are told."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import dask.array as da
import numpy as np
import pandas as pd
import pytest
import tifffile

from napari_cellid import api
from napari_cellid.cells.measure import measure
from napari_cellid.cells.size_check import check_cell_sizes, median_diameter_px
from napari_cellid.cli import main
from napari_cellid.config import SegmentConfig
from napari_cellid.errors import InputError
from napari_cellid.recording import MeanPlanes, Recording
from napari_cellid.recording.data import ASSUMED_SOURCE, SOMA_UM
from napari_cellid.recording.diameter import with_diameter
from napari_cellid.segmentation.instances import label_cells, label_recording
from napari_cellid.study.study import Study


def recording(pixel_size_um: float | None) -> Recording:
    image = da.zeros((1, 1, 64, 80), np.uint16)
    source = "" if pixel_size_um is None else "given"
    return Recording("r", image, image, pixel_size_um, source)


def test_without_a_pixel_size_micrometres_are_assumed() -> None:
    one = with_diameter(recording(None), 20.0)
    assert one.pixel_size_um == pytest.approx(SOMA_UM / 20)
    assert one.pixel_size_source == ASSUMED_SOURCE
    assert "assumed" in one.notes[-1]


def test_with_a_pixel_size_micrometres_stay() -> None:
    one = with_diameter(recording(1.0), 12.0)
    assert (one.pixel_size_um, one.pixel_size_source) == (1.0, "given")
    assert one.diameter_px == 12.0
    assert one.notes == ()
    assert with_diameter(recording(1.0), None).diameter_px is None


@pytest.mark.parametrize("diameter", [0.0, -3.0, 2.9, 65.0, np.nan, np.inf])
def test_what_is_no_diameter_is_refused(diameter: float) -> None:
    with pytest.raises(InputError, match="is not that of a cell"):
        with_diameter(recording(1.0), diameter)


@pytest.mark.parametrize(
    ("diameter", "right"), [(7.6, True), (29.5, True), (7.4, False), (30.5, False)]
)
def test_a_contradiction_of_more_than_two_fold_is_refused(
    diameter: float, right: bool
) -> None:
    if right:
        assert with_diameter(recording(1.0), diameter).diameter_px == diameter
        return
    with pytest.raises(InputError, match="one of both is wrong"):
        with_diameter(recording(1.0), diameter)


def discs(radius: int, n: int = 12) -> np.ndarray:
    labels = np.zeros((1, 200, 260), np.int32)
    y, x = np.ogrid[:200, :260]
    for k in range(n):
        middle = 30 + 60 * (k // 4), 30 + 60 * (k % 4)
        labels[0][(y - middle[0]) ** 2 + (x - middle[1]) ** 2 <= radius**2] = k + 1
    return labels


def planes_of(um: float, **more: object) -> MeanPlanes:
    image = np.random.default_rng(0).random((1, 200, 260), np.float32)
    return MeanPlanes("r", image, image, um, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("radius", "um", "word"), [(6, 1.0, None), (6, 0.5, "small"), (12, 1.0, "large")]
)
def test_sizes_that_somata_cannot_have_are_told(
    radius: int, um: float, word: str | None
) -> None:
    planes = planes_of(um)
    cells = measure(discs(radius), planes)
    assert median_diameter_px(cells, planes) == pytest.approx(2 * radius, rel=0.05)
    told = check_cell_sizes(cells, planes)
    assert (
        (told is None) if word is None else f"which is {word} for somata" in str(told)
    )


def test_few_cells_and_assumed_sizes_tell_nothing() -> None:
    few = planes_of(0.5)
    assert check_cell_sizes(measure(discs(6, 9), few), few) is None
    assumed = planes_of(0.5, diameter_px=21.2, size_assumed=True)
    assert check_cell_sizes(measure(discs(6), assumed), assumed) is None


def test_the_smallest_area_is_in_micrometres_of_the_pixel_size() -> None:
    probability = (discs(6) > 0).astype(np.float32)
    planes = planes_of(1.0)
    area = float((discs(6) == 1).sum())
    for limit, found in ((area - 2, 12), (area + 2, 0)):
        config = SegmentConfig(split="none", min_area_um2=limit)
        for diameter in (None, 10.0, 25.0):
            scaled = replace(planes, diameter_px=diameter)
            assert label_recording(probability, None, scaled, config).max() == found
        same = label_cells(probability, None, 1.0, config)
        assert np.array_equal(label_recording(probability, None, planes, config), same)


def test_a_diameter_alone_gives_what_its_pixel_size_gives(
    field, tmp_path: Path, segmenter_folder: Path, classifier_folder: Path
) -> None:
    files = []
    for name in ("red", "green"):
        files += [f"--{name}", str(tmp_path / f"m_{name}.tif")]
        tifffile.imwrite(files[-1], getattr(field, name)[:1].astype(np.uint16))
    models = ["--segmenter", str(segmenter_folder), "--classifier"]
    models += [str(classifier_folder), "--quiet"]
    size = SOMA_UM / 9
    study = tmp_path / "study"
    runs = {
        "size": ["--pixel-size", str(size), "--out", str(tmp_path / "size")],
        "diameter": ["--diameter", "9", "--study", str(study)],
    }
    for options in runs.values():
        assert main(["identify", *files, *models, *options]) == 0
    by_size = next((tmp_path / "size").iterdir())
    by_diameter = Study.open(study).recording(by_size.name)
    assert np.array_equal(
        tifffile.imread(by_size / "labels.tif"), by_diameter.labels().squeeze()
    )
    table = pd.read_csv(by_size / "cells.csv")
    assert "um_source" not in table
    theirs = pd.read_csv(by_diameter.folder / "cells.csv")
    assert set(theirs["um_source"]) == {ASSUMED_SOURCE}
    assert np.allclose(table["confidence"], theirs["confidence"], atol=1e-5)
    run = json.loads((by_diameter.folder / "run.json").read_text())
    assert run["diameter_px"] == 9
    assert run["pixel_size_source"] == ASSUMED_SOURCE
    assert by_diameter.info.diameter_px == 9
    assert by_diameter.info.size_assumed
    again = by_diameter.planes()
    assert again.network_pixel_um == pytest.approx(size)
    assert again.size_assumed


def test_scripts_give_a_diameter(field, tmp_path: Path) -> None:
    path = tmp_path / "g.tif"
    tifffile.imwrite(path, field.green[0].astype(np.uint16))
    one = api.read_recording(green=path, diameter_px=10)
    assert one.pixel_size_um == pytest.approx(SOMA_UM / 10)


@pytest.mark.parametrize("diameter", ["0", "nan", "-2", "1000"])
def test_the_command_line_refuses_it_in_one_sentence(
    field, tmp_path: Path, capsys: pytest.CaptureFixture[str], diameter: str
) -> None:
    path = tmp_path / "g.tif"
    tifffile.imwrite(path, field.green[0].astype(np.uint16))
    out = tmp_path / "out"
    arguments = ["segment", "--green", str(path), "--out", str(out)]
    assert main([*arguments, f"--diameter={diameter}"]) == 2
    assert not out.exists()
    assert "diameter" in capsys.readouterr().err


def write_discs(path: Path, diameter: int = 12) -> Path:
    """An image of bright discs, of which the quick model outlines each."""
    image = np.full((240, 300), 10, np.uint16)
    y, x = np.ogrid[:240, :300]
    for row in range(20, 230, 30):
        for column in range(20, 290, 30):
            near = (y - row) ** 2 + (x - column) ** 2 <= (diameter / 2) ** 2
            image[near] = 1000
    tifffile.imwrite(path, image)
    return path


def test_the_command_line_estimates_it(
    tmp_path: Path, segmenter_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write_discs(tmp_path / "g.tif")
    model = ["--segmenter", str(segmenter_folder)]
    arguments = ["segment", "--green", str(path), *model, "--diameter"]
    assert main([*arguments, "auto", "--out", str(tmp_path / "auto")]) == 0
    folder = next((tmp_path / "auto").glob("**/run.json")).parent
    run = json.loads((folder / "run.json").read_text())
    assert run["diameter_px"] == pytest.approx(12, abs=0.6)
    assert run["diameter_source"] == "estimated from the image"
    assert run["pixel_size_source"] == ASSUMED_SOURCE
    told = capsys.readouterr().err
    line = f"{run['diameter_px']:g} px, was estimated from the image"
    assert told.count(line) == 1
    # what is typed in gives the same, and is said to be given
    typed = f"{run['diameter_px']}"
    assert main([*arguments, typed, "--out", str(tmp_path / "typed")]) == 0
    other = next((tmp_path / "typed").glob("**/run.json")).parent
    again = json.loads((other / "run.json").read_text())
    assert again["diameter_source"] == "given"
    for name in ("labels.tif", "cells.csv"):
        assert (folder / name).read_bytes() == (other / name).read_bytes()


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (["--diameter", "auto"], "cannot be estimated"),
        (["--diameter", "40", "--pixel-size", "1"], "one of both is wrong"),
        (["--diameter", "6", "--pixel-size", "1"], "one of both is wrong"),
        (["--diameter", "Auto"], "auto to estimate it from the image"),
        (["--diameter", "12px"], "auto to estimate it from the image"),
        ([], "--diameter auto"),
    ],
)
def test_nothing_is_written_without_a_scale(
    tmp_path: Path,
    segmenter_folder: Path,
    capsys: pytest.CaptureFixture[str],
    options: list[str],
    reason: str,
) -> None:
    path = tmp_path / "g.tif"
    noise = np.random.default_rng(0).normal(100, 1, (80, 90))
    noise[0, 0] = 300
    tifffile.imwrite(path, noise.astype(np.uint16))
    model = ["--segmenter", str(segmenter_folder), "--quiet"]
    for destination in ("--out", "--study"):
        folder = tmp_path / destination.strip("-")
        command = ["segment", "--green", str(path), *model, *options]
        assert main([*command, destination, str(folder)]) == 2
        assert not folder.exists()
        told = capsys.readouterr().err.strip()
        assert reason in told
        assert len(told.splitlines()) == 1


def test_an_estimate_against_the_pixel_size_is_refused(
    tmp_path: Path, segmenter_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, out = write_discs(tmp_path / "g.tif"), tmp_path / "out"
    model = ["--segmenter", str(segmenter_folder), "--out", str(out)]
    command = ["segment", "--green", str(path), *model, "--diameter", "auto"]
    assert main([*command, "--pixel-size", "3"]) == 2
    assert "one of both is wrong" in capsys.readouterr().err
    assert not out.exists()


def test_own_masks_are_classified_at_an_estimated_scale(
    tmp_path: Path, classifier_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []

    def estimate(one: Recording, segmenter: object, _: object) -> object:
        seen.append(segmenter)
        return with_diameter(one, 12.0, "estimated from the image")
        yield

    where = "napari_cellid.segmentation.diameter_estimate.with_estimated_diameter"
    monkeypatch.setattr(where, estimate)
    path = write_discs(tmp_path / "g.tif")
    image = tifffile.imread(path)
    tifffile.imwrite(tmp_path / "r.tif", image[::-1])
    masks = np.zeros(image.shape, np.uint16)
    masks[14:27, 14:27] = 1
    tifffile.imwrite(tmp_path / "masks.tif", masks)
    files = ["--red", str(tmp_path / "r.tif"), "--green", str(path)]
    command = ["classify", *files, "--labels", str(tmp_path / "masks.tif")]
    command += ["--classifier", str(classifier_folder), "--diameter", "auto"]
    assert main([*command, "--out", str(tmp_path / "out"), "--quiet"]) == 0
    # the default model, because this command has no other that outlines cells
    assert [model.card.name for model in seen] == ["unet"]
    run = json.loads(next((tmp_path / "out").glob("**/run.json")).read_text())
    assert run["diameter_source"] == "estimated from the image"
    assert list(run["models"]) == ["classify"]
