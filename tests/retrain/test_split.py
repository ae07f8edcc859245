"""What is held out stays held out."""

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_cellid.config import SplitConfig
from napari_cellid.errors import InputError
from napari_cellid.retrain.split import hash_fraction, split_cells, split_off_validation

CONFIG = SplitConfig()
SIDE = 480.0


def recording(name, animal="", subvolume="", n=40, seed=0):
    rng = np.random.default_rng([seed, *name.encode()])
    y, x = rng.uniform(0, SIDE, (2, n))
    return pd.DataFrame(
        {
            "recording": name, "cell": np.arange(1, n + 1), "animal": animal,
            "subvolume": subvolume, "plane": 0, "y": y, "x": x,
            "class": np.array(["a", "b", "c"])[np.arange(n) % 3],
        }
    )  # fmt: skip


def table(*parts):
    return pd.concat(parts, ignore_index=True)


def split(folder, cells, config=CONFIG, um=1.0, **how):
    pixel_um = dict.fromkeys(cells["recording"], um)
    return split_cells(folder, cells, config, pixel_um, **how)


def roles(cells, found):
    keys = zip(cells["recording"], cells["cell"], strict=True)
    return dict(zip(keys, found.role, strict=True))


def of_units(found):
    made = {}
    for unit, role in zip(found.unit, found.role, strict=True):
        made.setdefault(unit, set()).add(role)
    return made


def test_animals_are_held_out_as_a_whole(tmp_path):
    cells = table(*(recording(f"r{k}", f"m{k // 2}") for k in range(16)))
    found = split(tmp_path, cells)
    units = of_units(found)
    assert set(units) == {f"animal m{k}" for k in range(8)}
    assert all(len(one) == 1 for one in units.values())
    assert set(found.role) == {"train", "validation", "test"}
    assert 1 <= len(found.held_out) <= 2
    assert found.words.startswith("Held out: animal")
    assert "optimistic" not in found.words


def test_a_single_recording_is_cut_in_pieces_of_150_um(tmp_path):
    cells = recording("r1", "m1", n=200)
    found = split(tmp_path, cells, um=0.75)
    edge = 150 / 0.75
    for unit in set(found.unit):
        here = cells[found.unit == unit]
        assert np.ptp(here["y"]) <= edge
        assert np.ptp(here["x"]) <= edge
    assert set(found.role) >= {"train", "test"}
    assert (
        "of r1. Other cells of the same recording are used for training" in found.words
    )


def test_two_recordings_of_one_animal_are_said_to_be_near(tmp_path):
    found = split(tmp_path, table(recording("r1", "m1"), recording("r2", "m1")))
    assert {"recording r1", "recording r2"} == set(found.unit)
    assert "Other cells of the same animal are used for training" in found.words


def test_sub_volumes_come_before_recordings(tmp_path):
    parts = [recording(f"r{k}", "m1", f"v{k // 2}") for k in range(4)]
    found = split(tmp_path, table(*parts))
    assert set(found.unit) == {"sub-volume v0 of m1", "sub-volume v1 of m1"}


def test_unnamed_animals_are_said(tmp_path):
    found = split(tmp_path, table(recording("r1"), recording("r2")))
    assert "Not every recording names its animal" in found.words


def test_a_study_that_grows_from_one_recording_to_animals(tmp_path):
    first = recording("r1", "m1", n=200)
    before = roles(first, split(tmp_path, first))
    cells = table(first, *(recording(f"r{k}", f"m{k}") for k in range(2, 8)))
    found = split(tmp_path, cells)
    after = roles(cells, found)
    assert all(after[key] == role for key, role in before.items())
    assert {u for u in found.unit if u.startswith("animal")} == {
        f"animal m{k}" for k in range(2, 8)
    }
    # part of m1 is trained on, and part is held out
    assert "optimistic" in found.words


def test_nothing_moves_though_animals_are_renamed_and_outlines_mended(tmp_path):
    one = recording("r1", "m1", n=200)
    before = roles(one, split(tmp_path, one))
    mended = one.assign(y=one["y"][::-1].to_numpy(), animal="mouse 1")
    assert roles(one, split(tmp_path, mended, um=2.0)) == before

    there = tmp_path / "animals"
    there.mkdir()
    cells = table(*(recording(f"r{k}", f"m{k}") for k in range(6)))
    before = roles(cells, split(there, cells))
    assert roles(cells, split(there, cells.assign(animal="m"))) == before


