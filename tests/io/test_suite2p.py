"""Folders of suite2p, made by hand as suite2p writes them (see suite2p_folder)."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from napari_cellid.errors import InputError
from napari_cellid.io.base import ReadOptions
from napari_cellid.io.napari_layers import layers_of, reader_for_napari
from napari_cellid.io.registry import read_recording, reader_for
from napari_cellid.io.rois import read_rois
from suite2p_folder import roi, stat_of, write_plane

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

SHAPE = (40, 48)
LABELS = np.zeros(SHAPE, int)
LABELS[5:12, 5:11] = 1
LABELS[20:27, 30:38] = 2
LABELS[30:36, 4:12] = 3
GREEN = np.random.default_rng(1).uniform(50, 90, SHAPE)
RED = np.random.default_rng(2).uniform(10, 30, SHAPE)
OPTIONS = ReadOptions(pixel_size_um=1.2)


def image(array: Any) -> NDArray[Any]:
    return np.asarray(array)[0, 0]


@pytest.fixture
def plane(tmp_path: Path) -> Path:
    return write_plane(
        tmp_path / "M12 day3" / "suite2p" / "plane0",
        stat_of(LABELS), GREEN, RED, iscell=[1, 0, 1], redcell=[0, 1, 0],
    )  # fmt: skip


def test_mean_images_are_the_channels(plane: Path) -> None:
    recording = read_recording(both=plane.parent, options=OPTIONS)
    np.testing.assert_array_equal(image(recording.green), GREEN.astype(np.float32))
    np.testing.assert_array_equal(image(recording.red), RED.astype(np.float32))
    assert recording.name == "M12 day3"
    assert recording.read_as["red_channel"] == "meanImg_chan2"
    # suite2p does not know it, and nobody guesses
    assert read_recording(both=plane).pixel_size_um is None


@pytest.mark.parametrize("up", ["plane0", "suite2p", "session", "stat.npy", "ops.npy"])
def test_every_usual_way_to_name_a_folder_works(plane: Path, up: str) -> None:
    path = {
        "plane0": plane, "suite2p": plane.parent, "session": plane.parents[1],
    }.get(up, plane / up)  # fmt: skip
    assert reader_for(path).name == "suite2p"
    assert len(read_rois(path).rois) == 3
    assert read_recording(both=path, options=OPTIONS).shape == (1, *SHAPE)


def test_rois_are_those_of_the_file_in_their_order(plane: Path) -> None:
    file = read_rois(plane)
    for k, number in enumerate((1, 2, 3)):
        y, x = file.rois.pixels(k)
        np.testing.assert_array_equal((y, x), np.nonzero(number == LABELS))
    assert file.rois.table["iscell"].tolist() == [1, 0, 1]
    assert file.rois.table["redcell"].tolist() == [0, 1, 0]
    assert file.frame_rate_hz == 10
    np.testing.assert_array_equal(file.rois.label_image()[0], LABELS)
    assert isinstance(file.traces["F"][0], np.memmap)
    np.testing.assert_array_equal(file.traces["F"][0], np.load(plane / "F.npy"))


def test_what_suite2p_does_not_say_is_unknown(plane: Path) -> None:
    for name in ("iscell", "redcell", "F", "Fneu", "spks"):
        (plane / f"{name}.npy").unlink()
    file = read_rois(plane)
    assert file.rois.table[["iscell", "redcell"]].isna().all(axis=None)
    # nobody has rejected them
    assert file.rois.accepted.all()
    assert not file.traces


def test_the_corrected_red_image_is_read_if_it_is_chosen(tmp_path: Path) -> None:
    corrected = (RED - 5).astype(np.float32)
    plane = write_plane(
        tmp_path,
        stat_of(LABELS),
        GREEN,
        RED,
        ops={"meanImg_chan2_corrected": corrected},
    )
    usual = read_recording(both=plane, options=OPTIONS)
    np.testing.assert_array_equal(image(usual.red), RED.astype(np.float32))
    options = ReadOptions(pixel_size_um=1.2, red_channel="meanImg_chan2_corrected")
    chosen = read_recording(both=plane, options=options)
    np.testing.assert_array_equal(image(chosen.red), corrected)
    np.testing.assert_array_equal(image(chosen.green), GREEN.astype(np.float32))
    swapped = ReadOptions(
        pixel_size_um=1.2, red_channel="meanImg", green_channel="meanImg_chan2"
    )
    both = read_recording(both=plane, options=swapped)
    np.testing.assert_array_equal(image(both.red), GREEN.astype(np.float32))


def test_without_a_second_channel_the_note_says_what_can_be_told(
    tmp_path: Path,
) -> None:
    plane = write_plane(tmp_path, stat_of(LABELS), GREEN)
    recording = read_recording(both=plane, options=OPTIONS)
    assert recording.red is None
    (note,) = recording.notes
    assert "outlined in it, but not told apart" in note


def test_planes_are_read_by_number(tmp_path: Path) -> None:
    for number in (10, 2):
        write_plane(
            tmp_path / "suite2p" / f"plane{number}", stat_of(LABELS), GREEN + number,
            RED, ops={"iplane": number},
        )  # fmt: skip
    (tmp_path / "suite2p" / "combined").mkdir()
    file = read_rois(tmp_path)
    assert file.rois.table["plane"].tolist() == [2] * 3 + [10] * 3
    assert file.rois.table["roi"].tolist() == [0, 1, 2] * 2
    assert file.rois.plane.tolist() == [0] * 3 + [1] * 3
    green = np.asarray(read_recording(both=tmp_path, options=OPTIONS).green)
    np.testing.assert_allclose(green[0, 1] - green[0, 0], 8, atol=1e-4)


def test_without_ops_the_files_of_version_1_are_read(plane: Path) -> None:
    values = np.load(plane / "ops.npy", allow_pickle=True).item()
    (plane / "ops.npy").unlink()
    parts = {
        "settings": {"fs": values.pop("fs")},
        "reg_outputs": {k: values.pop(k) for k in ("meanImg", "meanImg_chan2")},
        "db": values,
    }
    for name, part in parts.items():
        np.save(plane / f"{name}.npy", part)
    file = read_rois(plane)
    assert file.frame_rate_hz == 10
    assert read_recording(both=plane, options=OPTIONS).red is not None


def test_a_pixel_that_stands_twice_in_an_roi_counts_once(tmp_path: Path) -> None:
    plane = write_plane(tmp_path, [roi([3, 4, 3], [5, 5, 5])], GREEN, RED)
    assert read_rois(plane).rois.n_pixels.tolist() == [2]


@pytest.mark.parametrize(
    ("red", "green", "expected"),
    [
        (None, None, ("meanImg_chan2", "meanImg")),
        ("meanImg", None, ("meanImg", "meanImg_chan2")),
        (None, "meanImg_chan2", ("meanImg", "meanImg_chan2")),
        ("1", "0", ("meanImg_chan2", "meanImg")),
        (None, 1, ("meanImg", "meanImg_chan2")),
    ],
)
def test_one_choice_settles_both_channels(
    red: str | None, green: str | int | None, expected: tuple[str, str], plane: Path
) -> None:
    options = ReadOptions(pixel_size_um=1.2, red_channel=red, green_channel=green)
    read_as = read_recording(both=plane, options=options).read_as
    assert (read_as["red_channel"], read_as["green_channel"]) == expected


def cut(name: str) -> Callable[[Path], None]:
    def spoil(plane: Path) -> None:
        data = (plane / name).read_bytes()
        (plane / name).write_bytes(data[: len(data) * 2 // 3])

    return spoil


def ops(**values: object) -> Callable[[Path], None]:
    def spoil(plane: Path) -> None:
        old = np.load(plane / "ops.npy", allow_pickle=True).item()
        np.save(plane / "ops.npy", old | values)

    return spoil


def stat(*rois: object) -> Callable[[Path], None]:
    def spoil(plane: Path) -> None:
        array = np.empty(len(rois), dtype=object)
        array[:] = rois
        np.save(plane / "stat.npy", array)

    return spoil


def save(name: str, values: Any) -> Callable[[Path], None]:
    return lambda plane: np.save(plane / name, values)


def remove(name: str) -> Callable[[Path], None]:
    return lambda plane: (plane / name).unlink()


NAN = np.full(SHAPE, np.nan, np.float32)
BAD = {
    "stat cut": (cut("stat.npy"), r"stat\.npy is damaged"),
    "ops cut": (cut("ops.npy"), r"ops\.npy is damaged"),
    "iscell cut": (cut("iscell.npy"), r"iscell\.npy .*header is damaged"),
    "F cut": (cut("F.npy"), r"F\.npy .*cut off"),
    "no ops": (remove("ops.npy"), r"neither ops\.npy nor"),
    "no stat": (remove("stat.npy"), r"stat\.npy does not exist"),
    "other plane": (ops(iplane=3), r"ops\.npy is that of plane 3, .* plane0"),
    "outside": (stat(roi([3, 50], [4, 4])), r"ROI 0 has a pixel at y 50, x 4, outside"),
    "negative pixel": (stat(roi([3, -1], [4, 4])), r"ROI 0 has a pixel at y -1"),
    "no rois": (stat(), r"stat\.npy has no ROIs"),
    "no dictionary": (stat("a", "b"), r"ROI 0 is no dictionary"),
    "no ypix": (stat({"xpix": np.arange(3)}), r"ypix of ROI 0 is missing"),
    "floats": (stat(roi([1], [1]) | {"ypix": np.array([1.5])}), "no list of whole"),
    "unequal": (stat(roi([1, 2], [1, 2]) | {"xpix": np.arange(3)}), "2 ypix and 3 xp"),
    "lam": (stat(roi([1, 2], [1, 2]) | {"lam": np.arange(3.0)}), "lam of ROI 0"),
    "iscell length": (save("iscell.npy", np.ones((2, 2))), r"2 rows, .* 3 ROIs"),
    "iscell values": (save("iscell.npy", np.full((3, 2), 7.0)), "0 or 1"),
    "F length": (save("F.npy", np.ones((4, 9))), r"F\.npy has 4 rows, .* 3 ROIs"),
    "negative size": (ops(Ly=-5), r"the size Ly is -5"),
    "size of text": (ops(Ly="x"), r"does not hold the size Ly"),
    "other size": (ops(Ly=41), r"meanImg has 40 x 48 pixels, but Ly x Lx are 41 x 48"),
    "stat is numbers": (save("stat.npy", np.arange(3)), "dictionaries are needed"),
    "ops is a list": (save("ops.npy", np.array([{}, {}])), "holds no dictionary"),
    "objects in F": (save("F.npy", np.array([[{}]])), "axes of object"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_folders_give_one_sentence(name: str, plane: Path) -> None:
    spoil, message = BAD[name]
    spoil(plane)
    with pytest.raises(InputError, match=message) as raised:
        read_recording(both=plane, options=OPTIONS)
        read_rois(plane)
    text = str(raised.value)
    assert str(plane) in text
    assert text.count("\n") == 0
    assert text.endswith(".")


def test_a_folder_in_napari_is_two_images_and_the_rois(plane: Path) -> None:
    path = plane.parent
    layers, notes = layers_of(reader_for_napari(path), path)
    green, red, labels = layers
    assert [layer[1]["name"] for layer in layers] == [
        "M12 day3 green (meanImg)", "M12 day3 red (meanImg_chan2)",
        "M12 day3 ROIs of suite2p",
    ]  # fmt: skip
    np.testing.assert_array_equal(green[0], GREEN.astype(np.float32))
    np.testing.assert_array_equal(red[0], RED.astype(np.float32))
    np.testing.assert_array_equal(labels[0], LABELS)
    assert labels[2] == "labels"
    assert green[1]["units"] == ("pixel", "pixel")
    assert "meanImg as green" in notes[-1]
    (plane / "stat.npy").unlink()
    assert len(layers_of(reader_for_napari(path), path)[0]) == 2


def test_planes_of_two_sizes_and_the_combined_view_are_refused(plane: Path) -> None:
    write_plane(plane.parent / "plane1", stat_of(LABELS), GREEN[:-1], RED[:-1])
    with pytest.raises(InputError, match=r"39 x 48 pixels, but .* 40 x 48"):
        read_rois(plane.parent)
    combined = write_plane(plane.parent / "combined", stat_of(LABELS), GREEN, RED)
    with pytest.raises(InputError, match="side by side"):
        read_rois(combined)


def test_other_folders_are_no_folders_of_suite2p(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no reader can read"):
        read_recording(both=tmp_path)
    with pytest.raises(InputError, match="holds no ROIs that can be read"):
        read_rois(tmp_path)


def test_a_folder_is_not_the_red_channel(plane: Path) -> None:
    with pytest.raises(InputError, match="given as the red channel"):
        read_recording(red=plane, green=plane)


@pytest.mark.skipif(os.name == "nt", reason="names of Unix")
def test_a_path_that_is_not_utf8_is_read(tmp_path: Path) -> None:
    folder = Path(os.fsdecode(os.fsencode(tmp_path) + b"/M\xfc12"))
    write_plane(folder / "suite2p" / "plane0", stat_of(LABELS), GREEN, RED)
    assert len(read_rois(folder).rois) == 3
    recording = read_recording(both=folder, options=OPTIONS)
    assert recording.name == "M%FC12"
    assert recording.sources[0].isprintable()


odd = st.one_of(
    st.none(),
    st.integers(),
    st.floats(),
    st.text(max_size=5),
    st.lists(st.integers(-3, 60), max_size=4),
    st.builds(
        lambda kind, n: np.zeros(n, kind),
        st.sampled_from(["i8", "u1", "f4", "U3", "O", "c8", "M8[s]"]),
        st.one_of(st.integers(0, 4), st.tuples(st.integers(0, 3), st.integers(0, 3))),
    ),
    st.builds(np.float32, st.floats(width=32)),
    st.builds(np.array, st.integers(-5, 99)),
)


@settings(max_examples=60, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_odd_values_are_read_or_refused(data: st.DataObject, tmp_path: Path) -> None:
    """Values of any kind in the place of each key: never another error."""
    first = roi([1, 2, 3], [4, 5, 6])
    for key in data.draw(st.lists(st.sampled_from(["ypix", "xpix", "lam", "med"]))):
        first[key] = data.draw(odd)
    values = {
        key: data.draw(odd)
        for key in data.draw(
            st.lists(st.sampled_from(["Ly", "Lx", "fs", "iplane", "meanImg"]))
        )
    }
    plane = write_plane(tmp_path, [first, roi([7], [8])], GREEN, RED, ops=values)
    try:
        file = read_rois(plane)
        if file.rois.shape == (1, *SHAPE):
            assert file.rois.label_image().any()
        read_recording(both=plane, options=OPTIONS)
    except InputError:
        pass
