"""Imaging data in NWB files, written here with h5py alone."""

from __future__ import annotations

import tracemalloc

import h5py
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from napari_cellid.errors import InputError
from napari_cellid.io import ReadOptions, read_recording, reader_for
from napari_cellid.io.napari_layers import layers_of, reader_for_napari

FRAMES, ROWS, COLUMNS = 6, 32, 48


def movie(seed=0, planes=None):
    random = np.random.default_rng(seed)
    shape = (FRAMES, *([planes] if planes else []), ROWS, COLUMNS)
    return random.integers(-50, 900, shape).astype(np.int16)


def add_plane(file, emission, spacing=(1e-6, 1e-6), unit="meters", name="plane"):
    plane = file.create_group(f"general/optophysiology/{name}")
    plane.attrs["neurodata_type"] = "ImagingPlane"
    channel = plane.create_group("OpticalChannel")
    channel.attrs["neurodata_type"] = "OpticalChannel"
    channel["emission_lambda"] = emission
    if spacing is not None:
        plane["grid_spacing"] = np.array(spacing)
        plane["grid_spacing"].attrs["unit"] = unit
    return plane


def add_series(file, name, data, emission=None, dimension=None, **plane):
    """A series of `data` as they are stored."""
    group = file.create_group(f"acquisition/{name}")
    group.attrs["neurodata_type"] = "TwoPhotonSeries"
    group.create_dataset("data", data=data, chunks=(2, *data.shape[1:]), shuffle=True)
    group["starting_time"] = 0.0
    group["starting_time"].attrs["rate"] = 30.0
    if emission is not None:
        group["imaging_plane"] = add_plane(file, emission, name=f"of {name}", **plane)
    if dimension is not None:
        group["dimension"] = np.array(dimension)
    return group


def nwb(path):
    file = h5py.File(path, "w")
    file.attrs["nwb_version"] = "2.7.0"
    return file


def transposed(data):
    return data.transpose(0, *range(data.ndim - 1, 0, -1))


def test_two_series_are_read_by_their_emission_in_the_order_of_the_schema(tmp_path):
    path = tmp_path / "mouse.nwb"
    red, green = movie(1), movie(2)
    with nwb(path) as file:
        add_series(file, "A", transposed(red), 610.0)
        add_series(file, "B", transposed(green), 513.0)
    made = read_recording(both=path)
    np.testing.assert_array_equal(made.red[:, 0].compute(), red)
    np.testing.assert_array_equal(made.green[:, 0].compute(), green)
    assert made.red.dtype == np.int16
    assert (made.pixel_size_um, made.frame_rate_hz) == (1.0, 30.0)
    said = " ".join(made.notes)
    assert "wavelengths" in said
    assert "say --axes TYX if the picture lies on its side" in said


@pytest.mark.parametrize("axes", [None, "TYX"])
def test_series_stored_against_the_schema(tmp_path, axes):
    path = tmp_path / "mouse.nwb"
    with nwb(path) as file:
        dimension = None if axes else (COLUMNS, ROWS)
        add_series(file, "GCaMP", movie(1), 513.0, dimension)
    made = read_recording(green=path, options=ReadOptions(axes=axes))
    np.testing.assert_array_equal(made.green[:, 0].compute(), movie(1))
    assert ("against the rule of NWB" in " ".join(made.notes)) == (axes is None)


@pytest.mark.parametrize("known", ["program", "field of view"])
def test_files_of_neuroconv_name_the_height_first(tmp_path, known):
    path = tmp_path / "mouse.nwb"
    with nwb(path) as file:
        # stored by the schema, but (height, width) where it says (width, height)
        dimension = ROWS, COLUMNS
        group = add_series(file, "GCaMP", transposed(movie(1)), 513.0, dimension)
        if known == "program":
            script = b"NeuroConv provenance record\nneuroconv_version: 0.10.2"
            file["general/source_script"] = script
        else:
            group["field_of_view"] = np.array([COLUMNS * 1e-6, ROWS * 1e-6])
    made = read_recording(green=path)
    np.testing.assert_array_equal(made.green[:, 0].compute(), movie(1))
    assert "against the rule" not in " ".join(made.notes)


def test_a_field_of_view_tells_that_images_lie_against_the_schema(tmp_path):
    path = tmp_path / "mouse.nwb"
    with nwb(path) as file:
        group = add_series(file, "GCaMP", movie(1), 513.0)
        group["field_of_view"] = np.array([COLUMNS * 1e-6, ROWS * 1e-6])
    made = read_recording(green=path)
    np.testing.assert_array_equal(made.green[:, 0].compute(), movie(1))
    assert "against the rule of NWB" in " ".join(made.notes)


def test_the_fourth_axis_is_planes(tmp_path):
    path = tmp_path / "mouse.nwb"
    data = movie(1, planes=3)
    with nwb(path) as file:
        add_series(file, "GCaMP", transposed(data), 513.0, spacing=(1e-6, 1e-6, 2e-5))
    made = read_recording(green=path)
    np.testing.assert_array_equal(made.green.compute(), data)
    assert made.plane_depths_um == pytest.approx((0, 20, 40))


def test_mean_images_are_read_where_there_is_no_series(tmp_path):
    path = tmp_path / "means.nwb"
    with nwb(path) as file:
        for name, seed in (("tdTomato mean", 1), ("GCaMP mean", 2)):
            image = file.create_dataset(
                f"processing/ophys/Images/{name}", data=movie(seed)[0].T
            )
            image.attrs["neurodata_type"] = "GrayscaleImage"
    made = read_recording(both=path, options=ReadOptions(pixel_size_um=1))
    np.testing.assert_array_equal(made.red[0, 0].compute(), movie(1)[0])
    np.testing.assert_array_equal(made.green[0, 0].compute(), movie(2)[0])


