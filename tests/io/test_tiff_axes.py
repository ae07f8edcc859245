from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_cellid.errors import InputError
from napari_cellid.io.tiff.axes import (
    Axes,
    axes_from_file,
    axes_from_user,
    normalise_axes,
)

ORDERS = ["".join(order) for n in range(4) for order in permutations("TZC", n)]
sizes = st.integers(2, 6)


@given(st.sampled_from(ORDERS), st.data())
def test_every_page_is_found_where_the_axes_say(order, data):
    shape = tuple(data.draw(sizes) for _ in order)
    pages = np.arange(np.prod(shape, dtype=int)).reshape(shape)
    axes = axes_from_user(f"{order}yx", [(*shape, 32, 40)], "a.tif")
    table = axes.page_table()
    assert table.shape == tuple(axes.size(letter) for letter in "TZC")
    for (t, z, c), page in np.ndenumerate(table):
        place = {"T": t, "Z": z, "C": c}
        assert pages[tuple(place[letter] for letter in order)] == page


@given(st.sampled_from(ORDERS), st.data())
def test_what_a_file_says_is_what_a_user_would_say(order, data):
    shape = (*(data.draw(sizes) for _ in order), 32, 40)
    assert axes_from_file(f"{order}YX", shape, "a") == axes_from_user(
        f"{order}YX", [shape], "a"
    )


@given(st.text("TZCYXSQI", max_size=7))
def test_axes_are_accepted_or_refused_in_a_sentence(text):
    leading = text[:-2]
    good = (
        text.endswith("YX")
        and set(leading) <= set("TZC")
        and len(set(leading)) == len(leading)
    )
    if good:
        assert normalise_axes(text.lower()) == text
    else:
        with pytest.raises(InputError, match="such as TYX"):
            normalise_axes(text)


@given(st.text("TZCQIYXS", min_size=2, max_size=6), st.data())
def test_reading_a_files_axes_never_fails_otherwise(text, data):
    shape = tuple(data.draw(st.integers(1, 4)) for _ in text)
    try:
        axes = axes_from_file(text, shape, "a.tif")
    except InputError:
        return
    assert axes.page_table().size == np.prod(shape[:-2], dtype=int)
    unknown = [n for letter, n in zip(text[:-2], shape, strict=False)
               if letter not in "TZC" and n > 1]  # fmt: skip
    assert len(axes.notes) == len(unknown) <= 1


def test_one_unknown_axis_is_time_and_that_is_said():
    axes = axes_from_file("QYX", (120, 32, 32), "green.tif")
    assert axes[:2] == ("T", (120,))
    assert axes.notes == (
        "green.tif: assumed that its 120 pages are time points; say --axes ZYX if they "
        "are planes.",
    )


def test_one_unknown_axis_beside_planes_is_time():
    axes = axes_from_file("IZYX", (7, 3, 32, 32), "green.tif")
    assert axes[:2] == ("TZ", (7, 3))
    assert "--axes CZYX if they are channels" in axes.notes[0]


def test_axes_of_length_one_do_not_count():
    assert axes_from_file("QQZYX", (1, 1, 3, 32, 32), "a.tif") == Axes("Z", (3,))
    assert axes_from_user("TZYX", [(3, 32, 32), (1, 3, 32, 32)], "a") == Axes(
        "TZ", (1, 3)
    )


@pytest.mark.parametrize("letters", ["QQYX", "TQYX", "QTYX", "IQZYX"])
def test_more_than_one_unknown_axis_must_be_named(letters):
    with pytest.raises(InputError, match=r"a\.tif has the dimensions.*--axes"):
        axes_from_file(letters, (2,) * (len(letters) - 2) + (32, 32), "a.tif")


@pytest.mark.parametrize("axes", ["YX", "TZYX", "TZCYX"])
def test_a_wrong_number_of_axes_is_refused(axes):
    said = rf"a\.tif has 3 dimensions, 5 x 32 x 32, .* {axes} name {len(axes)}"
    with pytest.raises(InputError, match=said):
        axes_from_user(axes, [(5, 32, 32)], "a.tif")


@pytest.mark.parametrize("letters", ["XYT", "YXS", "YXT", ""])
def test_a_file_whose_pages_are_not_images_is_refused(letters):
    with pytest.raises(InputError, match="save it again"):
        axes_from_file(letters, (32,) * len(letters), "a.tif")
