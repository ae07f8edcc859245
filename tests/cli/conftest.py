"""Simulated files on disk, and the words that choose the quick models."""

from __future__ import annotations

from pathlib import Path

import pytest

from napari_cellid.cli import main


@pytest.fixture(scope="session")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that `simulate` wrote: two planes of 128 x 160 px."""
    folder = tmp_path_factory.mktemp("simulated") / "sample"
    size = ["--height", "128", "--width", "160", "--n-planes", "2"]
    words = ["simulate", "--out", str(folder), *size, "--seed", "3", "--quiet"]
    assert main(words) == 0
    return folder


@pytest.fixture
def channels(sample: Path) -> list[str]:
    return ["--red", str(sample / "red.tif"), "--green", str(sample / "green.tif")]


@pytest.fixture
def segmenter(segmenter_folder: Path) -> list[str]:
    return ["--segmenter", str(segmenter_folder)]


@pytest.fixture
def classifier(classifier_folder: Path) -> list[str]:
    return ["--classifier", str(classifier_folder)]
