"""identify, segment and classify: what they write and say."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import tifffile

from napari_cellid.cli import main

FILES = ["cells.csv", "labels.tif", "overlay.png", "run.json"]
CLASS_COLUMNS = ["p_excitatory", "p_inhibitory", "p_glia"]
COLUMNS = ["cell", "label", "plane", "y", "x", "area_um2", "predicted", "confidence"]
MEASURES = ["red_mean", "red_contrast", "green_mean", "green_contrast"]


def events(text: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in text.splitlines()]


def test_identify_keeps_the_contract(
    tmp_path: Path,
    sample: Path,
    channels: list[str],
    segmenter: list[str],
    classifier: list[str],
) -> None:
    words = [*channels, *segmenter, *classifier, "--name", "mouse 1"]
    assert main(["identify", *words, "--out", str(tmp_path / "a" / "b")]) == 0
    folder = tmp_path / "a" / "b" / "mouse 1"
    assert sorted(path.name for path in folder.iterdir()) == FILES
    labels = tifffile.imread(folder / "labels.tif")
    assert labels.dtype == np.int32
    assert labels.shape == tifffile.imread(sample / "red.tif").shape == (2, 128, 160)
    cells = pd.read_csv(folder / "cells.csv")
    assert list(cells) == [*COLUMNS, *CLASS_COLUMNS, *MEASURES]
    assert set(cells["label"]) == set(np.unique(labels)) - {0}
    assert np.allclose(cells[CLASS_COLUMNS].sum(axis=1), 1, atol=1e-4)
    best = cells[CLASS_COLUMNS].to_numpy().argmax(1)
    told = np.array([name[2:] for name in CLASS_COLUMNS])[best]
    assert (cells["predicted"] == told).all()
    for row in cells.itertuples():
        plane, y, x = np.argwhere(labels == row.label).T
        assert set(plane) == {row.plane}
        assert (y.mean(), x.mean()) == pytest.approx((row.y, row.x), abs=1e-3)
    run = json.loads((folder / "run.json").read_text("utf-8"))
    assert run["pixel_size_um"] == 1.17
    assert run["pixel_size_source"] == "OME metadata"
    assert set(run["models"]) == {"segment", "classify"}
    assert len(run["models"]["segment"]["weights_sha256"]) == 64
    assert {"settings", "versions", "device", "seconds"} <= set(run)


def test_same_input_gives_the_same_output(
    tmp_path: Path, channels: list[str], segmenter: list[str], classifier: list[str]
) -> None:
    for name in ("first", "second"):
        words = [*channels, *segmenter, *classifier, "--name", name, "--quiet"]
        assert main(["identify", *words, "--out", str(tmp_path)]) == 0
    for file in ("labels.tif", "cells.csv", "overlay.png"):
        first, second = (tmp_path / name / file for name in ("first", "second"))
        assert first.read_bytes() == second.read_bytes()


def test_green_alone_is_outlined(
    tmp_path: Path, sample: Path, segmenter: list[str], capsys
) -> None:
    green = ["--green", str(sample / "green.tif"), "--name", "green", "--json"]
    assert main(["identify", *green, *segmenter, "--out", str(tmp_path)]) == 0
    cells = pd.read_csv(tmp_path / "green" / "cells.csv")
    assert list(cells) == [*COLUMNS, "green_mean", "green_contrast"]
    assert cells["predicted"].isna().all()
    said = events(capsys.readouterr().out)
    notes = [event["message"] for event in said if event["event"] == "note"]
    assert any("Only the green channel" in str(note) for note in notes)
    run = json.loads((tmp_path / "green" / "run.json").read_text("utf-8"))
    assert list(run["models"]) == ["segment"]
    assert any("Only the green channel" in note for note in run["notes"])


def test_segment_outlines_as_identify_does(
    tmp_path: Path, channels: list[str], segmenter: list[str], classifier: list[str]
) -> None:
    words = [*channels, *segmenter, "--quiet", "--name"]
    a, b = [*words, "a", "--out", str(tmp_path)], [*words, "b", "--out", str(tmp_path)]
    assert main(["segment", *a]) == 0
    assert main(["identify", *b, *classifier]) == 0
    assert sorted(path.name for path in (tmp_path / "a").iterdir()) == FILES
    cells, both = (pd.read_csv(tmp_path / name / "cells.csv") for name in "ab")
    assert list(cells) == [*COLUMNS, *MEASURES]
    assert (cells["area_um2"] == both["area_um2"]).all()
    assert (tmp_path / "a" / "labels.tif").read_bytes() == (
        tmp_path / "b" / "labels.tif"
    ).read_bytes()


def test_both_channels_in_one_file(
    tmp_path: Path,
    sample: Path,
    channels: list[str],
    segmenter: list[str],
    classifier: list[str],
) -> None:
    red, green = (tifffile.imread(sample / f"{name}.tif") for name in ("red", "green"))
    both = tmp_path / "both.tif"
    tifffile.imwrite(
        both,
        np.stack([green, red], axis=1),
        ome=True,
        metadata={
            "axes": "ZCYX", "PhysicalSizeX": 1.17, "PhysicalSizeY": 1.17,
            "Channel": {"Name": ["GCaMP6s", "mCherry"]},
        },
    )  # fmt: skip
    models = [*segmenter, *classifier, "--quiet", "--out", str(tmp_path), "--name"]
    assert main(["identify", str(both), *models, "one"]) == 0
    assert main(["identify", *channels, *models, "two"]) == 0
    for name in ("labels.tif", "cells.csv"):
        assert (tmp_path / "one" / name).read_bytes() == (
            tmp_path / "two" / name
        ).read_bytes()
    said = ["--red-channel", "0", "--green-channel", "1"]
    assert main(["identify", str(both), *models, "swapped", *said]) == 0
    swapped = pd.read_csv(tmp_path / "swapped" / "cells.csv")
    right = pd.read_csv(tmp_path / "one" / "cells.csv")
    assert np.allclose(swapped["red_mean"], right["green_mean"])


def test_pixel_size_and_axes_given(
    tmp_path: Path, sample: Path, segmenter: list[str]
) -> None:
    movie = tmp_path / "movie.tif"
    frames = tifffile.imread(sample / "green.tif")
    tifffile.imwrite(movie, frames, photometric="minisblack")
    words = ["--green", str(movie), "--axes", "ZYX", "--pixel-size", "1.2", *segmenter]
    assert main(["segment", *words, "--quiet", "--out", str(tmp_path)]) == 0
    assert tifffile.imread(tmp_path / "movie" / "labels.tif").shape == (2, 128, 160)
    words[3] = "TYX"
    assert main(["segment", *words, "--quiet", "--out", str(tmp_path)]) == 0
    assert tifffile.imread(tmp_path / "movie" / "labels.tif").shape == (128, 160)
    run = json.loads((tmp_path / "movie" / "run.json").read_text("utf-8"))
    assert (run["pixel_size_um"], run["pixel_size_source"]) == (1.2, "given")
    assert run["read_as"] == {"axes": "TYX"}


def test_settings_reach_the_run(
    tmp_path: Path, channels: list[str], segmenter: list[str], classifier: list[str]
) -> None:
    words = [
        "--threshold", "0.5", "--split", "none", "--min-area-um2", "60",
        "--batch-size", "3", "--device", "cpu", "--precision", "fp32",
        "--views", "3", "--class-views", "1", "--no-check-pixel-size",
    ]  # fmt: skip
    models = [*segmenter, *classifier, "--name", "set", "--quiet"]
    out = ["--out", str(tmp_path)]
    assert main(["identify", *channels, *words, *models, *out]) == 0
    run = json.loads((tmp_path / "set" / "run.json").read_text("utf-8"))
    assert run["settings"] == {
        "segment": {
            "threshold": 0.5,
            "split": "none",
            "min_area_um2": 60.0,
            "views": 3,
            "check_pixel_size": False,
        },
        "classify": {
            "batch_size": 3,
            "class_views": 1,
            "bleed_through": "off",
            "link_planes": True,
            "none_below": "auto",
        },
        "registration": {"registration": "off", "channel_transform": "shift"},
        "frames": {"traces": False, "projections": False, "frame_rate_hz": 0.0},
        "device": {"device": "cpu", "precision": "fp32"},
    }
    assert run["device"] == "CPU, fp32"
    cells = pd.read_csv(tmp_path / "set" / "cells.csv")
    assert cells["area_um2"].min() >= 60


def test_threshold_of_the_model_is_the_default(
    tmp_path: Path, channels: list[str], segmenter_folder: Path
) -> None:
    copy = tmp_path / "model"
    copy.mkdir()
    for path in segmenter_folder.iterdir():
        (copy / path.name).write_bytes(path.read_bytes())
    card = json.loads((copy / "model.json").read_text("utf-8"))
    (copy / "model.json").write_text(json.dumps(card | {"threshold": 0.6}), "utf-8")
    words = [*channels, "--segmenter", str(copy), "--name", "own", "--quiet"]
    assert main(["segment", *words, "--out", str(tmp_path)]) == 0
    run = json.loads((tmp_path / "own" / "run.json").read_text("utf-8"))
    assert run["settings"]["segment"]["threshold"] == 0.6


# ---------------------------------------------------------------- own masks


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.int64, np.float32])
def test_classify_own_masks(
    tmp_path: Path,
    sample: Path,
    channels: list[str],
    classifier: list[str],
    dtype: type,
) -> None:
    mine = tmp_path / "mine.tif"
    labels = tifffile.imread(sample / "labels.tif")
    tifffile.imwrite(mine, labels.astype(dtype), photometric="minisblack")
    words = ["--labels", str(mine), *channels, *classifier, "--quiet"]
    assert main(["classify", *words, "--name", "own", "--out", str(tmp_path)]) == 0
    folder = tmp_path / "own"
    assert sorted(path.name for path in folder.iterdir()) == FILES
    written = tifffile.imread(folder / "labels.tif")
    assert written.dtype == np.int32
    assert np.array_equal(written, labels)
    cells = pd.read_csv(folder / "cells.csv")
    assert list(cells) == [*COLUMNS, *CLASS_COLUMNS, *MEASURES]
    assert set(cells["label"]) == set(np.unique(labels)) - {0}
    run = json.loads((folder / "run.json").read_text("utf-8"))
    assert str(mine) in run["sources"]


def test_numbers_shared_by_planes_are_made_unique(
    tmp_path: Path, sample: Path, channels: list[str], classifier: list[str]
) -> None:
    labels = np.zeros((2, 128, 160), np.uint16)
    labels[:, 20:30, 20:30] = 4
    labels[:, 60:70, 60:70] = 9
    found, notes = _classified(tmp_path, labels, channels, classifier)
    assert np.array_equal(np.unique(found), [0, 1, 2, 3, 4])
    assert np.array_equal(found > 0, labels > 0)
    assert any("more than one plane" in note for note in notes)


def test_a_mask_of_one_number_comes_apart(
    tmp_path: Path, sample: Path, channels: list[str], classifier: list[str]
) -> None:
    mask = np.zeros((2, 128, 160), np.uint8)
    mask[:, 20:30, 20:30] = 255
    mask[0, 60:70, 60:70] = 255
    found, notes = _classified(tmp_path, mask, channels, classifier)
    assert len(np.unique(found)) == 4
    assert any("taken as a mask" in note for note in notes)


def test_huge_numbers_are_made_small(
    tmp_path: Path, sample: Path, channels: list[str], classifier: list[str]
) -> None:
    labels = np.zeros((2, 128, 160), np.uint32)
    labels[0, 20:30, 20:30] = 4_000_000_000
    labels[1, 60:70, 60:70] = 7
    found, notes = _classified(tmp_path, labels, channels, classifier)
    assert set(np.unique(found)) == {0, 1, 2}
    assert any("numbered anew" in note for note in notes)


def test_no_cells_in_own_masks(
    tmp_path: Path, sample: Path, channels: list[str], classifier: list[str]
) -> None:
    empty = np.zeros((2, 128, 160), np.uint16)
    found, _ = _classified(tmp_path, empty, channels, classifier)
    assert not found.any()


def _classified(
    folder: Path, labels: np.ndarray, channels: list[str], classifier: list[str]
) -> tuple[np.ndarray, list[str]]:
    mine = folder / "mine.tif"
    tifffile.imwrite(mine, labels, photometric="minisblack")
    words = ["--labels", str(mine), *channels, *classifier, "--quiet", "--name", "own"]
    assert main(["classify", *words, "--out", str(folder)]) == 0
    run = json.loads((folder / "own" / "run.json").read_text("utf-8"))
    cells = pd.read_csv(folder / "own" / "cells.csv")
    found = tifffile.imread(folder / "own" / "labels.tif")
    assert cells["label"].is_unique
    assert set(cells["label"]) == set(np.unique(found)) - {0}
    return found, run["notes"]


# ---------------------------------------------------------------- what it says


def test_summary_for_people(
    tmp_path: Path, channels: list[str], segmenter: list[str], classifier: list[str],
    capsys,
) -> None:  # fmt: skip
    words = [*channels, *segmenter, *classifier, "--name", "seen"]
    assert main(["identify", *words, "--out", str(tmp_path)]) == 0
    printed = capsys.readouterr()
    n_cells = len(pd.read_csv(tmp_path / "seen" / "cells.csv"))
    for words in (
        f"Found {n_cells} cells", "excitatory", "inhibitory", "glia",
        str(tmp_path / "seen"), "bright", "untrained", "CPU", " s.",
    ):  # fmt: skip
        assert words in printed.out
    for stage in ("Loading models", "Outlining cells", "Classifying cells"):
        assert stage in printed.err
    assert "100%" in printed.err


def test_quiet_is_silent(
    tmp_path: Path, channels: list[str], segmenter: list[str], classifier: list[str],
    capsys,
) -> None:  # fmt: skip
    words = [*channels, *segmenter, *classifier, "--quiet", "--out", str(tmp_path)]
    assert main(["identify", *words]) == 0
    printed = capsys.readouterr()
    assert (printed.out, printed.err) == ("", "")


def test_json_lines(
    tmp_path: Path, channels: list[str], segmenter: list[str], classifier: list[str],
    capsys,
) -> None:  # fmt: skip
    words = [*channels, *segmenter, *classifier, "--json", "--name", "seen"]
    assert main(["identify", *words, "--out", str(tmp_path)]) == 0
    printed = capsys.readouterr()
    assert printed.err == ""
    said = events(printed.out)
    assert {str(event["event"]) for event in said} <= {"progress", "note", "result"}
    told = [event for event in said if event["event"] == "progress"]
    for event in told:
        assert set(event) - {"whole"} == {"event", "stage", "done", "total"}
    shares = [event["whole"] for event in told if "whole" in event]
    assert shares == sorted(shares)
    assert shares[0] < 0.2 < 0.8 < shares[-1] <= 1
    result = said[-1]
    assert result["event"] == "result"
    for name in ("labels", "cells", "overlay", "run"):
        assert Path(str(result[name])).is_file()
    assert sum(result["counts"].values()) == result["n_cells"]
    assert set(result["counts"]) == {"excitatory", "inhibitory", "glia"}


def test_quiet_json_says_no_progress(
    tmp_path: Path, channels: list[str], segmenter: list[str], capsys
) -> None:
    words = [*channels, *segmenter, "--json", "--quiet", "--out", str(tmp_path)]
    assert main(["segment", *words]) == 0
    said = events(capsys.readouterr().out)
    assert "progress" not in {event["event"] for event in said}
    assert said[-1]["event"] == "result"


def test_results_of_another_recording_are_not_replaced(
    sample, segmenter, tmp_path, capsys
):
    green = (sample / "green.tif").read_bytes()
    for animal in ("a", "b"):
        (tmp_path / animal / "01").mkdir(parents=True)
        (tmp_path / animal / "01" / "green.tif").write_bytes(green)
    words = ["segment", "--out", str(tmp_path / "out"), "--quiet", *segmenter]
    first = ["--green", str(tmp_path / "a" / "01" / "green.tif")]
    second = ["--green", str(tmp_path / "b" / "01" / "green.tif")]
    assert main([*words, *first]) == 0
    assert main([*words, *first]) == 0
    assert main([*words, *second]) == 2
    assert "results of another recording" in capsys.readouterr().err
    assert main([*words, *second, "--name", "b01"]) == 0


def test_masks_that_were_given_are_not_replaced(
    sample, channels, classifier, tmp_path, capsys
):
    folder = tmp_path / "mine"
    folder.mkdir()
    masks = folder / "labels.tif"
    masks.write_bytes((sample / "labels.tif").read_bytes())
    words = ["classify", *channels, "--labels", str(masks), "--name", "mine"]
    assert main([*words, "--out", str(tmp_path), *classifier]) == 2
    assert "the folder of the results" in capsys.readouterr().err
    assert masks.read_bytes() == (sample / "labels.tif").read_bytes()


def test_cells_below_a_confidence_have_no_class(
    tmp_path: Path,
    channels: list[str],
    segmenter: list[str],
    classifier: list[str],
    capsys,
) -> None:
    words = [*channels, *segmenter, *classifier, "--out", str(tmp_path), "--name"]
    assert main(["identify", *words, "all", "--json"]) == 0
    off = events(capsys.readouterr().out)[-1]
    cells = pd.read_csv(tmp_path / "all" / "cells.csv")
    limit = round(float(cells["confidence"].median()), 3)
    below = int((cells["confidence"] < limit).sum())
    option = ["--none-below", str(limit)]
    assert main(["identify", *words, "some", "--json", *option]) == 0
    some = events(capsys.readouterr().out)[-1]
    assert some["none_of_these"] == below > 0
    assert sum(some["counts"].values()) == some["n_cells"] - below
    table = pd.read_csv(tmp_path / "some" / "cells.csv")
    assert table["predicted"].eq("none").sum() == below
    same = [name for name in cells if name != "predicted"]
    pd.testing.assert_frame_equal(table[same], cells[same])
    run = json.loads((tmp_path / "some" / "run.json").read_text("utf-8"))
    assert run["settings"]["classify"]["none_below"] == limit
    assert run["none_of_these"]["cells"] == below
    # 0 switches it off, and a model without limits is as before
    assert "none_of_these" not in off
    assert main(["identify", *words, "off", "--none-below", "0"]) == 0
    assert "none of these" not in capsys.readouterr().out
    for file in ("labels.tif", "cells.csv", "overlay.png"):
        first, second = (tmp_path / name / file for name in ("all", "off"))
        assert first.read_bytes() == second.read_bytes()
    assert main(["identify", *words, "some", *option]) == 0
    assert f", {below} none of these." in capsys.readouterr().out


def test_a_confidence_above_one_is_refused(
    tmp_path: Path, channels: list[str], capsys
) -> None:
    words = [*channels, "--out", str(tmp_path), "--none-below", "60"]
    assert main(["identify", *words]) != 0
    told = capsys.readouterr().err
    assert "'60' was given, but auto or a number from 0 to 1 is needed" in told
