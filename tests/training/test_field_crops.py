"""The crops that the default U-Net is trained on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch

pytest.importorskip("tools.training.field_crops", reason="tools are not installed")

from napari_cellid.segmentation.targets import IGNORE_INDEX
from tools.training.field_crops import Fields, unstained, without_red

if TYPE_CHECKING:
    from pathlib import Path

SIDE = 48


def _write_field(path: Path) -> Path:
    """A field of 96 px: one cell, and a section that is too faint to be judged."""
    labels = np.zeros((96, 96), np.int32)
    labels[20:40, 20:40] = 1
    target = labels.astype(np.uint8)
    target[50:90, 10:90] = IGNORE_INDEX
    image = np.random.default_rng(0).normal(10, 1, (96, 96)).astype(np.float16)
    np.savez(
        path,
        settings="{}",
        red=image,
        green=image,
        labels=labels,
        target=target,
        kind=np.array([1]),
        ambiguous=np.array([False]),
    )
    return path


def _targets(path: Path, faint: float) -> set[int]:
    fields = Fields([path], "pair+local", faint=faint)
    _, targets, _ = fields.batch(np.random.default_rng(1), 12, SIDE)
    return set(targets[:, 0].unique().tolist())


def test_faint_sections_are_left_out_or_background_in_a_blurred_field(
    tmp_path: Path,
) -> None:
    path = _write_field(tmp_path / "wide-1-0000.npz")
    assert _targets(path, faint=0.0) == {0, 1, IGNORE_INDEX}
    assert _targets(path, faint=1.0) == {0, 1}


def test_faint_sections_are_always_left_out_in_a_sharp_field(tmp_path: Path) -> None:
    path = _write_field(tmp_path / "sharp-1-0000.npz")
    assert _targets(path, faint=1.0) == {0, 1, IGNORE_INDEX}


def test_a_batch_says_which_crops_are_of_sharp_fields(tmp_path: Path) -> None:
    paths = [_write_field(tmp_path / f"{k}-1-0000.npz") for k in ("sharp", "wide")]
    fields = Fields(paths, "pair+local", zoom=1.4)
    images, targets, sharp = fields.batch(np.random.default_rng(2), 40, SIDE)
    assert images.shape == (40, 4, SIDE, SIDE)
    assert targets.shape == (40, 2, SIDE, SIDE)
    assert images.dtype == torch.float32
    # both kinds are drawn equally often: 20 of 40, 3 SDs are 9.5
    assert 10 <= int(sharp.sum()) <= 30


def test_a_kind_can_be_drawn_twice_as_often(tmp_path: Path) -> None:
    paths = [_write_field(tmp_path / f"{k}-1-0000.npz") for k in ("sharp", "wide")]
    fields = Fields(paths, "pair", often=["wide"])
    _, _, sharp = fields.batch(np.random.default_rng(3), 90, SIDE)
    # a third: 30 of 90, 3 SDs are 13.4
    assert 17 <= int(sharp.sum()) <= 43


def test_cells_of_a_crop_without_stain_are_green_alone_or_not_told(
    tmp_path: Path,
) -> None:
    path = _write_field(tmp_path / "wide-1-0000.npz")
    fields = Fields([path], "pair", faint=1.0, unstained=1.0)
    images, targets, _ = fields.batch(np.random.default_rng(4), 20, SIDE)
    stained = images[:, 0].std(dim=(1, 2)) > 0  # otherwise the red channel is missing
    assert 5 <= int(stained.sum()) < 20
    assert set(targets[stained, 1].unique().tolist()) == {1, IGNORE_INDEX}
    classes = np.array([[0, 1, 2, IGNORE_INDEX]], np.uint8)
    assert without_red(classes).tolist() == [[1, 1, IGNORE_INDEX, IGNORE_INDEX]]


def test_a_channel_without_stain_has_texture_and_stays_in_its_range() -> None:
    green = np.random.default_rng(5).random((64, 64)).astype(np.float32)
    red = unstained(green, np.random.default_rng(6))
    assert red.shape == green.shape
    assert red.dtype == np.float32
    assert 0 <= red.min() < red.max() <= 1
