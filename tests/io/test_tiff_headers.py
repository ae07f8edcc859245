"""Headers that do not say what the pages are, and what a refusal advises."""

from __future__ import annotations

import re
import warnings

import numpy as np
import pytest
import tifffile
from raw_tiff import RawTiff, ome_xml, scanimage

from napari_cellid.cli.parser import Parser
from napari_cellid.cli.recording_options import add_recording
from napari_cellid.errors import InputError
from napari_cellid.io.base import ReadOptions
from napari_cellid.io.registry import read_recording

RANDOM = np.random.default_rng(0)
PAGES = RANDOM.integers(0, 999, (12, 40, 48)).astype("u2")
SIZE = PAGES.shape[1:]


def both(path, **options):
    options = {"red_channel": 1, **options}
    return read_recording(None, None, path, ReadOptions(**options))


def volume(path, n_pages=12, **how):
    settings = {"channels": 2, "planes": 3, "per_plane": 1, **how}
    return scanimage(None, **settings).write(path, PAGES[:n_pages].astype("i2"))


def imagej(path, n_pages=12, **counts):
    header = "".join(f"{key}={value}\n" for key, value in counts.items())
    writer = RawTiff(description=f"ImageJ=1.54f\n{header}loop=false\n")
    return writer.write(path, PAGES[:n_pages])


def ome(path, images, n_pages=12):
    return RawTiff(description=ome_xml(images)).write(path, PAGES[:n_pages])


def test_a_scanimage_volume_is_read_as_planes(tmp_path):
    made = both(volume(tmp_path / "a.tif"))
    table = PAGES.reshape(2, 3, 2, *SIZE)
    np.testing.assert_array_equal(made.red, table[:, :, 1])
    assert made.notes == ()
    made = both(tmp_path / "a.tif", axes="TZCYX")
    np.testing.assert_array_equal(made.green, table[:, :, 0])


def test_planes_of_a_header_are_never_averaged(tmp_path):
    path = volume(tmp_path / "a.tif")
    with pytest.raises(InputError, match=r"3 planes.*--axes TZCYX, or --planes 1"):
        both(path, axes="TCYX")
    assert both(path, axes="TCYX", planes=1).green.shape == (6, 1, *SIZE)
    with pytest.raises(InputError, match="2 channels"):
        read_recording(path, None, options=ReadOptions(axes="TZYX"))


@pytest.mark.parametrize(
    ("how", "n_pages", "shape", "note"),
    [
        ({"planes": 1, "per_plane": 1}, 12, (6, 1), "names 1 time points"),
        ({"planes": 1, "per_plane": 5000}, 12, (6, 1), "names 5000 time points"),
        (
            {"planes": 1, "per_plane": 100,
             "extra": "SI.hScan2D.logAverageFactor = 100\n"},
            2, (1, 1), None,
        ),
        ({"per_plane": 2}, 12, (2, 3), None),
        ({"per_plane": 100, "extra": "SI.hScan2D.logAverageFactor = 50\n"}, 12,
         (2, 3), None),
        ({}, 10, (1, 3), "last 4 pages"),
        ({}, 4, (1, 2), "names 3 planes"),
        ({"per_plane": 50}, 8, (4, 1), "names 3 planes"),
        ({"planes": 1}, 11, (5, 1), "last 1 pages"),
    ],
)  # fmt: skip
def test_the_pages_decide_how_many_frames_there_are(
    tmp_path, how, n_pages, shape, note
):
    made = both(volume(tmp_path / "a.tif", n_pages, **how))
    assert made.green.shape[:2] == shape
    assert (note or "") in " ".join(made.notes)
    assert bool(made.notes) == (note is not None)


def test_flyback_images_are_no_plane(tmp_path):
    extra = (
        "SI.hStackManager.numFramesPerVolume = 2\n"
        "SI.hStackManager.numFramesPerVolumeWithFlyback = 3\n"
    )
    made = both(volume(tmp_path / "a.tif", 6, planes=2, extra=extra))
    np.testing.assert_array_equal(made.red[0, :, 0, 0], PAGES[[1, 3], 0, 0])
    # 12 pages are 2 volumes with flyback or 3 without
    with pytest.raises(InputError, match="1 flyback"):
        both(volume(tmp_path / "a.tif", 12, planes=2, extra=extra))


