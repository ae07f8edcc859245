"""Large planes need little memory, and give what the plain definitions give."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy import ndimage
from skimage.feature import peak_local_max
from skimage.segmentation import expand_labels, watershed

import napari_cellid.row_blocks
from napari_cellid.cells.measure import measure
from napari_cellid.cells.numbering import relabel_sequential, sum_by_label
from napari_cellid.config import SegmentConfig
from napari_cellid.device import Device
from napari_cellid.progress import run_to_end
from napari_cellid.recording import MeanPlanes
from napari_cellid.row_blocks import row_blocks
from napari_cellid.segmentation.instances import EIGHT_CONNECTED, label_plane
from napari_cellid.segmentation.tiles import predict_tiled
from napari_cellid.segmentation.tta import predict_tta
from napari_cellid.segmentation.unet import UNet, UNetConfig

BENCHMARK = Path(__file__).parents[2] / "benchmarks" / "large_plane.py"
CPU = Device("cpu", "fp32", "CPU")


@pytest.fixture
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks of a few rows, so that a small plane has many."""
    monkeypatch.setattr(napari_cellid.row_blocks, "BLOCK_PIXELS", 1200)


@pytest.fixture(scope="module")
def maps() -> tuple[np.ndarray, np.ndarray]:
    """Cell and core probability (y, x) with many touching cells of all sizes."""
    noise = np.random.default_rng(1).random((300, 340)).astype(np.float32)
    smooth = ndimage.gaussian_filter(noise, 3)
    probability = (smooth - smooth.min()) / np.ptp(smooth)
    return probability, np.clip(1.3 * probability - 0.25, 0, 1)


@pytest.mark.skipif(sys.platform != "linux", reason="the peak is read from /proc")
def test_bytes_a_pixel_of_a_plane_of_4096_px(tmp_path: Path) -> None:
    figures = tmp_path / "figures.json"
    command = [sys.executable, BENCHMARK, "--size", "4096", "--json", figures]
    subprocess.run(command, check=True, timeout=300)
    peak = {
        step: figure["bytes_per_pixel"]
        for step, figure in json.loads(figures.read_text()).items()
    }
    # the sum has 12, the maps and the image of the larger view 25, the result 8
    assert 8 < peak["probabilities"] < 50
    # 4 of the result, 4 of the seeds, 1 of the mask
    assert 4 < peak["labelling"] < 13
    assert peak["table of cells"] < 10
    # 8 of the result, 8 of the sums of one channel, and frames that are read ahead
    assert peak["mean over time"] < 26
    assert peak["input image"] < 11


@pytest.mark.parametrize("shape", [(7, 5), (2, 400, 30), (1, 3000), (0, 4)])
@pytest.mark.usefixtures("small_blocks")
def test_blocks_cover_every_row_once(shape: tuple[int, ...]) -> None:
    rows = [row for part in row_blocks(shape) for row in range(part.start, part.stop)]
    assert rows == list(range(shape[-2]))


@pytest.mark.parametrize("views", [1, 2, 8])
@pytest.mark.usefixtures("small_blocks")
def test_views_are_averaged_as_if_all_were_kept(views: int) -> None:
    torch.manual_seed(4)
    net = UNet(UNetConfig(in_channels=2, base=4, depth=2, class_outputs=3)).eval()
    image = np.random.default_rng(0).random((2, 70, 90), np.float32)
    order = [(0, 0), (2, 0), (1, 1), (3, 1), (0, 1), (2, 1), (1, 0), (3, 0)]
    kept = []
    for turns, mirrored in order[:views]:
        view = np.rot90(image, turns, (1, 2))[:, :, :: -1 if mirrored else 1]
        seen = run_to_end(predict_tiled(net, np.ascontiguousarray(view), CPU))
        kept.append(np.rot90(seen[:, :, :: -1 if mirrored else 1], -turns, (1, 2)))
    expected = kept[0]
    if views > 1:
        logs = [np.log(np.maximum(one, 1e-9)) for one in kept]
        expected = np.exp(np.mean(logs, axis=0, dtype=np.float32))
        expected = np.concatenate([e / e.sum(0) for e in (expected[:3], expected[3:])])
    result = run_to_end(predict_tta(net, image, CPU, views))
    np.testing.assert_allclose(result, expected, rtol=0, atol=1e-6)
    pixel = run_to_end(predict_tta(net, image, CPU, views, outputs="pixel classes"))
    cell = run_to_end(predict_tta(net, image, CPU, views, outputs="cell classes"))
    np.testing.assert_array_equal(np.concatenate([pixel, cell]), result)


