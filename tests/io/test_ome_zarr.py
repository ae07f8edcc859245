"""OME-Zarr folders, versions 0.4 and 0.5."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from napari_cellid.errors import InputError
from napari_cellid.io import ReadOptions, read_recording, reader_for
from napari_cellid.io.napari_layers import layers_of, reader_for_napari

zarr = pytest.importorskip("zarr")

SHAPE = (3, 2, 4, 32, 40)
DATA = np.random.default_rng(0).integers(0, 999, SHAPE).astype(np.uint16)


def attributes(version, axes="tczyx"):
    kinds = {"t": "time", "c": "channel"}
    units = {"t": "second", "c": None}
    scales = {"t": 0.1, "c": 1.0, "z": 5.0, "y": 0.6, "x": 0.6}
    return {
        "multiscales": [
            {
                "version": version,
                "axes": [
                    {
                        "name": axis,
                        "type": kinds.get(axis, "space"),
                        **({"unit": u} if (u := units.get(axis, "micrometer")) else {}),
                    }
                    for axis in axes
                ],
                "datasets": [
                    {
                        "path": "0",
                        "coordinateTransformations": [
                            {"type": "scale", "scale": [scales[a] for a in axes]}
                        ],
                    }
                ],
            }
        ],
        "omero": {
            "channels": [
                {"label": "Ch2", "color": "00FF00"},
                {"label": "Ch1", "color": "FF0000"},
            ]
        },
    }


def write(folder, version="0.4", data=DATA, said=None):
    said = attributes(version) if said is None else said
    group = zarr.open_group(str(folder), mode="w", zarr_format=2 + (version == "0.5"))
    array = group.create_array("0", shape=data.shape, chunks=(1, 1, *data.shape[2:]),
                               dtype=data.dtype)  # fmt: skip
    array[...] = data
    group.attrs.update({"ome": said} if version == "0.5" else said)
    return folder


@pytest.mark.parametrize("version", ["0.4", "0.5"])
def test_axes_sizes_and_colours_of_the_metadata_are_used(tmp_path, version):
    folder = write(tmp_path / "mouse.ome.zarr", version)
    assert reader_for(folder).name == "ome-zarr"
    made = read_recording(both=folder)
    np.testing.assert_array_equal(made.green.compute(), DATA[:, 0])
    np.testing.assert_array_equal(made.red.compute(), DATA[:, 1])
    assert (made.pixel_size_um, made.frame_rate_hz) == (0.6, 10.0)
    assert made.plane_depths_um == (0, 5, 10, 15)
    assert made.name == "mouse"
    assert made.green.numblocks == (3, 1, 1, 1)


def test_napari_gets_scaled_layers(tmp_path):
    folder = write(tmp_path / "mouse.zarr")
    (green, red), _ = layers_of(reader_for_napari(folder), folder)
    assert [green[1]["colormap"], red[1]["colormap"]] == ["green", "red"]
    assert red[1]["scale"] == pytest.approx((0.1, 5, 0.6, 0.6))
    assert red[1]["units"] == ("s", "um", "um", "um")


def test_a_folder_with_several_images_is_refused(tmp_path):
    folder = write(tmp_path / "plate.zarr", said={"plate": {"wells": []}})
    with pytest.raises(InputError, match=r"several images \(plate\)"):
        read_recording(both=folder)


def test_a_zarr_folder_of_something_else_is_refused(tmp_path):
    folder = write(tmp_path / "table.zarr", said={"table": 1})
    with pytest.raises(InputError, match="without the metadata of OME-Zarr"):
        read_recording(both=folder)


def test_an_array_that_is_missing_is_refused(tmp_path):
    folder = write(tmp_path / "a.zarr")
    (folder / "0" / ".zarray").unlink()
    with pytest.raises(InputError, match=r"a.zarr: its array 0 cannot be opened"):
        read_recording(both=folder)


def test_a_damaged_chunk_is_refused_when_it_is_read(tmp_path):
    folder = write(tmp_path / "a.zarr")
    chunk = next(
        p for p in (folder / "0").rglob("*") if p.is_file() and p.name[0] != "."
    )
    chunk.write_bytes(chunk.read_bytes()[:9])
    made = read_recording(both=folder)
    with pytest.raises(InputError, match=r"a.zarr cannot be read any further"):
        made.red.compute(), made.green.compute()


_ODD = st.sampled_from([None, [], {}, "text", -1, 1e308, "NaN", "../0", "/etc", [1]])


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(_ODD, st.sampled_from(["multiscales", "axes", "datasets", "path", "scale",
                              "channels", "unit", "name"]))  # fmt: skip
def test_odd_metadata_are_read_or_refused(tmp_path, value, key):
    folder = tmp_path / "odd.zarr"
    if not folder.exists():
        write(folder)
    said = attributes("0.4")

    def change(node):
        for name, child in node.items() if isinstance(node, dict) else enumerate(node):
            if name == key:
                node[name] = value
            elif isinstance(child, (dict, list)):
                change(child)

    change(said)
    (folder / ".zattrs").write_text(json.dumps(said))
    options = ReadOptions(red_channel=0, green_channel=1, pixel_size_um=1)
    try:
        made = read_recording(both=folder, options=options)
    except InputError as error:
        assert "odd" in str(error)
    else:
        assert made.red.compute().size == DATA.size // 2
