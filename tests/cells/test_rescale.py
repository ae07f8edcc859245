"""Label images at another pixel size."""

from __future__ import annotations

import numpy as np
import pytest

from napari_cellid.cells.rescale import rescale_labels
from napari_cellid.channels.resampling import rescale, scaled_shape


def test_labels_take_the_nearest_and_no_number_in_between():
    labels = np.array([[1, 9], [0, 4]], np.int32)
    twice = rescale_labels(labels, 2, (4, 4))
    assert twice.tolist() == np.kron(labels, np.ones((2, 2), int)).tolist()
    assert twice.dtype == labels.dtype
    assert rescale_labels(twice, 0.5, (2, 2)).tolist() == labels.tolist()
    assert rescale_labels(labels, 1, labels.shape).tolist() == labels.tolist()


@pytest.mark.parametrize("factor", [0.4, 0.85, 1.3, 2.0])
def test_labels_go_on_fitting_their_image(factor):
    labels = np.zeros((2, 60, 80), np.int32)
    labels[0, 12:30, 20:44], labels[1, 30:50, 50:70] = 1, 2
    shape = scaled_shape((60, 80), factor)
    image = rescale((labels > 0).astype(np.float32), factor, shape)
    mask = rescale_labels(labels > 0, factor, shape)
    assert mask.shape == image.shape and mask.dtype == bool
    # they differ at the rim alone, where the image is blurred
    assert (mask != (image > 0.5)).mean() < 0.02