def test_other_shares_move_nothing(tmp_path):
    cells = table(*(recording(f"r{k}", f"m{k}") for k in range(6)))
    before = split(tmp_path, cells).role
    other = SplitConfig(held_out=0.5, validation=0.5)
    np.testing.assert_array_equal(split(tmp_path, cells, other).role, before)


def test_one_place_has_one_unit_and_says_so(tmp_path):
    cells = recording("r1", n=5).assign(y=1.0, x=1.0)
    found = split(tmp_path, cells)
    assert set(found.role) == {"train"}
    assert found.held_out == ()
    assert found.words.startswith("Nothing is held out")


def test_what_is_only_asked_is_not_kept(tmp_path):
    cells = recording("r1", n=50)
    asked = split(tmp_path, cells, keep=False)
    assert not list(tmp_path.iterdir())
    np.testing.assert_array_equal(asked.role, split(tmp_path, cells).role)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.lists(
            st.tuples(st.integers(0, 6), st.integers(0, 2)), min_size=1, max_size=4
        ),
        min_size=1,
        max_size=5,
    ),
    st.booleans(),
)
def test_a_cell_never_moves_whatever_comes(tmp_path_factory, batches, named):
    """Recordings come in batches of (animal, sub-volume)."""
    folder = tmp_path_factory.mktemp("study")
    cells, known, n = None, {}, 0
    for batch in batches:
        for animal, part in batch:
            n += 1
            name = f"m{animal}" if named else ""
            new = recording(f"r{n}", name, f"v{part}" if part else "", n=12)
            cells = new if cells is None else table(cells, new)
        found = split(folder, cells)
        now = roles(cells, found)
        assert {key: now[key] for key in known} == known
        assert all(len(one) == 1 for one in of_units(found).values())
        if len(set(found.unit)) > 1:
            assert {"train", "test"} <= set(found.role)
        known = now


def test_the_role_is_that_of_the_name_on_every_computer():
    assert hash_fraction("animal m1") == pytest.approx(0.31346283981, abs=1e-10)


def test_validation_cells_come_from_training_cells_of_frequent_classes(tmp_path):
    cells = table(recording("r1", "m1", n=120), recording("r2", "m2", n=120))
    found = split(tmp_path, cells)
    train = found.role == "train"
    rare = np.flatnonzero(train)[:4]
    cells.loc[rare, "class"] = "rare"
    inner = split_off_validation(found, cells, 0.15)
    np.testing.assert_array_equal(inner.role == "test", found.role == "test")
    chosen = inner.role == "validation"
    assert 0.05 < chosen.sum() / train.sum() < 0.3
    assert (inner.role[rare] == "train").all()
    assert found.role[chosen].tolist() == ["train"] * chosen.sum()


@pytest.mark.parametrize(
    "text",
    ["{", "[]", '{"format": 1}', '{"format": 9, "roles": {}, "recordings": {}}',
     '{"format": 1, "roles": {"animal m1": "all"}, "recordings": {}}'],
)  # fmt: skip
def test_a_broken_file_is_refused_and_left(tmp_path, text):
    path = tmp_path / "split.json"
    path.write_text(text)
    with pytest.raises(InputError, match="restore it from a copy"):
        split(tmp_path, recording("r1"))
    assert path.read_text() == text


def test_the_file_can_be_read_by_people(tmp_path):
    split(tmp_path, table(recording("r1", "m1"), recording("r2", "m2")))
    values = json.loads((tmp_path / "split.json").read_text("utf-8"))
    assert values["recordings"]["r1"] == {"unit": "animal m1"}
    assert set(values["roles"]) == {"animal m1", "animal m2"}


def test_a_drive_that_cannot_be_written_is_told(tmp_path, monkeypatch):
    def refuse(path):
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr("napari_cellid.retrain.split_file.atomic_write", refuse)
    with pytest.raises(InputError, match="training needs write access to the study"):
        split(tmp_path, recording("r1"))