def test_a_part_that_begins_within_a_volume_is_refused(tmp_path):
    writer = scanimage(None, 2, 3)
    writer.page_description = "frameNumberAcquisition = 5\n"
    path = writer.write(tmp_path / "a.tif", PAGES.astype("i2"))
    with pytest.raises(InputError, match=r"begins with frame 5.*3 planes"):
        both(path)


def test_several_fields_in_a_page_are_refused(tmp_path):
    path = volume(
        tmp_path / "a.tif", planes=1, extra="SI.hRoiManager.mroiEnable = true\n"
    )
    with pytest.raises(InputError, match="several fields"):
        both(path)
    assert both(path, axes="TCYX").green.shape == (6, 1, *SIZE)


@pytest.mark.parametrize(
    ("gaps", "n_pages"), [((0,), 7), ((0,), 12), ((0, 0, 0, 0, 0, 500), 12)]
)
def test_no_page_of_a_classic_scanimage_file_is_lost(tmp_path, gaps, n_pages):
    text = "state.configName='x'\nstate.acq.savingChannel1=1\n"
    writer = RawTiff(description=text, page_description=text, gaps=gaps)
    path = writer.write(tmp_path / "a.tif", PAGES[:n_pages])
    made = read_recording(None, path)
    np.testing.assert_array_equal(made.green[:, 0], PAGES[:n_pages])


def test_several_positions_are_not_averaged(tmp_path):
    sizes = {"C": 2, "T": 3}
    names = ["mCherry", "GCaMP"]
    images = [(f"Pos{k}", sizes, names, SIZE) for k in range(2)]
    path = ome(tmp_path / "a.ome.tif", images)
    with pytest.raises(InputError, match=r"2 images \(Pos0, Pos1\)"):
        read_recording(None, None, path)
    for image in ("Pos1", 1, "1"):
        made = read_recording(None, None, path, ReadOptions(image=image))
        np.testing.assert_array_equal(made.red[:, 0], PAGES[6::2])
    with pytest.raises(InputError, match="no image 'Pos9'"):
        read_recording(None, None, path, ReadOptions(image="Pos9"))


def test_one_image_a_channel(tmp_path):
    images = [(name, {"T": 6}, [], SIZE) for name in ("GCaMP6s", "tdTomato")]
    path = ome(tmp_path / "a.ome.tif", images)
    with pytest.raises(InputError, match=r"GCaMP6s, tdTomato.*--channels 2"):
        read_recording(None, path)
    made = read_recording(None, None, path, ReadOptions(channels=2))
    np.testing.assert_array_equal(made.red[:, 0], PAGES[6:])
    np.testing.assert_array_equal(made.green[:, 0], PAGES[:6])


@pytest.mark.parametrize("n_pages", [8, 9, 7, 12])
def test_ome_and_pages_disagree(tmp_path, n_pages):
    images = [("a", {"C": 2, "T": 5}, [], SIZE)]
    path = ome(tmp_path / "a.ome.tif", images, n_pages)
    if n_pages > 10:
        with pytest.raises(InputError, match=r"names 10 images.*holds 12"):
            both(path)
    else:
        made = both(path)
        assert made.green.shape[0] == n_pages // 2
        np.testing.assert_array_equal(made.red[:, 0], PAGES[1:n_pages:2])
        assert f"names 10 images, but the file holds {n_pages}" in made.notes[0]


@pytest.mark.parametrize(
    ("counts", "n_pages", "said"),
    [
        ({"images": 2, "slices": 2}, 6, "2 planes.*6 pages"),
        ({"images": 2, "channels": 2}, 6, "2 channels.*6 pages"),
        ({"images": 6, "channels": 2, "slices": 3}, 4, "3 planes and 2 ch.*4 pages"),
        ({"images": 20, "slices": 20}, 7, "20 planes.*7 pages"),
    ],
)
def test_an_imagej_header_that_does_not_fit_is_refused(tmp_path, counts, n_pages, said):
    path = imagej(tmp_path / "a.tif", n_pages, **counts)
    with pytest.raises(InputError, match=said):
        read_recording(None, path)
    made = read_recording(None, path, options=ReadOptions(axes="TYX"))
    np.testing.assert_array_equal(made.green[:, 0], PAGES[:n_pages])


