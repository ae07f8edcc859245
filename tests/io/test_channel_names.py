from __future__ import annotations

from pathlib import Path

import pytest

from napari_cellid.errors import InputError
from napari_cellid.io.channel_names import (
    channel_colour,
    contradicting_name,
    pick_channels,
    recording_name,
)


@pytest.mark.parametrize(
    "name",
    ["mCherry", "tdTomato", "red", "Ch1 Red", "RFP", "jRGECO1a", "DsRed", "RCaMP"],
)
def test_red_names(name):
    assert channel_colour(name) == "red"


@pytest.mark.parametrize(
    "name", ["GCaMP6s", "jGCaMP8m", "green", "GFP", "EGFP", "Green PMT"]
)
def test_green_names(name):
    assert channel_colour(name) == "green"


@pytest.mark.parametrize("name", ["", "ch0", "DAPI", "GFP and mCherry"])
def test_names_that_tell_nothing(name):
    assert channel_colour(name) is None


@pytest.mark.parametrize(
    "name",
    ["registered", "m1_registered", "evergreen", "reduced", "hundred", "Redo", "shared",
     "scored_2", "Greenwich", "far-red", "FarRed PMT", "infrared", "PMTred"],
)  # fmt: skip
def test_parts_of_words_are_no_colours(name):
    assert channel_colour(name) is None


@pytest.mark.parametrize(
    ("name", "colour"),
    [
        ("mCherry_registered", "red"), ("registered_GCaMP6s", "green"),
        ("reduced_green", "green"), ("RedChannel", "red"), ("ch1red", "red"),
        ("redPMT", "red"), ("m1_GREEN", "green"), ("tdTomato-2", "red"),
        ("GCaMP-6f", "green"), ("mRuby3", "red"), ("DsRed2", "red"),
    ],
)  # fmt: skip
def test_colours_are_whole_words(name, colour):
    assert channel_colour(name) == colour
    other = {"red": "green", "green": "red"}[colour]
    assert contradicting_name(name, other)
    assert not contradicting_name(name, colour)


@pytest.mark.parametrize(
    ("first", "second", "name"),
    [
        ("TS_Cycle1_Ch1_01.ome.tif", "TS_Cycle1_Ch2_01.ome.tif", "TS_Cycle1"),
        ("m1_channel_1_b.tif", "m1_channel_2_b.tif", "m1"),
        ("m1-C1-x.tif", "m1-C2-x.tif", "m1"),
        ("Tech1_a.tif", "Tech2_a.tif", "Tech"),
    ],
)
def test_a_pair_is_not_named_after_half_a_channel(first, second, name):
    assert recording_name([Path("d") / first, Path("d") / second]) == name


@pytest.mark.parametrize(
    ("files", "name"),
    [
        (["lab/m1_red.tif", "lab/m1_green.tif"], "m1"),
        (["lab/m1-mCherry.tif", "lab/m1-GCaMP6s.tif"], "m1"),
        (["lab/m1_Ch2.ome.tif", "lab/m1_Ch1.ome.tif"], "m1"),
        (["lab/red_m1.tif", "lab/green_m1.tif"], "m1"),
        (["lab/red.tif", "lab/green.tif"], "lab"),
        (["lab/GREEN.tif"], "lab"),
        (["lab/m1_a.tif", "lab/m1_b.tif"], "m1"),
        (["lab/spam.tif", "lab/eggs.tif"], "lab"),
        (["lab/m1.ome.tif"], "m1"),
        (["lab/colored.tif"], "colored"),
        (["lab/evergreen.tif"], "evergreen"),
    ],
)
def test_a_recording_is_named_after_its_files(files, name):
    assert recording_name([Path(file) for file in files]) == name


@pytest.mark.parametrize(
    ("names", "red", "green", "chosen"),
    [
        (["GCaMP6s", "mCherry"], None, None, (1, 0)),
        (["mCherry", "GCaMP6s"], None, None, (0, 1)),
        (["mCherry", "GCaMP6s"], 1, None, (1, 0)),
        (["", ""], 0, None, (0, 1)),
        (["", ""], None, "0", (1, 0)),
        (["a", "b", "c"], "C", "a", (2, 0)),
        (["DAPI", "GFP", "RFP"], None, None, (2, 1)),
        (["1", "0"], "0", None, (1, 0)),
    ],
)
def test_channels_are_chosen(names, red, green, chosen):
    assert pick_channels(names, red, green, "a.tif") == chosen


@pytest.mark.parametrize(
    ("names", "red", "green", "said"),
    [
        (
            ["", ""],
            None,
            None,
            r"channels 0, 1, and.*--red-channel and --green-channel",
        ),
        (["ch0", "ch1"], None, None, r"0 \(ch0\), 1 \(ch1\)"),
        (["GFP", "DAPI"], None, None, "not clear"),
        (["GFP", "EGFP", "RFP"], None, None, "not clear"),
        (["a", "b", "c"], "a", None, "not clear"),
        (["a", "b"], 0, "a", "both red and green"),
        (["a", "b"], 2, None, "no channel 2"),
        (["a", "b"], -1, None, "no channel -1"),
        (["a", "b"], None, "c", "no channel 'c'.*--green-channel"),
    ],
)
def test_a_choice_that_is_not_clear_is_refused(names, red, green, said):
    with pytest.raises(InputError, match=said):
        pick_channels(names, red, green, "a.tif")
