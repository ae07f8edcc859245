from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from scipy import ndimage

from napari_cellid.channels.bleed_correction import (
    correct_bleed_through,
    recorded_estimate,
)
from napari_cellid.channels.bleed_through import bleed_through, estimate_bleed_through
from napari_cellid.channels.model_input import plane_image
from napari_cellid.config import SimulationConfig
from napari_cellid.errors import InputError
from napari_cellid.models.registry import find_model
from napari_cellid.models.store import load_card
from napari_cellid.progress import run_to_end
from napari_cellid.recording import MeanPlanes
from napari_cellid.simulation.field import simulate

if TYPE_CHECKING:
    from napari_cellid.config import BleedThroughSetting

SIDE = 256


def tissue(share: float, *, noise: float = 2.0, seed: int = 0) -> MeanPlanes:
    """Smooth green, red that is `share` of it, and nuclei that are red themselves."""
    rng = np.random.default_rng(seed)
    green = ndimage.gaussian_filter(rng.gamma(0.05, 4000.0, (SIDE, SIDE)), 2.0)
    red = 20 + share * green
    y, x = np.mgrid[:SIDE, :SIDE]
    red[(y % 32 < 8) & (x % 32 < 8)] += 400
    noisy = (
        (image + rng.normal(0, noise, image.shape)).astype(np.float32)[None]
        for image in (red, green)
    )
    return MeanPlanes("field", *noisy, pixel_size_um=1.17)


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 2.0])
def test_slope_is_found_beside_red_nuclei(share: float) -> None:
    estimate = bleed_through(tissue(share))
    assert estimate.slope == pytest.approx(share, abs=0.02)
    assert estimate.low <= share <= estimate.high


def test_noise_of_green_does_not_flatten_the_slope() -> None:
    planes = tissue(0.4, noise=80.0)
    assert planes.green is not None and planes.red is not None
    ordinary = np.polyfit(planes.green.ravel(), planes.red.ravel(), 1)[0]
    estimate = bleed_through(planes)
    assert ordinary < 0.35
    assert estimate.slope == pytest.approx(0.4, abs=0.05)
    quiet = bleed_through(tissue(0.4))
    assert estimate.high - estimate.low > quiet.high - quiet.low


def test_gain_scales_and_offset_does_not_matter() -> None:
    planes = tissue(0.2)
    assert planes.green is not None and planes.red is not None
    before = bleed_through(planes)
    after = estimate_bleed_through(5 * planes.red + 100, planes.green - 30, 1.17)
    for name in ("slope", "low", "high"):
        assert getattr(after, name) == pytest.approx(5 * getattr(before, name), 1e-3)


def test_the_same_images_give_the_same_interval() -> None:
    assert bleed_through(tissue(0.2)) == bleed_through(tissue(0.2))


def test_shares_of_a_simulated_field() -> None:
    """A simulated field without bleed-through, and with it."""
    config = SimulationConfig(seed=2, height=256, width=256, n_planes=1)
    clean, mixed = (
        run_to_end(simulate(config.model_copy(update={"bleed_green_to_red": share})))
        for share in (0.0, 0.12)
    )
    green = mixed.green.astype(np.float32)
    # the gain differs: both images hold the same red nuclei
    low, high = (np.percentile(f.red, 1) for f in (clean, mixed))
    assert low != high
    found = estimate_bleed_through(mixed.red.astype(np.float32), green, 1.17)
    none = estimate_bleed_through(
        clean.red.astype(np.float32), clean.green.astype(np.float32), 1.17
    )
    assert none.low == 0.0
    assert none.slope < 0.2 * found.slope
    assert found.low > 0


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"red": None}, "no red channel"),
        ({"green": None}, "no green channel"),
        ({"green": np.full((1, SIDE, SIDE), 7, np.float32)}, "green channel is the"),
        ({"red": np.zeros((1, SIDE, SIDE), np.float32)}, "red channel is the same"),
    ],
)
def test_no_estimate_without_two_channels(change: dict, reason: str) -> None:
    estimate = bleed_through(replace(tissue(0.2), **change))
    assert estimate.slope is None and estimate.low is None and estimate.high is None
    assert reason in estimate.reason and reason in str(estimate)


