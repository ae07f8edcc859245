from __future__ import annotations

import numpy as np
import pytest

from napari_cellid.config import SimulationConfig
from napari_cellid.progress import run_to_end
from napari_cellid.simulation.conditions import KINDS, draw_config
from napari_cellid.simulation.field import SimulatedField, simulate
from napari_cellid.simulation.optics import Light
from napari_cellid.simulation.sections import cut_areas
from napari_cellid.simulation.tissue import Tissue, generate_tissue
from napari_cellid.simulation.truth import SMALLEST_UM2

SMALL = SimulationConfig(seed=5, height=128, width=128, n_planes=1)


def test_the_seed_fixes_everything() -> None:
    a, b = run_to_end(simulate(SMALL)), run_to_end(simulate(SMALL))
    for name in ("red", "green", "labels", "unsure"):
        np.testing.assert_array_equal(getattr(a, name), getattr(b, name))
    assert a.cells.equals(b.cells)
    other = run_to_end(simulate(SMALL.model_copy(update={"seed": 6})))
    assert not np.array_equal(a.red, other.red)


def test_labels_and_table_agree(field: SimulatedField) -> None:
    assert field.red.shape == field.green.shape == field.labels.shape == (2, 128, 160)
    assert np.unique(field.labels[field.labels > 0]).tolist() == sorted(
        field.cells["label"]
    )
    for row in field.cells.itertuples():
        y, x = np.nonzero(field.labels[row.plane] == row.label)
        assert abs(y.mean() - row.y) < 1e-6
        assert abs(x.mean() - row.x) < 1e-6
    assert not (field.unsure & (field.labels > 0)).any()


def test_colours_carry_the_class() -> None:
    config = SimulationConfig(
        seed=1, n_planes=1, bleed_green_to_red=0, green_brightness=3, n_frames=2000
    )
    result = run_to_end(simulate(config))
    clear = result.cells[~result.cells["ambiguous"]]
    red = clear["red_z"].groupby(clear["class"]).median()
    green = clear["green_z"].groupby(clear["class"]).median()
    assert red["excitatory"] > 10 and red["glia"] > 10 > red["inhibitory"]
    assert green["excitatory"] > 4 and green["inhibitory"] > 4 > green["glia"]
    inhibitory = clear[clear["biological"] == "inhibitory"]
    assert (inhibitory["class"] == "inhibitory").all()


def test_what_a_screen_would_not_show_is_not_called_seen() -> None:
    config = SimulationConfig(seed=1, n_planes=1, n_frames=2000)
    cells = run_to_end(simulate(config)).cells
    # noise alone would let far fainter nuclei count as seen
    certain = cells[(cells["class"] != "inhibitory") & ~cells["ambiguous"]]
    assert certain["red_shown"].min() >= 0.08
    assert (cells["red_z"] > 10).sum() > 100
    lit = (cells["class"] == "glia") & ~cells["ambiguous"]
    assert cells.loc[lit, "green_shown"].max() < 0.3


def test_only_cells_that_the_plane_cuts_are_cells_of_it() -> None:
    config = SimulationConfig(seed=2, height=256, width=256, n_planes=1, tilt_um=0)
    visited: list[tuple[Tissue, Light]] = []
    field = run_to_end(
        simulate(config, lambda k, tissue, light, scan: visited.append((tissue, light)))
    )
    ((tissue, light),) = visited
    cut = cut_areas(tissue, config, 0)
    assert field.cells["cut_um2"].min() >= SMALLEST_UM2
    assert field.cells["cut_um2"].tolist() == cut[field.cells["tissue"]].tolist()
    # cells beside the plane shine in; they are neither cells of it nor in doubt
    outlined = np.unique(light.soma[light.soma >= 0])
    beside = outlined[(cut[outlined] < SMALLEST_UM2) & (tissue.green[outlined] > 0)]
    assert len(beside) > 5
    shown = np.isin(light.soma, beside)
    assert not field.labels[0][shown].any()
    assert not field.unsure[0][shown].any()


def test_somata_do_not_overlap() -> None:
    tissue = generate_tissue(SMALL, np.random.default_rng(0))
    radius = tissue.soma.mean(1)
    away = np.linalg.norm(tissue.centre[:, None] - tissue.centre[None], axis=2)
    np.fill_diagonal(away, np.inf)
    # outlines are drawn after placing, so a hair of tolerance
    assert (away > 0.9 * SMALL.soma_gap * (radius[:, None] + radius[None])).all()


def test_each_excitatory_cell_is_pear_shaped_in_its_own_way() -> None:
    config = SimulationConfig(seed=3, height=512, width=512)
    tissue = generate_tissue(config, np.random.default_rng(3))
    taper = tissue.outline[:, 0, 0]
    pears, others = taper[tissue.kind == 0], taper[tissue.kind != 0]
    # the taper is drawn for each cell, beside what every soma is uneven by
    assert pears.mean() - others.mean() == pytest.approx(0.08, abs=0.015)
    assert pears.var() - others.var() > 0.03**2


def test_density_is_what_was_asked_for() -> None:
    config = SimulationConfig(seed=0, neuron_density=0.6e5, glia_density=2e4)
    tissue = generate_tissue(config, np.random.default_rng(0))
    extent = np.ptp(tissue.centre, axis=0)
    density = (tissue.kind != 2).sum() / (np.prod(extent) * 1e-9)
    assert density == pytest.approx(0.6e5, rel=0.1)


def test_no_cells_make_an_empty_field() -> None:
    config = SMALL.model_copy(update={"neuron_density": 0.0, "glia_density": 0.0})
    result = run_to_end(simulate(config))
    assert len(result.cells) == 0
    assert result.labels.max() == 0


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_can_be_drawn(kind) -> None:
    rng = np.random.default_rng(2)
    config = draw_config(kind, rng, n_planes=1, height=96, width=96)
    result = run_to_end(simulate(config))
    assert result.red.shape == (1, 96, 96)
    assert result.red.dtype == (np.uint8 if config.bit_depth == 8 else np.uint16)
    assert np.ptp(result.green) > 0
