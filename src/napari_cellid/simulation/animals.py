"""Simulated animals: recordings of one animal resemble each other.

The recordings of an animal share its light, expression, staining, density, tilt and
bleed-through, so that leave-one-animal-out validation is meaningful on them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_cellid.config import SimulationConfig
from napari_cellid.simulation.conditions import draw_config

if TYPE_CHECKING:
    from collections.abc import Mapping

    from napari_cellid.config.animals import AnimalsConfig
    from napari_cellid.simulation.conditions import Kind

#: the settings that each spread changes; those in one inner tuple change together
_FACTORS: dict[str, tuple[tuple[str, ...], ...]] = {
    "gain_spread": (("green_photons", "red_photons"),),
    "brightness_spread": (("green_brightness",),),
    "staining_spread": (("red_brightness",),),
    "density_spread": (("neuron_density",), ("glia_density",)),
    "bleed_spread": (("bleed_green_to_red",), ("bleed_red_to_green",)),
}
_SUMS: dict[str, tuple[tuple[str, ...], ...]] = {
    "expression_spread": (("expression_fraction",),),
    "tilt_spread_um": (("tilt_um",),),
}
#: settings in which animals, and recordings of an animal, differ
VARIED = tuple(
    name
    for spreads in (_FACTORS, _SUMS)
    for groups in spreads.values()
    for group in groups
    for name in group
)
#: random stream of the animals
_ANIMAL = 301


@dataclass(frozen=True)
class Animal:
    """An animal.

    Parameters
    ----------
    number
        From 1.
    typical
        Settings around which those of its recordings vary.
    recordings
        Settings of its recordings, each with a seed of its own.
    """

    number: int
    typical: SimulationConfig
    recordings: tuple[SimulationConfig, ...]


@dataclass(frozen=True)
class AnimalRecording:
    """A recording of a simulated animal.

    Parameters
    ----------
    animal, name
        Names of the animal and of the recording, such as "animal_1", "recording_2".
    config
        The settings.
    """

    animal: str
    name: str
    config: SimulationConfig

    @property
    def folder(self) -> str:
        """Its folder within that of the cohort."""
        return f"{self.animal}/{self.name}"

    @property
    def name_in_study(self) -> str:
        """Its name in a study."""
        return f"{self.animal}_{self.name}"


@dataclass(frozen=True)
class Cohort:
    """The distribution from which animals are drawn.

    Parameters
    ----------
    seed
        Fixes everything random. An animal is the same however many others there are.
    spread
        How far animals differ.
    kind
        Kind of recordings that each animal is drawn from, instead of the defaults of
        the settings and the spread between animals.
    fixed
        Settings that are the same in all recordings.
    """

    seed: int
    spread: AnimalsConfig
    kind: Kind | None = None
    fixed: Mapping[str, Any] = field(default_factory=dict)


def draw_animal(number: int, cohort: Cohort) -> Animal:
    """Draw an animal and the settings of its recordings."""
    rng = np.random.default_rng([cohort.seed, _ANIMAL, number])
    fixed = {**cohort.fixed, "seed": cohort.seed}
    if cohort.kind is None:
        typical = _varied(SimulationConfig(**fixed), cohort, 1.0, rng)
    else:
        typical = draw_config(cohort.kind, rng, **fixed)
    recordings = []
    for recording in range(1, cohort.spread.recordings + 1):
        # a stream for each: a recording is the same however many others there are
        own = np.random.default_rng([cohort.seed, _ANIMAL, number, recording])
        seed = int(own.integers(2**31))
        config = _varied(typical, cohort, cohort.spread.within_animal, own)
        recordings.append(config.model_copy(update={"seed": seed}))
    return Animal(number, typical, tuple(recordings))


def list_recordings(cohort: Cohort) -> list[AnimalRecording]:
    """Draw all animals of a cohort and list their recordings in order."""
    return [
        AnimalRecording(f"animal_{number}", f"recording_{i}", config)
        for number in range(1, cohort.spread.animals + 1)
        for i, config in enumerate(draw_animal(number, cohort).recordings, 1)
    ]


def _varied(
    config: SimulationConfig, cohort: Cohort, share: float, rng: np.random.Generator
) -> SimulationConfig:
    """Change settings at random by a share of the spread, within their ranges."""
    changed: dict[str, Any] = {}
    for spreads, factor in ((_FACTORS, True), (_SUMS, False)):
        for spread, groups in spreads.items():
            width = share * getattr(cohort.spread, spread)
            for group in groups:
                step = width * float(rng.standard_normal())
                for name in group:
                    value = getattr(config, name)
                    changed[name] = value * np.exp(step) if factor else value + step
    updated = {
        name: _within(name, float(value))
        for name, value in changed.items()
        if name not in cohort.fixed
    }
    return SimulationConfig(**{**config.model_dump(), **updated})


def _within(name: str, value: float) -> float:
    for limit in SimulationConfig.model_fields[name].metadata:
        value = max(value, getattr(limit, "ge", value))
        value = min(value, getattr(limit, "le", value))
    return value
