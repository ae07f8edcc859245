from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from pydantic import ValidationError
from scipy import ndimage

from napari_cellid.config import SemirealConfig, SimulationConfig
from napari_cellid.config.semireal import SHARED
from napari_cellid.errors import InputError
from napari_cellid.progress import run_to_end
from napari_cellid.simulation.field import SimulatedField
from napari_cellid.simulation.semireal.draw import draw_semireal
from napari_cellid.simulation.semireal.field import (
    REAL,
    SIMULATED,
    SemirealField,
    relabel_from_one,
    simulate_red,
)
from napari_cellid.simulation.semireal.green import (
    MarkedGreen,
    measure_green_background,
)
from napari_cellid.simulation.semireal.red import draw_nuclei, expose_red
from napari_cellid.simulation.truth import list_sections

CLEAR = SemirealConfig(seed=4, n_frames=2000, bleed_green_to_red=0)


def grid(side: int = 256, step: int = 32, seed: int = 0) -> MarkedGreen:
    """Rings of 14 px on uneven neuropil, a vessel across; 1 µm a pixel."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:side, :side]
    labels = np.zeros((side, side), np.int32)
    green = 100 + 6 * ndimage.gaussian_filter(rng.standard_normal((side, side)), 1.5)
    middle = np.arange(step // 2, side - step // 4, step)
    for k, (cy, cx) in enumerate((a, b) for a in middle for b in middle):
        away = np.hypot(y - cy, x - cx)
        labels[away <= 7] = 10 + 3 * k
        green += 60 * np.exp(-(((away - 5.5) / 1.5) ** 2))
    green *= np.where(np.abs(y - x + side // 3) < 6, 0.2, 1) * np.linspace(1, 0.5, side)
    return MarkedGreen(np.round(green).astype(np.uint16)[None], labels[None], 1.0)


@pytest.fixture(scope="module")
def marked() -> MarkedGreen:
    return grid()


@pytest.fixture(scope="module")
def made(marked: MarkedGreen) -> SemirealField:
    return run_to_end(simulate_red(marked, CLEAR))


def test_the_seed_fixes_everything(marked: MarkedGreen, made: SemirealField) -> None:
    again = run_to_end(simulate_red(marked, CLEAR))
    for name in ("red", "green", "labels", "unsure"):
        np.testing.assert_array_equal(getattr(made, name), getattr(again, name))
    assert made.cells.equals(again.cells)
    other = run_to_end(simulate_red(marked, CLEAR.model_copy(update={"seed": 5})))
    assert not np.array_equal(made.red, other.red)
    assert not made.cells["class"].equals(other.cells["class"])


def test_green_is_the_image_that_was_given(marked, made) -> None:
    assert np.array_equal(made.green, marked.green)
    assert made.green.dtype == np.uint8
    float_image = replace(marked, green=marked.green / 7)
    stretched = run_to_end(simulate_red(float_image, CLEAR)).green
    assert stretched.dtype == np.uint16
    ratio = np.corrcoef(stretched.ravel(), marked.green.ravel())[0, 1]
    assert ratio == pytest.approx(1, abs=1e-6)


def test_marks_keep_their_labels_and_places(marked, made) -> None:
    marks = marked.labels > 0
    assert np.array_equal(made.labels[marks], marked.labels[marks])
    assert made.labels[~marks].min() == 0
    real = made.cells[made.cells["source"] == REAL]
    assert set(real["label"]) == set(np.unique(marked.labels)) - {0}
    for row in made.cells.itertuples():
        y, x = np.nonzero(made.labels[row.plane] == row.label)
        assert (y.mean(), x.mean()) == pytest.approx((row.y, row.x))
    assert set(made.cells["label"]) == set(np.unique(made.labels)) - {0}
    assert not (made.unsure & (made.labels > 0)).any()


def test_red_nuclei_are_where_the_class_says(made: SemirealField) -> None:
    cells, red = made.cells, made.red[0].astype(float)
    peak = np.array(
        [red[round(c.y) - 2 : round(c.y) + 3, round(c.x) - 2 : round(c.x) + 3].mean()
         for c in cells.itertuples()]
    )  # fmt: skip
    inhibitory = (cells["class"] == "inhibitory").to_numpy()
    assert (cells.loc[inhibitory, "red"] == "none").all()
    assert (cells.loc[inhibitory, "nucleus_um"] == 0).all()
    assert cells.loc[~inhibitory, "nucleus_um"].min() > 3
    assert peak[inhibitory].max() < np.median(red) + 0.2 * np.median(peak[~inhibitory])
    certain = cells[~cells["ambiguous"]]
    assert (certain["class"] == certain["biological"]).all()
    assert certain["red_contrast"][certain["class"] == "inhibitory"].max() < 0.5
    assert certain["red_shown"][certain["class"] != "inhibitory"].min() >= 0.08


def test_glia_are_in_quiet_tissue_away_from_marks(marked, made) -> None:
    glia = made.cells[made.cells["source"] == SIMULATED]
    assert (glia["class"] == "glia").all()
    assert len(glia) > 10
    # the centre that was drawn is that of the section, about
    away = ndimage.distance_transform_edt(marked.labels[0] == 0)
    y, x = np.round(glia[["y", "x"]].to_numpy()).astype(int).T
    assert away[y, x].min() >= CLEAR.glia_distance_um - 1
    ground = measure_green_background(
        marked.green[0].astype(float), marked.labels[0], 1.0
    )
    assert (ground.vessels[y, x] > 0.5).all()
    assert marked.labels[made.labels > marked.labels.max()].max() == 0


@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_shares_of_classes(share: float) -> None:
    marked = grid(side=384, step=24)
    config = SemirealConfig(seed=1, inhibitory_fraction=share, glia_share=0.1)
    counts = run_to_end(simulate_red(marked, config)).cells["class"].value_counts()
    n = len(np.unique(marked.labels)) - 1
    assert counts.get("inhibitory", 0) / n == pytest.approx(share, abs=0.06)
    assert counts.get("excitatory", 0) == n - counts.get("inhibitory", 0)
    assert counts["glia"] == pytest.approx(0.1 * n, abs=0.04 * n)


def test_a_share_changes_no_nucleus(marked: MarkedGreen, made: SemirealField) -> None:
    more = CLEAR.model_copy(update={"inhibitory_fraction": 0.6})
    other = run_to_end(simulate_red(marked, more)).cells.set_index("label")
    cells = made.cells.set_index("label")
    both = cells.index[(cells["red"] != "none")].intersection(
        other.index[other["red"] != "none"]
    )
    assert len(both) > 20
    np.testing.assert_allclose(
        cells.loc[both, "nucleus_um"], other.loc[both, "nucleus_um"]
    )


def test_bleed_through_raises_red_in_proportion(marked: MarkedGreen) -> None:
    labels = marked.labels[0].astype(np.int64)
    ground = measure_green_background(marked.green[0].astype(float), labels, 1.0)
    optics = SimulationConfig(height=256, width=256, pixel_size_um=1.0, n_planes=1)
    dark = np.zeros(labels.shape)
    images = [
        expose_red(
            dark, ground,
            SemirealConfig(bleed_green_to_red=share, green_photons_in_marks=2),
            optics.model_copy(update={"n_frames": 100_000}), np.random.default_rng(0),
        )
        for share in (0.0, 0.04, 0.08)
    ]  # fmt: skip
    one, two = images[1] - images[0], images[2] - images[0]
    np.testing.assert_allclose(two.mean(), 2 * one.mean(), rtol=1e-2)
    np.testing.assert_allclose(one, 0.04 * 2 * ground.light, atol=0.02)
    mark = ndimage.mean(ground.light, labels, np.unique(labels)[1:])
    assert np.median(mark) == pytest.approx(1)


def test_no_nucleus_is_larger_than_its_mark(marked: MarkedGreen) -> None:
    labels = marked.labels[0]
    numbers = np.unique(labels[labels > 0])
    marks = np.where(labels > 0, np.searchsorted(numbers, labels), -1)
    optics = SimulationConfig(height=256, width=256, pixel_size_um=1.0, n_planes=1)
    ground = measure_green_background(marked.green[0].astype(float), labels, 1.0)
    config = SemirealConfig(nucleus_diameter_um=20, largest_nucleus=0.8, elongation=0)
    rngs = [np.random.default_rng(k) for k in range(3)]
    nuclei = draw_nuclei(marks, ground, config, optics, rngs)
    area = list_sections(marks, optics)["area_um2"]
    size = 2 * np.sqrt(area / np.pi)
    np.testing.assert_allclose(nuclei.diameter[: len(numbers)], 0.8 * size)
    # the section, half-axis (radius, radius, depth) cut at its distance
    tissue = nuclei.tissue
    section = np.sqrt(tissue.soma[:, 0] ** 2 - tissue.centre[:, 0] ** 2)
    np.testing.assert_allclose(2 * section, nuclei.diameter)


def test_faint_marks_can_be_left_out(marked: MarkedGreen) -> None:
    # marks where green shows nothing, and no red
    blank = np.zeros_like(marked.labels[0])
    blank[100:110, 120:130] = 7
    empty = MarkedGreen(
        np.round(100 + np.random.default_rng(0).normal(0, 8, blank.shape))[None],
        blank[None], 1.0,
    )  # fmt: skip
    kept = SemirealConfig(inhibitory_fraction=1, glia_share=0, bleed_green_to_red=0)
    field = run_to_end(simulate_red(empty, kept))
    assert field.cells["label"].tolist() == [7]
    assert field.cells["ambiguous"].all()
    left = kept.model_copy(update={"faint_marks": "unsure"})
    field = run_to_end(simulate_red(empty, left))
    assert len(field.cells) == 0
    assert field.unsure[0, 105, 125]
    assert field.labels.max() == 0


def test_several_planes(field: SimulatedField) -> None:
    known = field.cells.loc[field.cells["class"] != "glia", "label"]
    labels = np.where(np.isin(field.labels, known), field.labels, 0)
    marked = MarkedGreen(field.green, labels, 1.17)
    made = run_to_end(simulate_red(marked, SemirealConfig(seed=2)))
    assert made.red.shape == field.green.shape
    assert set(made.cells["plane"]) == {0, 1}
    assert made.cells["label"].is_unique
    for row in made.cells.itertuples():
        assert (made.labels[row.plane] == row.label).any()
    # a plane without marks gets none
    labels[1] = 0
    made = run_to_end(
        simulate_red(replace(marked, labels=labels), SemirealConfig(seed=2))
    )
    assert set(made.cells["plane"]) == {0}


def test_numbers_for_training(made: SemirealField) -> None:
    field = relabel_from_one(made)
    assert field.cells["label"].tolist() == list(range(1, len(field.cells) + 1))
    for row in field.cells.itertuples():
        assert field.labels[row.plane, round(row.y), round(row.x)] == row.label
    assert isinstance(field, SimulatedField)
    assert field.config.pixel_size_um == 1.0


def test_green_can_be_changed(marked: MarkedGreen) -> None:
    base = SemirealConfig(seed=1)
    coarse = run_to_end(
        simulate_red(marked, base.model_copy(update={"green_resampling": 2.0}))
    )
    assert coarse.labels.shape == (1, 128, 128)
    assert coarse.config.pixel_size_um == 2.0
    y, x = (np.nonzero(marked.labels[0] == 10)[k].mean() for k in (0, 1))
    cell = coarse.cells.set_index("label").loc[10]
    place = ((y + 0.5) / 2 - 0.5, (x + 0.5) / 2 - 0.5)
    assert (cell["y"], cell["x"]) == pytest.approx(place, abs=0.6)

    plain = marked.green[0].astype(float)
    soft, noisy, steep = (
        run_to_end(simulate_red(marked, base.model_copy(update=change))).green[0]
        for change in (
            {"green_contrast": 0.5}, {"green_frames": 20}, {"green_gamma": 2.0}
        )
    )  # fmt: skip
    rough = [np.std(np.diff(image / np.ptp(image))) for image in (plain, noisy)]
    assert rough[1] > 1.3 * rough[0]
    # taken to a power, what is between dark and bright becomes darker
    middle = [(np.median(i) - i.min()) / np.ptp(i) for i in (plain, steep)]
    assert middle[1] < middle[0] - 0.05
    assert np.corrcoef(steep.ravel(), plain.ravel())[0, 1] > 0.9
    assert np.corrcoef(soft.ravel(), plain.ravel())[0, 1] > 0.8


def test_wide_settings_can_be_drawn_and_used(marked: MarkedGreen) -> None:
    drawn = [
        draw_semireal(np.random.default_rng(k), vary_green=k % 2 == 1)
        for k in range(40)
    ]
    assert max(d.bleed_green_to_red for d in drawn) > 0.12
    assert len({d.seed for d in drawn}) == 40
    assert {d.green_resampling for d in drawn[::2]} == {1.0}
    assert len({d.green_resampling for d in drawn[1::2]}) == 20
    fixed = draw_semireal(np.random.default_rng(0), bit_depth=8, glia_share=0.0)
    assert (fixed.bit_depth, fixed.glia_share) == (8, 0.0)
    for config in drawn[:4]:
        made = run_to_end(simulate_red(marked, config))
        assert np.ptp(made.red) > 0
        assert made.red.dtype == (np.uint8 if config.bit_depth == 8 else np.uint16)


def test_shared_settings_are_those_of_made_up_fields() -> None:
    for name in SHARED:
        mine, theirs = (
            c.model_fields[name] for c in (SemirealConfig, SimulationConfig)
        )
        assert mine.default == theirs.default
        assert mine.description == theirs.description
        assert str(mine.metadata) == str(theirs.metadata)
    with pytest.raises(ValidationError):
        SemirealConfig(inhibitory_fraction=1.5)
    assert all(f.description for f in SemirealConfig.model_fields.values())


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"labels": np.ones((1, 256, 250), int)}, "masks of the same field"),
        ({"labels": np.zeros((1, 256, 256), int)}, "hold no cell"),
        ({"green": np.full((1, 256, 256), np.nan)}, "not numbers"),
        ({"green": np.ones((1, 256, 256))}, "shows nothing"),
    ],
)
def test_what_cannot_be_used_is_told(marked: MarkedGreen, change, said) -> None:
    with pytest.raises(InputError, match=said):
        replace(marked, **change)


def test_sizes_that_cannot_be_simulated_are_told(marked: MarkedGreen) -> None:
    with pytest.raises(InputError, match="pixel size"):
        run_to_end(simulate_red(replace(marked, pixel_size_um=7.0), CLEAR))
    small = replace(
        marked, green=marked.green[:, :40], labels=np.ones((1, 40, 256), int)
    )
    with pytest.raises(InputError, match="height"):
        run_to_end(simulate_red(small, CLEAR))
    twice = np.stack([marked.labels[0]] * 2)
    with pytest.raises(InputError, match="more than one plane"):
        replace(marked, green=np.stack([marked.green[0]] * 2), labels=twice)
