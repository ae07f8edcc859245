"""What a training rehearses follows from the card of the model that it starts from."""

import json

import numpy as np
import pytest

from napari_cellid.models.card import ModelCard
from napari_cellid.progress import run_to_end
from napari_cellid.retrain import simulated_fields
from napari_cellid.retrain.simulated_fields import (
    Rehearsal,
    rehearsal_of,
    simulate_fields,
)

CARD = ModelCard(
    name="m", task="segment", architecture="unet",
    classes=("background", "rim", "core"), combination="pair", pixel_size_um=1.17,
    weights_sha256="",
)  # fmt: skip


def test_a_card_of_before_rehearses_the_kind_wide_as_before():
    assert rehearsal_of(CARD) == Rehearsal(("wide",), "cut")
    assert "simulated_kinds" not in json.loads(CARD.model_dump_json())
    assert "simulated_outlines" not in json.loads(CARD.model_dump_json())


def test_kinds_and_truth_stand_in_the_card():
    card = CARD.model_copy(
        update={"simulated_kinds": ("broad", "sharp"), "simulated_outlines": "visible"}
    )
    again = ModelCard.model_validate_json(card.model_dump_json())
    assert rehearsal_of(again) == Rehearsal(("broad", "sharp"), "visible")
    assert str(rehearsal_of(again)) == "the kinds broad and sharp"
    assert str(Rehearsal()) == "the kind wide"


def test_kinds_of_a_later_version_are_left_out():
    card = CARD.model_copy(update={"simulated_kinds": ("unheard-of", "sharp")})
    assert rehearsal_of(card).kinds == ("sharp",)
    assert rehearsal_of(CARD.model_copy(update={"simulated_kinds": ("x",)})) == (
        Rehearsal()
    )


def test_kinds_are_simulated_in_turn_with_their_truth(monkeypatch):
    drawn = []
    draw = simulated_fields.draw_config

    def small(kind, rng, **fixed):
        drawn.append((kind, fixed["outlined"]))
        return draw(kind, rng, **fixed).model_copy(update={"pixel_size_um": 2.5})

    monkeypatch.setattr(simulated_fields, "draw_config", small)
    fields = run_to_end(simulate_fields(3, Rehearsal(("broad", "wide"), "visible"), 1))
    assert drawn == [("broad", "visible"), ("wide", "visible"), ("broad", "visible")]
    assert [planes.shape for planes, _, _ in fields] == [(1, 100, 100)] * 3


@pytest.mark.parametrize("outlined", ["cut", "visible"])
def test_without_red_no_cell_is_asked_for_that_only_red_shows(outlined):
    rehearsal = Rehearsal(("nominal",), outlined)
    ((planes, labels, unsure),) = run_to_end(simulate_fields(1, rehearsal, 4, alone=1))
    assert planes.red is None
    ((_, every, _),) = run_to_end(simulate_fields(1, rehearsal, 4))
    hidden = (every > 0) & (labels == 0)
    assert hidden.any()
    assert unsure[hidden].all()
    assert np.isin(labels, every).all()
