from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from napari_cellid.config import DeviceConfig, SegmentConfig
from napari_cellid.device import choose_device
from napari_cellid.errors import InputError
from napari_cellid.models.store import CARD_FILE
from napari_cellid.progress import run_to_end
from napari_cellid.recording import MeanPlanes
from napari_cellid.segmentation.instances import label_cells
from napari_cellid.segmentation.predict import load_segmenter, segment

FP32 = DeviceConfig(device="cpu", precision="fp32")


@pytest.fixture
def segmented(planes: MeanPlanes, segmenter_folder: Path):
    step = segment(
        planes,
        load_segmenter(segmenter_folder),
        SegmentConfig(),
        choose_device(FP32),
    )
    return run_to_end(step)


def test_labels_are_unique_over_planes(segmented, planes: MeanPlanes) -> None:
    assert segmented.labels.shape == planes.shape
    assert segmented.labels.dtype == np.int32
    first, second = (set(np.unique(p)) - {0} for p in segmented.labels)
    assert first and second
    assert not first & second
    assert first | second == set(range(1, len(first | second) + 1))


def test_a_higher_threshold_gives_smaller_cells(segmented, planes: MeanPlanes) -> None:
    maps = segmented.probability, segmented.core, planes.pixel_size_um
    low = label_cells(*maps, SegmentConfig(threshold=0.3))
    high = label_cells(*maps, SegmentConfig(threshold=0.9))
    assert ((high > 0) & (low == 0)).sum() == 0
    assert (high > 0).sum() < (low > 0).sum()


def test_kept_maps_give_the_same_labels(segmented, planes: MeanPlanes) -> None:
    again = label_cells(
        segmented.probability, segmented.core, planes.pixel_size_um, SegmentConfig()
    )
    np.testing.assert_array_equal(again, segmented.labels)


def test_the_scale_of_the_recording_does_not_matter(
    planes: MeanPlanes, segmented, segmenter_folder: Path
) -> None:
    fine = replace(
        planes,
        red=np.kron(planes.red, np.ones((1, 2, 2), np.float32)),
        green=np.kron(planes.green, np.ones((1, 2, 2), np.float32)),
        pixel_size_um=planes.pixel_size_um / 2,
    )
    step = segment(
        fine, load_segmenter(segmenter_folder), SegmentConfig(), choose_device(FP32)
    )
    labels = run_to_end(step).labels
    assert labels.shape == fine.shape
    same = (labels[:, ::2, ::2] > 0) == (segmented.labels > 0)
    assert same.mean() > 0.97
    assert abs(int(labels.max()) - int(segmented.labels.max())) <= 4


def test_constant_images_have_no_cells(
    planes: MeanPlanes, segmenter_folder: Path
) -> None:
    flat = replace(
        planes, red=np.full_like(planes.red, 7), green=np.zeros_like(planes.green)
    )
    step = segment(
        flat, load_segmenter(segmenter_folder), SegmentConfig(), choose_device(FP32)
    )
    result = run_to_end(step)
    assert result.labels.max() == 0
    assert result.probability.max() == 0


def test_one_channel_is_enough(planes: MeanPlanes, segmenter_folder: Path) -> None:
    step = segment(
        replace(planes, red=None),
        load_segmenter(segmenter_folder),
        SegmentConfig(),
        choose_device(FP32),
    )
    assert run_to_end(step).labels.max() > 0


def test_a_classifier_is_no_segmenter(classifier_folder: Path) -> None:
    with pytest.raises(InputError, match="classifies cells, but one that outlines"):
        load_segmenter(classifier_folder)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"combination": "rgb"}, "names 3 input images .rgb., but its network takes 1"),
        ({"classes": ["a", "b"]}, "names 2 classes, but its network has 3 outputs"),
        ({"settings": {"base": 3, "depth": 1}}, "do not fit the U-Net"),
        ({"settings": {"base": "x"}}, "do not fit the U-Net"),
    ],
)
def test_a_card_that_does_not_fit_is_refused(
    segmenter_folder: Path, tmp_path: Path, change: dict, words: str
) -> None:
    for file in segmenter_folder.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    card = json.loads((tmp_path / CARD_FILE).read_text())
    (tmp_path / CARD_FILE).write_text(json.dumps(card | change))
    with pytest.raises(InputError, match=words):
        load_segmenter(tmp_path)
