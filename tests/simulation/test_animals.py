"""Animals: their recordings are more alike than those of others."""

from __future__ import annotations

import numpy as np
import pytest

from napari_cellid.config import SimulationConfig
from napari_cellid.config.animals import AnimalsConfig
from napari_cellid.simulation.animals import VARIED, Cohort, draw_animal

SPREAD = AnimalsConfig(recordings=8)


def _values(cohort: Cohort, name: str, n: int = 40) -> np.ndarray:
    """Of one setting, (animal, recording)."""
    return np.array(
        [
            [getattr(config, name) for config in draw_animal(k, cohort).recordings]
            for k in range(1, n + 1)
        ]
    )


@pytest.mark.parametrize("name", VARIED)
def test_animals_differ_more_than_their_recordings(name) -> None:
    values = _values(Cohort(seed=1, spread=SPREAD), name)
    between, within = values.mean(1).std(), values.std(1).mean()
    assert within > 0
    assert between > 1.8 * within


def test_spread_is_as_told() -> None:
    spread = AnimalsConfig(recordings=1, within_animal=0, gain_spread=0.4)
    values = _values(Cohort(seed=2, spread=spread), "green_photons", 200)
    assert np.log(values).std() == pytest.approx(0.4, rel=0.15)
    assert np.median(values) == pytest.approx(1.5, rel=0.1)


def test_light_of_both_channels_changes_together() -> None:
    animal = draw_animal(3, Cohort(seed=1, spread=SPREAD)).typical
    default = SimulationConfig()
    assert animal.green_photons / default.green_photons == pytest.approx(
        animal.red_photons / default.red_photons
    )


def test_the_seed_fixes_animals_whatever_their_number() -> None:
    few = Cohort(seed=1, spread=AnimalsConfig(animals=2, recordings=2))
    many = Cohort(seed=1, spread=AnimalsConfig(animals=9, recordings=4))
    assert draw_animal(2, few).recordings == draw_animal(2, many).recordings[:2]
    other = Cohort(seed=2, spread=few.spread)
    assert draw_animal(2, few) != draw_animal(2, other)
    seeds = {c.seed for k in range(1, 10) for c in draw_animal(k, many).recordings}
    assert len(seeds) == 36


def test_what_is_given_is_the_same_everywhere() -> None:
    fixed = {"expression_fraction": 0.5, "pixel_size_um": 0.8, "n_planes": 2}
    for kind in (None, "wide"):
        animal = draw_animal(1, Cohort(1, SPREAD, kind, fixed))
        for config in (animal.typical, *animal.recordings):
            assert {name: getattr(config, name) for name in fixed} == fixed


def test_an_animal_of_a_kind() -> None:
    cohort = Cohort(seed=1, spread=SPREAD, kind="bleed")
    animal = draw_animal(1, cohort)
    assert animal.typical.bleed_green_to_red == 0.12
    assert 0.12 != animal.recordings[0].bleed_green_to_red < 0.3
    # not what the recordings of an animal differ in
    assert {c.vignetting for c in animal.recordings} == {animal.typical.vignetting}


def test_settings_stay_in_range() -> None:
    spread = AnimalsConfig(expression_spread=0.5, tilt_spread_um=30, gain_spread=2)
    values = _values(Cohort(seed=1, spread=spread), "expression_fraction", 20)
    assert values.min() >= 0 and values.max() <= 1
    assert values.min() < 0.2
