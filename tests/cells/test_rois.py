"""Label images, layers and tables of ROIs that overlap."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_cellid.cells.measure import measure
from napari_cellid.cells.rois import RoiSet, join_planes, measure_rois, roi_table
from napari_cellid.errors import InputError
from napari_cellid.recording import MeanPlanes

SHAPE = (1, 40, 48)


def roi_set(
    places: list[tuple[slice, slice]],
    weights: list[float] | None = None,
    iscell: list[float] | None = None,
) -> RoiSet:
    """Rectangles as ROIs, each with one weight."""
    pixels = [tuple(axis.ravel() for axis in np.mgrid[place]) for place in places]
    n = len(places)
    counts = [len(y) for y, _ in pixels]
    return RoiSet(
        SHAPE,
        np.zeros(n, np.intp),
        np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
        np.concatenate([[], *(y for y, _ in pixels)]).astype(np.int32),
        np.concatenate([[], *(x for _, x in pixels)]).astype(np.int32),
        np.repeat(weights or [1.0] * n, counts).astype(np.float32),
        pd.DataFrame(
            {
                "plane": 0, "roi": range(n), "iscell": iscell or [1.0] * n,
                "iscell_probability": 1.0, "redcell": np.nan,
                "redcell_probability": np.nan,
            }
        ),
    )  # fmt: skip


def images() -> MeanPlanes:
    rng = np.random.default_rng(1)
    red, green = rng.uniform(10, 20, (2, *SHAPE)).astype(np.float32)
    return MeanPlanes("field", red, green, 1.0)


@pytest.mark.parametrize(
    ("weights", "iscell", "owner"),
    [
        ([0.5, 0.9], [1.0, 1.0], 2),
        ([0.9, 0.5], [1.0, 1.0], 1),
        ([0.7, 0.7], [1.0, 1.0], 1),
        ([0.9, 0.5], [0.0, 1.0], 2),
        ([0.9, 0.5], [np.nan, 1.0], 1),
    ],
)
def test_a_shared_pixel_goes_to_accepted_then_to_strong_then_to_first(
    weights: list[float], iscell: list[float], owner: int
) -> None:
    rois = roi_set([np.s_[5:10, 5:10], np.s_[8:14, 8:14]], weights, iscell)
    labels = rois.label_image()[0]
    assert set(np.unique(labels[8:10, 8:10])) == {owner}
    assert labels[5, 5] == 1
    assert labels[13, 13] == 2


def test_a_hidden_roi_has_a_row_and_no_pixel_in_the_image() -> None:
    rois = roi_set([np.s_[5:15, 5:15], np.s_[7:9, 7:9]], [1.0, 0.5])
    labels = rois.label_image()
    assert set(np.unique(labels)) == {0, 1}
    table = roi_table(rois, measure_rois(rois, images()), labels)
    assert table["roi"].tolist() == [0, 1]
    assert table["npix"].tolist() == [100, 4]
    assert table["label_npix"].tolist() == [100, 0]
    # measured in its own pixels all the same
    assert table.loc[1, ["y", "x"]].tolist() == [7.5, 7.5]
    np.testing.assert_allclose(
        table.loc[1, "red_mean"], images().red[0, 7:9, 7:9].mean(), rtol=1e-5
    )


def test_rois_apart_are_measured_like_labels() -> None:
    rois = roi_set([np.s_[5:12, 5:10], np.s_[20:26, 20:28], np.s_[30:33, 2:9]])
    assert rois.n_layers == 1
    pd.testing.assert_frame_equal(
        measure_rois(rois, images()), measure(rois.label_image(), images())
    )


def test_other_rois_are_no_surroundings() -> None:
    planes = images()
    planes.red[0, 8:20, 8:20] = 1000
    rois = roi_set([np.s_[5:10, 5:10], np.s_[8:20, 8:20]])
    assert rois.n_layers == 2
    cells = measure_rois(rois, planes)
    around_first = planes.red[0, 5:8, 5:10].mean() / 15 - 1
    # the bright ROI would make the contrast of the first one negative
    assert cells["red_contrast"][0] > around_first - 1
    assert cells["red_contrast"][0] > 0


def test_rois_without_pixels_keep_their_place() -> None:
    rois = roi_set([np.s_[5:9, 5:9], np.s_[3:3, 3:3], np.s_[20:25, 20:25]])
    cells = measure_rois(rois, images())
    assert cells["label"].tolist() == [1, 3]
    table = roi_table(rois, cells, rois.label_image())
    assert table["npix"].tolist() == [16, 0, 25]
    assert table["y"].isna().tolist() == [False, True, False]
    assert table["predicted"].tolist() == ["", "", ""]


def test_planes_follow_one_another() -> None:
    first, second = roi_set([np.s_[5:9, 5:9]]), roi_set([np.s_[1:3, 1:3]] * 2)
    both = join_planes([first, second])
    assert both.shape == (2, 40, 48)
    assert both.plane.tolist() == [0, 1, 1]
    assert both.label_image()[1, 1, 1] == 2
    assert both.layer.tolist() == [0, 0, 1]


def test_more_layers_than_cells_can_have_are_refused() -> None:
    assert roi_set([np.s_[5:7, 5:7]] * 63).n_layers == 63
    with pytest.raises(InputError, match="More than 63 ROIs share a pixel"):
        _ = roi_set([np.s_[5:7, 5:7]] * 64).n_layers


rectangle = st.tuples(st.integers(0, 30), st.integers(0, 30), st.integers(1, 9)).map(
    lambda at: (slice(at[0], at[0] + at[2]), slice(at[1], at[1] + at[2]))
)


@given(st.lists(rectangle, min_size=1, max_size=12))
def test_layers_share_no_pixel_and_hold_every_roi(
    places: list[tuple[slice, slice]],
) -> None:
    rois = roi_set(places)
    for layer in range(rois.n_layers):
        image = rois.layer_image(layer)[0]
        for k in np.flatnonzero(rois.layer == layer):
            assert set(zip(*np.nonzero(image == k + 1), strict=True)) == set(
                zip(*rois.pixels(k), strict=True)
            )
    np.testing.assert_array_equal(rois.covered(), rois.label_image() > 0)