def test_no_estimate_from_noise_saturation_and_small_fields() -> None:
    rng = np.random.default_rng(0)
    noise = rng.normal(100, 10, (2, 1, SIDE, SIDE)).astype(np.float32)
    assert "too little structure" in estimate_bleed_through(*noise, 1.17).reason
    planes = tissue(0.2)
    assert planes.green is not None and planes.red is not None
    limit = np.percentile(planes.red, 30)
    saturated = estimate_bleed_through(np.minimum(planes.red, limit), planes.green, 1.0)
    assert "70%" in saturated.reason
    small = (slice(None), slice(40), slice(40))
    tiny = estimate_bleed_through(planes.red[small], planes.green[small], 1.17)
    assert "too small" in tiny.reason


def test_auto_subtracts_the_estimate_and_off_nothing() -> None:
    planes = tissue(0.3)
    corrected, record = correct_bleed_through(planes, "auto")
    assert corrected.bleed_through == record["subtracted"] == record["slope"]
    assert corrected.red is planes.red
    assert "was subtracted from red" in record["text"]
    same, record = correct_bleed_through(planes, "off")
    assert same.bleed_through == 0
    assert record["slope"] == pytest.approx(0.3, abs=0.02)
    assert record["text"].endswith("Nothing was subtracted.")


@pytest.mark.parametrize("n_channels", [1, 2])
def test_the_estimate_is_read_from_the_record_of_a_run(n_channels: int) -> None:
    planes = tissue(0.3) if n_channels == 2 else replace(tissue(0.3), red=None)
    record = correct_bleed_through(planes, "off")[1]
    run = json.loads(json.dumps({"bleed_through": record}))
    assert recorded_estimate(run) == bleed_through(planes)


@pytest.mark.parametrize("record", [None, {}, {"slope": "much"}, "0.3"])
def test_a_record_without_an_estimate_has_none(record: object) -> None:
    assert recorded_estimate({"bleed_through": record}) is None


def test_auto_subtracts_nothing_where_the_interval_reaches_zero() -> None:
    corrected, record = correct_bleed_through(tissue(0.0), "auto")
    assert corrected.bleed_through == 0
    assert record["low"] == 0 < record["high"]


@pytest.mark.parametrize("setting", ["auto", 0.2])
def test_a_correction_that_is_impossible_is_refused(
    setting: BleedThroughSetting,
) -> None:
    with pytest.raises(InputError, match="no red channel"):
        correct_bleed_through(replace(tissue(0.2), red=None), setting)


def test_auto_without_an_estimate_is_refused_and_a_number_is_not() -> None:
    noise = np.random.default_rng(0).normal(100, 10, (2, 1, SIDE, SIDE))
    planes = MeanPlanes("field", *noise.astype(np.float32), pixel_size_um=1.17)
    with pytest.raises(InputError, match="cannot be estimated: green shows"):
        correct_bleed_through(planes, "auto")
    assert correct_bleed_through(planes, 0.2)[0].bleed_through == 0.2


def test_classifiers_see_red_without_green_and_segmenters_as_recorded() -> None:
    """Subtracting what was added gives the images without it, up to rounding."""
    clean = tissue(0.0)
    assert clean.green is not None and clean.red is not None
    mixed = replace(clean, red=clean.red + np.float32(0.5) * clean.green)
    corrected = replace(mixed, bleed_through=0.5)
    classifier = load_card(find_model("one-pass", "classify"), "classify")
    segmenter = load_card(find_model(None, "segment"), "segment")
    np.testing.assert_allclose(
        plane_image(corrected, 0, classifier),
        plane_image(clean, 0, classifier),
        atol=1e-4,
    )
    np.testing.assert_array_equal(
        plane_image(corrected, 0, segmenter), plane_image(mixed, 0, segmenter)
    )
