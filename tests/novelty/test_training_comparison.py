"""Comparison of a recording with the ranges that models know."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from napari_cellid.models.card import ModelCard
from napari_cellid.novelty.comparison import (
    Comparison,
    TrainingVerdict,
    compare,
    compare_with_training,
    recorded_verdict,
    red_classes,
)
from napari_cellid.novelty.properties import PROPERTIES, Property
from napari_cellid.recording import MeanPlanes

INSIDE = "This recording lies within what the model was trained on."
BLEED = {"slope": 0.2, "low": 0.1, "high": 0.3, "reason": "", "text": ""}
#: a range for each property in which the constructed recording is
KNOWN: dict[str, tuple[float, float]] = {
    "noise_green": (0, 0.05),
    "noise_red": (0, 0.05),
    "cut_bright": (0, 0.02),
    "cut_dark": (0, 0.02),
    "unevenness": (1, 20),
    "soma_diameter_um": (9, 15),
    "density_per_mm2": (500, 3000),
    "red_fraction": (0.1, 0.9),
    "bleed_through": (0, 0.2),
}


def card(**values: object) -> ModelCard:
    about = {
        "name": "outlines",
        "task": "segment",
        "architecture": "unet",
        "classes": ("background", "rim", "core"),
        "combination": "pair",
        "pixel_size_um": 1.17,
        "weights_sha256": "0" * 64,
    }
    return ModelCard.model_validate(about | values)


def classifier(**values: object) -> ModelCard:
    classes = ("excitatory", "inhibitory", "glia")
    return card(name="classes", task="classify", classes=classes, **values)


def channel(seed: int, sd: float = 20.0) -> np.ndarray:
    """A plane (1, 200, 200) between 0 and 1000 with noise."""
    rng = np.random.default_rng(seed)
    ramp = np.tile(np.linspace(100, 1000, 200), (200, 1))
    return (ramp + rng.normal(0, sd, ramp.shape))[None].astype(np.float32)


def recording() -> MeanPlanes:
    return MeanPlanes("a", channel(0), channel(1), 1.0)


def cells(n: int = 60, diameter_um: float = 12.0, red: float = 0.5) -> pd.DataFrame:
    predicted = np.where(np.arange(n) < red * n, "excitatory", "inhibitory")
    area = np.pi / 4 * diameter_um**2
    return pd.DataFrame({"area_um2": np.full(n, area), "predicted": predicted})


def saturated() -> MeanPlanes:
    planes = recording()
    return replace(planes, green=np.minimum(planes.green, 800))


def cut_off() -> MeanPlanes:
    planes = recording()
    return replace(planes, red=np.maximum(planes.red, 300))


def dim_at_one_side() -> MeanPlanes:
    planes = recording()
    light = np.linspace(0, 1, 200, dtype=np.float32) ** 4
    return replace(planes, green=planes.green * light + channel(2, 5) * 0.01)


def warned(
    planes: MeanPlanes, table: pd.DataFrame, bleed: dict[str, object] = BLEED
) -> dict[str, object]:
    models = [card(known_range=KNOWN), classifier(known_range=KNOWN)]
    return compare_with_training(models, planes, table, bleed)["known_range"]


def test_a_recording_inside_of_all_ranges() -> None:
    record = warned(recording(), cells())
    assert record["inside"] is True
    assert record["text"] == INSIDE
    assert record["warnings"] == []
    assert tuple(record["properties"]) == PROPERTIES
    for name, one in record["properties"].items():
        assert one["inside"] is True
        assert one["range"] == list(KNOWN[name])
        of_classes = name in ("red_fraction", "bleed_through")
        assert one["model"] == ("classes" if of_classes else "outlines")


@pytest.mark.parametrize(
    ("name", "planes", "table", "bleed", "said", "remedy"),
    [
        (
            "noise_green",
            replace(recording(), green=channel(1, 150)),
            cells(),
            BLEED,
            "Noise of green: ",
            "Average more frames",
        ),
        (
            "noise_red",
            replace(recording(), red=channel(0, 150)),
            cells(),
            BLEED,
            "Noise of red: ",
            "Average more frames",
        ),
        (
            "cut_bright",
            saturated(),
            cells(),
            BLEED,
            "Saturated pixels: 22",
            "before they were stretched",
        ),
        (
            "cut_dark",
            cut_off(),
            cells(),
            BLEED,
            "Pixels cut at the dark end: 22",
            "before they were stretched",
        ),
        (
            "unevenness",
            dim_at_one_side(),
            cells(),
            BLEED,
            "Uneven brightness: the brightest part",
            "Crop parts without light",
        ),
        (
            "soma_diameter_um",
            recording(),
            cells(diameter_um=19.2),
            BLEED,
            "Size of somata: outlines have a median diameter of 19.2 µm; the model "
            "outlines was trained on 9 µm to 15 µm.",
            "--diameter auto",
        ),
        (
            "density_per_mm2",
            recording(),
            cells(200),
            BLEED,
            "Density of cells: 5,000 cells per mm² were outlined; the model outlines "
            "was trained on 500 to 3,000.",
            "Check the pixel size",
        ),
        (
            "red_fraction",
            recording(),
            cells(red=1.0),
            BLEED,
            "Share of red cells: 100 % of the cells are red; the model classes was "
            "trained on 10 % to 90 %.",
            "Check what red marks",
        ),
        (
            "bleed_through",
            recording(),
            cells(),
            BLEED | {"slope": 0.5, "low": 0.4, "high": 0.6},
            "Bleed-through: ",
            "--bleed-through auto",
        ),
    ],
)
def test_each_warning_says_what_was_measured_the_range_and_what_to_do(
    name: Property,
    planes: MeanPlanes,
    table: pd.DataFrame,
    bleed: dict[str, object],
    said: str,
    remedy: str,
) -> None:
    record = warned(planes, table, bleed)
    outside = [k for k, one in record["properties"].items() if not one["inside"]]
    assert outside == [name]
    (warning,) = record["warnings"]
    assert warning.startswith(said)
    assert f"the model {record['properties'][name]['model']} was trained on" in warning
    assert remedy in warning
    assert record["inside"] is False
    assert record["text"].startswith("Outside of what the model was trained on: ")


def test_two_warnings_are_named_in_one_line() -> None:
    record = warned(recording(), cells(diameter_um=19.2, red=1.0))
    assert record["text"] == (
        "Outside of what the model was trained on: size of somata, share of red cells."
    )
    assert len(record["warnings"]) == 2


def test_cards_of_before_say_nothing() -> None:
    models = [card(), classifier()]
    assert compare_with_training(models, recording(), cells(), BLEED) == {}


def test_nothing_is_said_where_nothing_can_be_compared() -> None:
    flat = np.ones((1, 64, 64), np.float32)
    planes = MeanPlanes("a", flat, flat, 1.0)
    models = [card(known_range=KNOWN)]
    assert compare_with_training(models, planes, cells(0), {}) == {}


def test_what_no_model_knows_is_measured_and_not_judged() -> None:
    models = [card(known_range={"noise_red": (0, 1)}), classifier()]
    record = compare_with_training(models, recording(), cells(), BLEED)["known_range"]
    assert record["inside"] is True
    assert set(record["properties"]["density_per_mm2"]) == {"value"}
    assert record["properties"]["noise_red"]["range"] == [0, 1]


def test_a_property_that_a_later_version_measures_is_passed_over() -> None:
    models = [card(known_range={"sharpness": (0, 1), "noise_red": (0, 1)})]
    record = compare_with_training(models, recording(), cells(), BLEED)["known_range"]
    assert record["inside"] is True


def test_the_model_that_does_not_know_the_value_counts() -> None:
    narrow, wide = {"noise_red": (0.0, 0.1)}, {"noise_red": (0.0, 0.3)}
    models = [card(known_range=wide), classifier(known_range=narrow)]
    assert compare({"noise_red": 0.2}, models) == [
        Comparison("noise_red", 0.2, 0.0, 0.1, "classes")
    ]
    assert compare({"noise_red": 0.05}, models) == [
        Comparison("noise_red", 0.05, 0.0, 0.3, "outlines")
    ]


def test_red_is_no_matter_of_models_that_outline_cells() -> None:
    ranges = {"red_fraction": (0.1, 0.2), "bleed_through": (0, 0.1)}
    measured = {"red_fraction": 0.9, "bleed_through": 0.9}
    assert compare(measured, [card(known_range=ranges), classifier()]) == []
    judged = compare(measured, [card(), classifier(known_range=ranges)])
    assert [one.inside for one in judged] == [False, False]


def test_the_ends_of_a_range_are_in_it() -> None:
    assert Comparison("noise_red", 0.3, 0.1, 0.3, "m").inside
    assert Comparison("noise_red", 0.1, 0.1, 0.3, "m").inside
    assert not Comparison("noise_red", 0.31, 0.1, 0.3, "m").inside


def test_the_red_classes_are_those_whose_cells_are_red() -> None:
    assert red_classes([card(), classifier()]) == ("excitatory", "glia")
    markers = ("green alone", "red and green", "red alone")
    assert red_classes([classifier(markers=markers)]) == ("inhibitory", "glia")
    # a class of a study that says nothing of colours
    assert red_classes([classifier(markers=("", *markers[1:]))]) is None
    assert red_classes([card()]) is None


def test_the_verdict_is_read_from_the_file_of_a_run() -> None:
    record = warned(recording(), cells(diameter_um=19.2))
    run = json.loads(json.dumps({"known_range": record}))
    assert run["known_range"] == record
    verdict = recorded_verdict(run)
    assert verdict == TrainingVerdict(record["text"], tuple(record["warnings"]))
    assert verdict.lines() == [record["text"], f"  {record['warnings'][0]}"]


@pytest.mark.parametrize("run", [{}, {"known_range": 3}, {"known_range": {"text": 1}}])
def test_runs_of_before_and_edited_files_have_no_verdict(run: dict) -> None:
    assert recorded_verdict(run) is None


def test_a_card_without_ranges_is_written_as_before() -> None:
    assert "known_range" not in card().model_dump(mode="json")
    kept = card(known_range={"noise_red": [0, 0.5]}).model_dump(mode="json")
    assert kept["known_range"] == {"noise_red": [0.0, 0.5]}
    assert card(**{"known_range": kept["known_range"]}).known_range == {
        "noise_red": (0.0, 0.5)
    }


@pytest.mark.parametrize("ends", [(2, 1), (float("nan"), 1)])
def test_a_range_that_nothing_can_be_in_is_refused(ends: tuple[float, float]) -> None:
    with pytest.raises(ValueError, match="ends before it begins"):
        card(known_range={"noise_red": ends})
