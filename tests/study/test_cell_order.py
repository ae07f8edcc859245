"""Whom to ask about what next."""

from __future__ import annotations

from typing import get_args

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_cellid.annotation.answer import CellKey
from napari_cellid.config import QueueConfig, QueueOrder
from napari_cellid.study.cell_order import order_cells

CLASSES = ("excitatory", "inhibitory", "glia")
NOBODY = pd.DataFrame(columns=["recording", "cell", "annotator", "answer"])


def make_cells(
    confidence: list[float], predicted: list[str] | None = None, recording: str = "r"
) -> pd.DataFrame:
    n = len(confidence)
    return pd.DataFrame(
        {
            "recording": recording, "cell": np.arange(1, n + 1), "plane": 0,
            "y": 10.0, "x": np.arange(n) * 20.0,
            "predicted": predicted or [CLASSES[0]] * n, "confidence": confidence,
        }
    )  # fmt: skip


def answers(*rows: tuple[int, str, str]) -> pd.DataFrame:
    table = pd.DataFrame(rows, columns=["cell", "annotator", "answer"])
    return table.assign(recording="r")


def numbers(cells: pd.DataFrame, order: str, said: pd.DataFrame = NOBODY) -> list[int]:
    config = QueueConfig(order=order)
    found = order_cells(cells, (), said, config, "Ann", CLASSES)
    return [key.cell for key in found]


def test_least_certain_first_and_without_prediction_last() -> None:
    cells = make_cells([0.9, np.nan, 0.4, 0.6, 0.4])
    assert numbers(cells, "uncertain") == [3, 5, 4, 1, 2]


def test_most_disputed_first_then_uncertain() -> None:
    said = answers(
        (1, "A", "glia"), (1, "B", "glia"), (1, "C", "glia"),
        (2, "A", "glia"), (2, "B", "glia"), (2, "C", "inhibitory"),
        (3, "A", "glia"), (3, "B", "excitatory"), (3, "C", "inhibitory"),
    )  # fmt: skip
    assert numbers(make_cells([0.9, 0.8, 0.7, 0.6]), "disputed", said) == [3, 2, 4, 1]


def test_rarest_class_first() -> None:
    e, i, g = CLASSES
    cells = make_cells([0.9, 0.8, 0.7, 0.6, 0.5, 0.4], [e, e, e, i, i, g])
    assert numbers(cells, "rare") == [6, 5, 4, 3, 2, 1]
    # what people say counts more than the model: cells 1 and 2 are glia, too
    said = answers(
        (1, "A", g), (1, "B", g), (1, "C", e), (2, "A", g), (6, "A", "not_a_cell")
    )
    # now: e 1, i 2, g 2; and a cell that is of no class
    assert numbers(cells, "rare", said) == [3, 5, 4, 2, 1, 6]


def test_random_differs_between_people_and_stays() -> None:
    cells = make_cells([0.5] * 200)
    config = QueueConfig(order="random")
    ann, bo = (
        order_cells(cells, (), NOBODY, config, name, CLASSES) for name in ("Ann", "Bo")
    )
    assert ann != bo
    assert sorted(ann) == sorted(bo)
    assert ann != sorted(ann)
    some = cells.sample(frac=0.6, random_state=1)
    fewer = order_cells(some, (), NOBODY, config, "Ann", CLASSES)
    assert fewer == [key for key in ann if key in set(fewer)]
    # Spearman between two people's orders: 0 but for chance (1/sqrt(199) = 0.07)
    place = {key: k for k, key in enumerate(bo)}
    ranks = [place[key] for key in ann]
    assert abs(np.corrcoef(ranks, np.arange(200))[0, 1]) < 0.25


def test_the_shuffle_is_even() -> None:
    """Each of many people has each cell first about as often."""
    cells = make_cells([0.5] * 5)
    config = QueueConfig(order="random")
    first = [
        order_cells(cells, (), NOBODY, config, f"person {k}", CLASSES)[0].cell
        for k in range(1000)
    ]
    counts = np.bincount(first, minlength=6)[1:]
    chi_squared = ((counts - 200) ** 2 / 200).sum()
    assert chi_squared < 18.5  # 4 degrees of freedom, p = 0.001


def test_place_goes_to_and_fro() -> None:
    rows = [("b", 1, 0, 5, 5), ("a", 9, 1, 5, 5), ("a", 1, 0, 20, 10),
            ("a", 2, 0, 90, 400), ("a", 3, 0, 110, 350), ("a", 4, 0, 190, 30),
            ("a", 5, 0, 230, 60)]  # fmt: skip
    cells = pd.DataFrame(rows, columns=["recording", "cell", "plane", "y", "x"])
    cells = cells.assign(predicted="", confidence=np.nan).sample(frac=1, random_state=2)
    config = QueueConfig(order="place")
    found = order_cells(cells, (), NOBODY, config, "Ann", CLASSES)
    assert found == [
        ("a", 1), ("a", 2), ("a", 3), ("a", 4), ("a", 5), ("a", 9), ("b", 1)
    ]  # fmt: skip


def test_place_moves_the_view_little() -> None:
    generator = np.random.default_rng(0)
    cells = make_cells([0.5] * 300)
    cells[["y", "x"]] = generator.uniform(0, 512, (300, 2))
    where = cells.set_index("cell")[["y", "x"]].to_numpy()

    def steps(order: str) -> np.ndarray:
        path = where[np.array(numbers(cells, order)) - 1]
        return np.hypot(*np.diff(path, axis=0).T)

    assert np.median(steps("place")) < 0.25 * np.median(steps("random"))


@pytest.mark.parametrize("order", get_args(QueueOrder))
@given(data=st.data())
def test_every_open_cell_once(order: str, data: st.DataObject) -> None:
    n = data.draw(st.integers(0, 12))
    confidence = data.draw(
        st.lists(st.floats(0, 1) | st.just(np.nan), min_size=n, max_size=n)
    )
    cells = make_cells(confidence)
    keys = [CellKey("r", k) for k in range(1, n + 1)]
    own = set(data.draw(st.lists(st.sampled_from(keys)))) if keys else set()
    said = answers(*data.draw(
        st.lists(st.tuples(st.integers(0, 15), st.sampled_from("AB"),
                           st.sampled_from([*CLASSES, "unsure", "gone"])))
    ))  # fmt: skip
    config = QueueConfig(order=order)
    found = order_cells(cells, own, said, config, "Ann", CLASSES)
    assert sorted(found) == [key for key in keys if key not in own]
    assert all(type(key.cell) is int for key in found)
    config = QueueConfig(order=order, only_unanswered=False)
    again = order_cells(cells, own, said, config, "Ann", CLASSES)
    assert sorted(again) == keys


def test_numbers_of_two_recordings_are_not_mixed_up() -> None:
    cells = pd.concat([make_cells([0.5, 0.5], recording=name) for name in "rs"])
    said = answers((2, "A", "glia"), (2, "B", "inhibitory"))
    config = QueueConfig(order="disputed")
    found = order_cells(cells, (), said, config, "Ann", CLASSES)
    assert found[0] == CellKey("r", 2)
    own = {CellKey("r", 2): "glia"}
    assert CellKey("s", 2) in order_cells(cells, own, said, config, "Ann", CLASSES)
