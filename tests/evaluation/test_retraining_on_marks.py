"""Marks of people become the training field of the left half alone."""

import numpy as np
import pandas as pd
import pytest
import tifffile

from tools.evaluation.retraining_on_marks import DECLARED_UM, DISC_UM, left_half

SHAPE = (60, 100)


@pytest.fixture
def data(tmp_path):
    folder = tmp_path / "real" / "gcamp_three_raters"
    folder.mkdir(parents=True)
    tifffile.imwrite(folder / "green.tif", np.ones(SHAPE, np.float32))
    marks = {
        # seen by all, by two, by one, and in the right half
        "a": [(15, 15), (15, 35), (40, 15), (30, 80)],
        "b": [(16, 15), (15, 36), (30, 81)],
        "c": [(15, 16), (31, 80)],
    }
    for letter, rows in marks.items():
        table = pd.DataFrame(rows, columns=["y", "x"])
        table.to_csv(folder / f"rater_{letter}.csv", index=False)
    return tmp_path


def test_cells_that_two_people_marked_become_discs_in_the_left_half(data):
    planes, labels = left_half(data)
    assert planes.shape == labels.shape == (1, 60, 50)
    assert planes.pixel_size_um == DECLARED_UM
    assert planes.red is None
    assert np.unique(labels).tolist() == [0, 1, 2]
    assert labels[0, 15, 15] and labels[0, 15, 35]
    assert not labels[0, 40, 15]
    diameter = 2 * np.sqrt((labels == 1).sum() / np.pi) * DECLARED_UM
    assert diameter == pytest.approx(DISC_UM, rel=0.1)
