"""`--bleed-through`: what is said, written and refused."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from napari_cellid.cli import main
from napari_cellid.study.study import Study


def identify(out: Path, *words: str) -> int:
    return main(["identify", *words, "--name", "field", "--out", str(out)])


@pytest.fixture
def models(segmenter: list[str], classifier: list[str]) -> list[str]:
    return [*segmenter, *classifier]


def test_estimate_is_said_and_written_also_if_not_used(
    tmp_path: Path, channels: list[str], models: list[str], capsys
) -> None:
    assert identify(tmp_path, *channels, *models) == 0
    record = json.loads((tmp_path / "field" / "run.json").read_text("utf-8"))
    bleed = record["bleed_through"]
    assert record["settings"]["classify"]["bleed_through"] == "off"
    assert bleed["subtracted"] == 0
    assert bleed["low"] <= bleed["slope"] <= bleed["high"]
    lines = capsys.readouterr().out.splitlines()
    assert bleed["text"] in lines
    assert "95 % interval" in bleed["text"] and "Nothing was" in bleed["text"]


def test_what_is_subtracted_changes_classes_and_not_outlines(
    tmp_path: Path, channels: list[str], models: list[str]
) -> None:
    tables = {}
    for share in ("off", "0", "0.8"):
        out = tmp_path / share
        assert identify(out, *channels, *models, "--bleed-through", share) == 0
        tables[share] = pd.read_csv(out / "field" / "cells.csv")
    first, same, other = tables.values()
    pd.testing.assert_frame_equal(first, same)
    columns = ["label", "plane", "y", "x", "red_mean", "green_mean"]
    pd.testing.assert_frame_equal(first[columns], other[columns])
    chances = [name for name in first if name.startswith("p_")]
    assert not np.allclose(first[chances], other[chances], atol=1e-4)
    run = json.loads((tmp_path / "0.8" / "field" / "run.json").read_text("utf-8"))
    assert run["bleed_through"]["subtracted"] == 0.8
    assert "0.8 times green was subtracted" in run["bleed_through"]["text"]


def test_a_study_keeps_what_was_subtracted_and_its_images_as_recorded(
    tmp_path: Path, channels: list[str], models: list[str]
) -> None:
    folder, planes = tmp_path / "study", {}
    for share in ("off", "0.5"):
        words = [*channels, *models, "--name", "field", "--study", str(folder)]
        assert main(["identify", *words, "--bleed-through", share]) == 0
        planes[share] = Study.open(folder).recording("field").planes()
    assert planes["off"].bleed_through == 0
    assert planes["0.5"].bleed_through == 0.5
    assert planes["off"].has_images_of(planes["0.5"])


@pytest.mark.parametrize("value", ["nan", "inf", "-0.1", "101", "some", "1,5", ""])
def test_what_is_no_share_is_refused(
    tmp_path: Path, channels: list[str], value: str, capsys
) -> None:
    # with =, as a word that begins with a minus would be another option
    assert identify(tmp_path / "out", *channels, f"--bleed-through={value}") == 2
    message = capsys.readouterr().err
    assert "off, auto or a number from 0 to 100 is needed" in message
    assert message.count("\n") == 1
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("value", ["auto", "0.2"])
def test_a_correction_needs_both_channels(
    tmp_path: Path, sample: Path, models: list[str], value: str, capsys
) -> None:
    green = ["--green", str(sample / "green.tif")]
    out = tmp_path / "out"
    assert identify(out, *green, *models, "--bleed-through", value) == 2
    assert "has no red channel" in capsys.readouterr().err
    assert not out.exists()


def test_green_alone_says_that_there_is_no_estimate(
    tmp_path: Path, sample: Path, segmenter: list[str], capsys
) -> None:
    green = ["--green", str(sample / "green.tif")]
    assert identify(tmp_path, *green, *segmenter) == 0
    assert "no estimate. There is no red channel." in capsys.readouterr().out