@pytest.mark.parametrize("threshold", [0.3, 0.45, 0.5, 0.6])
@pytest.mark.usefixtures("small_blocks")
def test_cores_grow_as_in_the_whole_plane_at_once(
    maps: tuple[np.ndarray, np.ndarray], threshold: float
) -> None:
    probability, core = maps
    mask = probability >= threshold
    regions = ndimage.label(mask, EIGHT_CONNECTED)[0]
    seeds = ndimage.label((core >= 0.5) & mask, EIGHT_CONNECTED)[0]
    seeds = np.where((np.bincount(seeds.ravel()) >= 4)[seeds], seeds, 0)
    seedless = mask & ~np.isin(regions, regions[seeds > 0])
    markers = np.where(seedless, regions + seeds.max(), seeds)
    height = -ndimage.gaussian_filter(core, 1.0)
    grown = watershed(height, markers, connectivity=EIGHT_CONNECTED, mask=mask)
    config = SegmentConfig(threshold=threshold, split="core")
    found = label_plane(probability, core, 1.0, config)
    assert found.max() > 10
    np.testing.assert_array_equal(found, without_small(grown, config.min_area_um2))


@pytest.mark.parametrize("threshold", [0.3, 0.45, 0.5, 0.6])
@pytest.mark.usefixtures("small_blocks")
def test_constrictions_are_found_as_in_the_whole_plane_at_once(
    maps: tuple[np.ndarray, np.ndarray], threshold: float
) -> None:
    probability, _ = maps
    mask = probability >= threshold
    depth = ndimage.gaussian_filter(ndimage.distance_transform_edt(mask), 1.0)
    regions = ndimage.label(mask, EIGHT_CONNECTED)[0]
    peaks = peak_local_max(depth, min_distance=6, labels=regions, exclude_border=False)
    markers = np.zeros(mask.shape, np.int32)
    markers[tuple(peaks.T)] = np.arange(1, len(peaks) + 1)
    grown = watershed(-depth, markers, connectivity=EIGHT_CONNECTED, mask=mask)
    config = SegmentConfig(threshold=threshold, split="distance")
    found = label_plane(probability, None, 1.0, config)
    np.testing.assert_array_equal(found, without_small(grown, config.min_area_um2))


def without_small(labels: np.ndarray, smallest: float) -> np.ndarray:
    """Labels from 1 without gaps, and without those of few pixels."""
    numbers, area = np.unique(labels[labels > 0], return_counts=True)
    result = np.zeros_like(labels)
    for k, number in enumerate(numbers[area >= smallest]):
        result[labels == number] = k + 1
    return result


@pytest.mark.usefixtures("small_blocks")
def test_cells_are_measured_as_in_the_whole_plane_at_once() -> None:
    rng = np.random.default_rng(5)
    labels = np.zeros((200, 150), np.int32)
    # close to one another, so that surroundings meet and many distances are equal
    for number, (y, x) in enumerate(rng.integers(0, 148, (90, 2))):
        labels[y : y + 3, x : x + 2] = 3 * number + 1
    red = rng.random(labels.shape, np.float32)
    planes = MeanPlanes(name="a", red=red[None], green=None, pixel_size_um=1.0)
    table = measure(labels[None], planes)
    around = expand_labels(labels, 6)
    around[labels > 0] = 0
    for row in table.itertuples():
        y, x = np.nonzero(labels == row.label)
        assert (row.y, row.x) == pytest.approx((y.mean(), x.mean()), abs=1e-12)
        assert row.area_um2 == len(y)
        inside = red[labels == row.label].mean(dtype=float)
        outside = red[around == row.label].mean(dtype=float)
        assert row.red_mean == pytest.approx(inside, rel=1e-9)
        assert row.red_contrast == pytest.approx(inside / outside - 1, rel=1e-9)
    assert len(table) == len(np.unique(labels)) - 1


@pytest.mark.parametrize(
    ("dtype", "largest"),
    [
        (np.uint8, 250),
        (np.int32, 5),
        (np.int32, 2**31 - 1),
        (np.int32, -3),
        (np.int64, 5),
        (np.int64, 2**40),
        (np.uint64, 2**40),
    ],
)
@pytest.mark.usefixtures("small_blocks")
def test_numbering_of_small_and_of_huge_labels(dtype: type, largest: int) -> None:
    rng = np.random.default_rng(0)
    labels = rng.choice(np.array([0, 1, 3, largest], dtype), (60, 50))
    before, numbers = relabel_sequential(labels)
    assert numbers.dtype == np.int32
    expected = np.unique([0, 1, 3, largest])
    assert np.asarray(before, float).tolist() == expected.astype(float).tolist()
    np.testing.assert_array_equal(expected[numbers].astype(dtype), labels)


@pytest.mark.usefixtures("small_blocks")
def test_sums_by_label() -> None:
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 7, (2, 90, 50)).astype(np.int32)
    image = rng.random(labels.shape, np.float32)
    expected = [image[labels == k].sum(dtype=float) for k in range(9)]
    np.testing.assert_allclose(sum_by_label(labels, 9, image), expected, rtol=1e-12)
    assert sum_by_label(labels, 9).tolist() == [(labels == k).sum() for k in range(9)]