@pytest.mark.parametrize(("frames", "n_pages"), [(2, 12), (9, 12), (9, 11)])
def test_frames_of_an_imagej_header_follow_the_pages(tmp_path, frames, n_pages):
    images = 4 * frames
    path = imagej(
        tmp_path / "a.tif", n_pages, images=images, channels=2, slices=2, frames=frames
    )
    made = both(path)
    whole = PAGES[: n_pages // 4 * 4].reshape(-1, 2, 2, *SIZE)
    np.testing.assert_array_equal(made.red, whole[:, :, 1])
    assert f"{images} images" in made.notes[0]
    assert f"{n_pages}" in made.notes[0]
    assert ("3 of an incomplete" in made.notes[0]) == (n_pages == 11)


def test_a_white_zero_is_refused(tmp_path):
    path = RawTiff(photometric=0).write(tmp_path / "a.tif", PAGES)
    with pytest.raises(InputError, match="0 is white"):
        read_recording(None, path)


@pytest.mark.parametrize("compression", [32809, 34661, 34677, 60001])
def test_a_codec_that_is_not_known_is_not_called_damage(tmp_path, compression):
    path = RawTiff(compression=compression).write(tmp_path / "a.tif", PAGES)
    with pytest.raises(InputError, match=r"compressed with .*save it again") as caught:
        read_recording(None, path)
    assert "damaged" not in str(caught.value)


def test_numpy_says_nothing_about_odd_headers(tmp_path, monkeypatch):
    path = RawTiff().write(tmp_path / "a.tif", PAGES)
    real = tifffile.TiffFile.series.func

    def warning_series(self):
        warnings.warn("invalid value encountered", RuntimeWarning, stacklevel=1)
        return real(self)

    monkeypatch.setattr(tifffile.TiffFile, "series", property(warning_series))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        read_recording(None, path)


@pytest.mark.parametrize(("mean", "spread"), [(0, 30), (60, 40), (400, 160)])
def test_a_lost_sign_is_refused(tmp_path, mean, spread):
    signed = np.round(RANDOM.normal(mean, spread, (5, 40, 48))).astype("i2")
    RawTiff().write(tmp_path / "signed.tif", signed)
    made = read_recording(None, tmp_path / "signed.tif")
    np.testing.assert_array_equal(made.green[:, 0], signed)
    RawTiff().write(tmp_path / "wrapped.tif", signed.view("u2"))
    with pytest.raises(InputError, match="without their sign"):
        read_recording(None, tmp_path / "wrapped.tif")


def test_saturated_pixels_have_not_lost_their_sign(tmp_path):
    pages = PAGES.copy()
    pages[:, 5:9, 7:9] = 65535
    RawTiff().write(tmp_path / "a.tif", pages)
    np.testing.assert_array_equal(
        read_recording(None, tmp_path / "a.tif").green[:, 0], pages
    )


# --- what a message advises works


def _volume_2(path):
    return volume(path, 12, extra="SI.hRoiManager.mroiEnable = true\n")


def _positions(path):
    return ome(path, [(f"Pos{k}", {"T": 6}, [], SIZE) for k in range(2)])


def _too_few_named(path):
    return ome(path, [("a", {"C": 2, "T": 3}, [], SIZE)])


def _unequal(path):
    with tifffile.TiffWriter(path) as tif:
        tif.write(PAGES[:4])
        tif.write(PAGES[:4, :, :40])
    return path


REFUSED = {
    "plain": lambda path: RawTiff().write(path, PAGES),
    "one page": lambda path: RawTiff().write(path, PAGES[:1]),
    "odd pages": lambda path: RawTiff().write(path, PAGES[:7]),
    "several fields": _volume_2,
    "volume": volume,
    "snapshot": lambda path: volume(path, 1, planes=1),
    "positions": _positions,
    "ome too few": _too_few_named,
    "different images": _unequal,
    "imagej planes": lambda path: imagej(path, 6, images=2, slices=2),
    "imagej channels": lambda path: imagej(path, 6, images=2, channels=2),
    "imagej both": lambda path: imagej(path, 12, images=6, channels=2, slices=3),
    "imagej odd": lambda path: imagej(path, 7, images=6, channels=2, slices=3),
    "imagej planes of 12": lambda path: imagej(path, 12, images=12, slices=12),
    "imagej channels, planes": lambda path: imagej(
        path, 12, images=12, channels=2, slices=6
    ),
    "samples": lambda path: RawTiff(samples=2).write(
        path, PAGES.reshape(6, 2, *SIZE).transpose(0, 2, 3, 1)
    ),
    "colours": lambda path: RawTiff(samples=3).write(
        path, PAGES[:3].transpose(1, 2, 0)[None]
    ),
    "last axis": lambda path: tifffile.imwrite(
        path, PAGES.reshape(6, 2, *SIZE).transpose(0, 2, 3, 1).copy(),
        photometric="minisblack",
    ) or path,
}  # fmt: skip
GROUP = re.compile(
    r"--[a-z][a-z-]+(?: (?!and |or |if |with |in |to |too )[A-Za-z0-9_-]+)?"
)
FILL = {"--image": "0", "--red-channel": "0", "--green-channel": "1"}


def advised(message):
    """Groups of options that a message advises, each a list of arguments."""
    for part in re.split(r", or |; |(?<!\d), ", message):
        group = []
        for option in GROUP.findall(part):
            name, *value = option.split(" ")
            value = value if value and "-" not in value[0][:1] else []
            if not value and name in FILL:
                value = [FILL[name]]
            if value:
                group += [name, *value]
        if group:
            yield group


def read_with(path, role, arguments):
    parser = Parser()
    add_recording(parser)
    given = [str(path)] if role == "both" else ["--green", str(path)]
    parsed = vars(parser.parse_args([*given, *arguments]))
    options = ReadOptions(
        pixel_size_um=1.0,
        **{key: parsed[key] for key in (
            "axes", "red_channel", "green_channel", "channels", "channel_order",
            "planes", "image")},
    )  # fmt: skip
    return read_recording(None, parsed["green"], parsed["file"], options)


def without(arguments, names):
    pairs = zip(arguments[::2], arguments[1::2], strict=True)
    return [item for pair in pairs if pair[0] not in names for item in pair]


def follow(path, role, arguments, depth=0):
    """Read a file, and take every advice of every refusal; what did not work."""
    try:
        read_with(path, role, arguments)
        return []
    except InputError as error:
        message = str(error)
    left_out = set(re.findall(r"leave out (--[a-z-]+)", message))
    left_out |= set(re.findall(r"leave out --[a-z]+ and (--[a-z]+)", message))
    arguments = without(arguments, left_out)
    groups = list(advised(message)) or ([[]] if left_out else [])
    if role == "both" and "give it as the red or the green file" in message:
        groups.append(None)
    if role == "green" and "give it as the one file with both" in message:
        groups.append(None)
    if depth > 4 or not groups:
        return [(arguments, message)]
    failed = []
    for group in groups:
        other = {"both": "green", "green": "both"}[role]
        if group is None:
            if depth < 2:
                failed += follow(path, other, arguments, depth + 1)
            continue
        kept = without(arguments, set(group[::2]))
        failed += follow(path, role, [*kept, *group], depth + 1)
    return failed


@pytest.mark.parametrize("name", REFUSED)
@pytest.mark.parametrize("role", ["both", "green"])
@pytest.mark.parametrize(
    "arguments", [[], ["--axes", "TYX"], ["--axes", "TCYX"], ["--channels", "2"]]
)
def test_what_a_refusal_advises_works(tmp_path, name, role, arguments):
    path = REFUSED[name](tmp_path / f"{name.replace(' ', '_')}.tif")
    failed = follow(path, role, arguments)
    assert not failed, "\n".join(f"{how}: {said}" for how, said in failed)
