"""Properties of recordings: exact values, invariances, and what is left out."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from napari_cellid.channels.bleed_through import BleedThrough
from napari_cellid.novelty.properties import (
    PROPERTIES,
    bleed_share,
    cut_share,
    density,
    measure_properties,
    noise,
    red_fraction,
    soma_diameter,
    unevenness,
)
from napari_cellid.recording import MeanPlanes

#: a channel from 0 to 1000, and what is dark is 1 % of it and more
RANGE = 1000.0


def ramp(side: int = 200) -> np.ndarray:
    """A plane (1, y, x) whose brightness rises along x; it has no noise."""
    return np.tile(np.linspace(0, RANGE, side, dtype=np.float32), (1, side, 1))


def noisy(sd: float, side: int = 400) -> np.ndarray:
    rng = np.random.default_rng(0)
    return (ramp(side) + rng.normal(0, sd, (1, side, side))).astype(np.float32)


def table(n: int, area_um2: float = 100.0, predicted: str = "") -> pd.DataFrame:
    return pd.DataFrame({"area_um2": np.full(n, area_um2), "predicted": predicted})


def with_size(pixel_um: float, **values: object) -> MeanPlanes:
    return MeanPlanes("a", None, ramp(), pixel_um, **values)


def test_noise_is_the_sd_of_white_noise_and_not_the_slope_of_the_image() -> None:
    assert noise(ramp(), 1.0) == pytest.approx(0, abs=1e-6)
    for sd in (20, 40):
        low, high = np.percentile(noisy(sd), [1, 99.8])
        assert noise(noisy(sd), 1.0) == pytest.approx(sd / (high - low), rel=0.02)


def test_noise_does_not_depend_on_gain_and_offset_of_the_detector() -> None:
    image = noisy(20)
    assert noise(image * 3 + 500, 1.0) == pytest.approx(noise(image, 1.0), rel=1e-3)


def test_noise_of_the_same_light_on_smaller_pixels_is_the_same() -> None:
    fine = noisy(40, side=800)
    coarse = fine.reshape(1, 400, 2, 400, 2).mean((2, 4))
    assert noise(fine, 0.5) == pytest.approx(noise(coarse, 1.0), rel=0.05)


def test_a_plane_that_is_the_same_everywhere_has_no_noise_to_measure() -> None:
    assert noise(np.ones((1, 64, 64), np.float32), 1.0) is None
    both = np.concatenate([noisy(20), np.ones((1, 400, 400), np.float32)])
    assert noise(both, 1.0) == noise(noisy(20), 1.0)


def test_share_of_pixels_that_were_cut() -> None:
    image = ramp(100)
    assert cut_share(image, "bright") == pytest.approx(0.01)
    assert cut_share(np.minimum(image, 900), "bright") == pytest.approx(0.10)
    assert cut_share(np.maximum(image, 200), "dark") == pytest.approx(0.20)
    # the plane that is cut most counts
    planes = np.concatenate([image, np.minimum(image, 900)])
    assert cut_share(planes * 7 + 3, "bright") == pytest.approx(0.10)


def test_unevenness_is_the_ratio_of_the_brightest_and_the_dimmest_part() -> None:
    image = np.full((1, 80, 80), 100, np.float32)
    image[:, ::2] = 10
    image[0, :20, :20][::2] = 10
    image[0, :20, :20][1::2] = 55
    # above the dark rows: 90 and 45
    assert unevenness(image) == pytest.approx(2.0)
    assert unevenness(image * 4 + 50) == pytest.approx(2.0)


def test_a_part_without_light_has_no_unevenness() -> None:
    image = np.full((1, 80, 80), 100, np.float32)
    image[0, :20, :20] = 0
    assert unevenness(image) is None


def test_size_and_density_at_the_scale_of_the_models() -> None:
    planes = with_size(1.0)
    cells = table(40, np.pi * 6**2)
    assert soma_diameter(cells, planes) == pytest.approx(12)
    # 0.04 mm²
    assert density(cells, planes) == pytest.approx(1000)
    # a soma of 15 px is shown to the models as one of 15 µm, whatever the pixel size
    scaled = with_size(2.0, diameter_px=15.0)
    cells = table(40, np.pi * 12**2)
    assert soma_diameter(cells, scaled) == pytest.approx(12)
    assert density(cells, scaled) == pytest.approx(1000)


def test_few_cells_are_not_measured() -> None:
    planes = with_size(1.0)
    assert soma_diameter(table(9), planes) is None
    assert soma_diameter(table(10), planes) is not None
    assert density(table(19), planes) is None
    assert red_fraction(table(19, predicted="glia"), ["glia"]) is None


def test_red_fraction_counts_classified_cells() -> None:
    cells = pd.concat(
        [table(30, predicted="glia"), table(10, predicted="inhibitory"), table(5)]
    )
    assert red_fraction(cells, ["excitatory", "glia"]) == 0.75
    assert red_fraction(cells, []) == 0
    # cells of which the class cannot be told are neither red nor not
    unclear = pd.concat([cells, table(40, predicted="none")])
    assert red_fraction(unclear, ["excitatory", "glia"]) == 0.75


def test_bleed_through_is_a_share_of_the_range_of_red() -> None:
    planes = MeanPlanes("a", ramp() / 2, ramp(), 1.0)
    estimate = BleedThrough(0.2, 0.1, 0.3)
    # the lower end, 0.1 of green, is 0.2 of a range half as large
    assert bleed_share(planes, estimate) == pytest.approx(0.2, rel=1e-3)
    brighter = replace(planes, red=planes.red * 5)
    more = BleedThrough(1.0, 0.5, 1.5)
    assert bleed_share(brighter, more) == pytest.approx(0.2, rel=1e-3)
    # what is subtracted anyway is no bleed-through any more
    assert bleed_share(replace(planes, bleed_through=0.1), estimate) == 0
    assert bleed_share(planes, BleedThrough(None, reason="Too small.")) is None
    assert bleed_share(replace(planes, red=None), estimate) is None


def test_all_properties_in_their_order() -> None:
    planes = MeanPlanes("a", noisy(20), noisy(40), 1.0)
    cells = table(30, predicted="glia")
    estimate = BleedThrough(0.2, 0.1, 0.3)
    measured = measure_properties(planes, cells, ["glia"], estimate)
    assert tuple(measured) == PROPERTIES
    assert measured["noise_green"] == noise(noisy(40), 1.0)
    assert measured["noise_red"] == noise(noisy(20), 1.0)
    assert all(np.isfinite(value) for value in measured.values())


def test_without_red_and_without_cells_the_rest_is_measured() -> None:
    planes = MeanPlanes("a", None, noisy(20), 1.0)
    measured = measure_properties(planes, table(0), None, None)
    assert set(measured) == {"noise_green", "cut_bright", "cut_dark", "unevenness"}
    red_alone = MeanPlanes("a", noisy(20), None, 1.0)
    measured = measure_properties(red_alone, table(0), None, None)
    assert set(measured) == {"noise_red", "cut_bright", "cut_dark"}


def test_of_an_empty_field_nothing_is_measured() -> None:
    flat = np.ones((1, 64, 64), np.float32)
    assert (
        measure_properties(MeanPlanes("a", flat, flat, 1.0), table(0), [], None) == {}
    )