def test_series_of_different_fields_are_refused_and_chosen(tmp_path):
    path = tmp_path / "mouse.nwb"
    with nwb(path) as file:
        add_series(file, "A", transposed(movie(1)), 513.0)
        add_series(file, "B", transposed(movie(2))[:, :40], 513.0)
    with pytest.raises(InputError, match=r"different shapes.*0 \(A, 6 x 48 x 32\)"):
        read_recording(green=path)
    assert read_recording(green=path, options=ReadOptions(image="B")).shape[2] == 40


def test_images_in_other_files_are_refused(tmp_path):
    path = tmp_path / "mouse.nwb"
    with nwb(path) as file:
        series = add_series(file, "A", transposed(movie(1)), 513.0)
        del series["data"]
        series["data"] = np.zeros((0, 0, 0))
        series["external_file"] = ["movie.tif"]
    with pytest.raises(InputError, match="in other files"):
        read_recording(green=path)


def test_other_hdf5_files_are_refused(tmp_path):
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as file:
        file["imaging"] = np.ones((4, 32, 32))
    with pytest.raises(InputError, match=r"a.h5 is a file that no reader can read"):
        read_recording(green=path)
    renamed = path.rename(tmp_path / "a.nwb")
    with pytest.raises(InputError, match=r"a.nwb is an HDF5 file, but not of NWB 2"):
        read_recording(green=renamed)


def test_a_file_without_images_is_refused(tmp_path):
    path = tmp_path / "spikes.nwb"
    nwb(path).close()
    with pytest.raises(InputError, match="without two-photon images"):
        read_recording(green=path)


@pytest.mark.parametrize("share", [0.0, 0.02, 0.5, 0.95])
def test_truncated_files_are_refused(tmp_path, share):
    path = tmp_path / "mouse.nwb"
    with nwb(path) as file:
        add_series(file, "A", transposed(movie(1)), 513.0)
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    with pytest.raises(InputError, match=r"mouse.nwb cannot be read"):
        read_recording(green=path).green.compute()


def test_a_file_that_grows_while_it_is_read_is_refused(tmp_path):
    path = tmp_path / "mouse.nwb"
    with nwb(path) as file:
        add_series(file, "A", transposed(movie(1)), 513.0)
    made = read_recording(green=path)
    with nwb(path) as file:
        add_series(file, "A", transposed(np.concatenate([movie(1)] * 2)), 513.0)
    with pytest.raises(InputError, match="was changed while it was being read"):
        made.green.compute()


def test_a_file_that_is_open_elsewhere_in_the_program_is_read(tmp_path):
    path = tmp_path / "mouse.nwb"
    with nwb(path) as file:
        add_series(file, "A", transposed(movie(1)), 513.0)
    with h5py.File(path, "r"):
        made = read_recording(green=path)
        np.testing.assert_array_equal(made.green[:, 0].compute(), movie(1))


def test_images_are_read_only_when_they_are_needed(tmp_path):
    path = tmp_path / "mouse.nwb"
    with nwb(path) as file:
        group = add_series(file, "A", transposed(movie(1)), 513.0)
        del group["data"]
        # 800 MB that are not in the file: chunks that were never written
        group.create_dataset("data", (200, 1024, 1024), "f4", chunks=(1, 1024, 1024))
    tracemalloc.start()
    made = read_recording(green=path)
    made.green[100].compute()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 100e6


def test_napari_gets_a_layer_for_each_series(tmp_path):
    path = tmp_path / "mouse.nwb"
    with nwb(path) as file:
        add_series(file, "A", transposed(movie(1)), 610.0)
        add_series(file, "B", transposed(movie(2)), 513.0)
    assert reader_for(path).name == "nwb"
    (red, green), _ = layers_of(reader_for_napari(path), path)
    assert [red[1]["colormap"], green[1]["colormap"]] == ["red", "green"]
    assert red[1]["scale"] == pytest.approx((1 / 30, 1, 1))


_ODD = st.sampled_from(
    [np.nan, -1.0, 0.0, 1e30, np.inf, b"text", "NaN", np.array([]), np.zeros(3)]
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    shape=st.lists(st.integers(0, 40), min_size=0, max_size=5),
    dtype=st.sampled_from(["i2", "f4", "c8", "S4", "?"]),
    rate=_ODD, spacing=_ODD, dimension=_ODD, emission=_ODD, view=_ODD,
    lost=st.sampled_from(["", "data", "imaging_plane", "starting_time"]),
)  # fmt: skip
def test_odd_contents_are_read_or_refused(
    tmp_path, shape, dtype, rate, spacing, dimension, emission, view, lost
):
    path = tmp_path / "odd.nwb"
    with nwb(path) as file:
        group = file.create_group("acquisition/A")
        group.attrs["neurodata_type"] = "TwoPhotonSeries"
        group["data"] = np.zeros(shape, dtype)
        group["starting_time"] = 0.0
        group["starting_time"].attrs["rate"] = rate
        group["dimension"] = dimension
        group["field_of_view"] = view
        plane = file.create_group("plane")
        channel = plane.create_group("channel")
        channel.attrs["neurodata_type"] = "OpticalChannel"
        channel["emission_lambda"] = emission
        plane["grid_spacing"] = spacing
        group["imaging_plane"] = plane
        if lost:
            del group[lost]
    try:
        made = read_recording(green=path, options=ReadOptions(pixel_size_um=1))
        values = made.green.compute()
    except InputError as error:
        assert "odd" in str(error)
    else:
        assert values.size == np.prod(shape)
