"""A folder of a microscope is dropped on napari, and the button is pressed."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from driving import drop, run

from napari_cellid.widgets.session.result_layer import result_of

sys.path.append(str(Path(__file__).parents[2] / "io"))
from prairie_files import PrairieFolder


def test_a_prairieview_folder_needs_no_other_step(
    viewer, field, dock, qtbot, tmp_path, notifications
):
    data = np.stack([field.red, field.green], axis=1)[None].astype(np.uint16)
    folder = PrairieFolder(step="15").write(tmp_path / "ZSeries-mouse", data)
    red, green = drop(viewer, folder)
    assert dock.panel.rois.isHidden()
    layer = run(qtbot, dock)
    result = result_of(layer)
    assert result.name == "ZSeries-mouse"
    assert layer.data.shape == field.red.shape
    assert len(result.labelled.cells) > 5
    assert set(result.labelled.cells["plane"]) == {0, 1}
    planes = result.run_result.planes
    assert planes.pixel_size_um == pytest.approx(1.17)
    np.testing.assert_array_equal(planes.red, data[0, :, 0])
    np.testing.assert_array_equal(planes.green, data[0, :, 1])
    assert tuple(layer.scale) == tuple(green.scale) == (15, 1.17, 1.17)
    assert red in viewer.layers
