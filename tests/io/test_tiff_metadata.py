from __future__ import annotations

import numpy as np
import pytest
import tifffile

from napari_cellid.errors import InputError
from napari_cellid.io.base import ReadOptions
from napari_cellid.io.registry import read_recording
from napari_cellid.io.tiff.metadata import TiffMetadata, ome_metadata

FRAMES = np.zeros((5, 32, 40), np.uint16)


def ome(path, axes="TYX", frames=FRAMES, **metadata):
    tifffile.imwrite(path, frames, ome=True, metadata={"axes": axes, **metadata})
    return path


def imagej(path, pixel=1.0, frames=FRAMES, axes="TYX", **metadata):
    """Write as ImageJ does, with pixels of so many units."""
    tifffile.imwrite(
        path, frames, imagej=True, resolution=(1 / pixel, 1 / pixel),
        metadata={"axes": axes, **metadata},
    )  # fmt: skip
    return path


@pytest.mark.parametrize(
    ("value", "unit", "size"),
    [(0.8, "µm", 0.8), (800, "nm", 0.8), (0.0012, "mm", 1.2), (12000, "Å", 1.2)],
)
def test_ome_sizes_are_read_in_their_unit(tmp_path, value, unit, size):
    sizes = {f"PhysicalSize{axis}": value for axis in "XY"}
    units = {f"PhysicalSize{axis}Unit": unit for axis in "XY"}
    made = read_recording(None, ome(tmp_path / "a.ome.tif", **sizes, **units))
    assert made.pixel_size_um == pytest.approx(size)
    assert made.pixel_size_source == "OME metadata"
    assert made.green.shape == (5, 1, 32, 40)


@pytest.mark.parametrize(
    ("pixel", "unit", "size"),
    [
        (0.8, "um", 0.8), (0.8, "\\u00B5m", 0.8),
        (0.8, "micron", 0.8), (800, "nm", 0.8), (0.001, "mm", 1.0),
    ],
)  # fmt: skip
def test_imagej_sizes_are_read_in_their_unit(tmp_path, pixel, unit, size):
    made = read_recording(None, imagej(tmp_path / "a.tif", pixel, unit=unit))
    assert made.pixel_size_um == pytest.approx(size, rel=1e-4)
    assert made.pixel_size_source == "ImageJ metadata"


@pytest.mark.parametrize("unit", ["", "pixel", "inch", "cm"])
def test_units_that_mean_nothing_here_give_no_size(tmp_path, unit):
    made = read_recording(None, imagej(tmp_path / "a.tif", 0.01, unit=unit))
    assert made.pixel_size_um is None
    assert made.pixel_size_source == ""


def test_the_resolution_of_a_plain_tiff_means_nothing(tmp_path):
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, FRAMES, resolution=(72, 72), resolutionunit="INCH")
    assert read_recording(None, path).pixel_size_um is None


def test_what_the_user_says_wins(tmp_path):
    path = ome(tmp_path / "a.ome.tif", PhysicalSizeX=0.5, PhysicalSizeY=0.9)
    made = read_recording(None, path, options=ReadOptions(pixel_size_um=1.17))
    assert (made.pixel_size_um, made.pixel_size_source) == (1.17, "given")


def test_pixels_that_are_not_square_are_refused(tmp_path):
    path = ome(tmp_path / "a.ome.tif", PhysicalSizeX=0.5, PhysicalSizeY=0.52)
    with pytest.raises(InputError, match=r"0\.5 x 0\.52 µm.*square"):
        read_recording(None, path)


def test_nearly_square_pixels_pass(tmp_path):
    path = ome(tmp_path / "a.ome.tif", PhysicalSizeX=0.5, PhysicalSizeY=0.505)
    assert read_recording(None, path).pixel_size_um == 0.5


def test_a_size_that_cannot_be_is_refused_with_its_source(tmp_path):
    path = imagej(tmp_path / "a.tif", 35, unit="mm")
    with pytest.raises(InputError, match=r"35000 µm \(ImageJ metadata\)"):
        read_recording(None, path)


def test_channels_of_different_pixel_size_are_refused(tmp_path):
    red = imagej(tmp_path / "red.tif", 1.0, unit="um")
    green = imagej(tmp_path / "green.tif", 1.02, unit="um")
    with pytest.raises(InputError, match=r"red\.tif 1 µm and green\.tif 1\.02 µm"):
        read_recording(red, green)
    made = read_recording(red, green, options=ReadOptions(pixel_size_um=1.0))
    assert made.pixel_size_um == 1.0


def test_the_size_of_one_channel_is_enough(tmp_path):
    red = imagej(tmp_path / "red.tif", 0.8, unit="um")
    green = tmp_path / "green.tif"
    tifffile.imwrite(green, FRAMES)
    assert read_recording(red, green).pixel_size_um == pytest.approx(0.8)


def test_the_depth_of_planes_is_read(tmp_path):
    sizes = {"PhysicalSizeZ": 5000, "PhysicalSizeZUnit": "nm"}
    path = ome(tmp_path / "a.ome.tif", "ZYX", **sizes)
    assert read_recording(None, path).plane_depths_um == (0, 5, 10, 15, 20)
    path = imagej(tmp_path / "b.tif", axes="ZYX", spacing=2.5, unit="um")
    assert read_recording(None, path).plane_depths_um == (0, 2.5, 5, 7.5, 10)
    path = imagej(tmp_path / "c.tif", spacing=2.5, unit="um")
    assert read_recording(None, path).plane_depths_um is None


def test_planes_without_time_are_noted(tmp_path):
    made = read_recording(None, imagej(tmp_path / "a.tif", axes="ZYX"))
    assert made.shape == (5, 32, 40)
    assert "5 images are planes; say --axes TYX" in made.notes[0]
    made = read_recording(None, tmp_path / "a.tif", options=ReadOptions(axes="TYX"))
    assert made.green.shape == (5, 1, 32, 40)
    assert made.notes == ()


@pytest.mark.parametrize("text", ["", "<OME", "<OME/>", "nonsense & <"])
def test_ome_xml_that_says_nothing_is_no_error(text):
    assert ome_metadata(text) == TiffMetadata()


@pytest.mark.parametrize(
    ("size", "unit", "um"),
    [
        ("0.8", None, 0.8), ("0.8", "µm", 0.8), ("0.8", "\u03bcm", 0.8),
        ("800", "nm", 0.8), ("0.0008", "mm", 0.8), ("8e-5", "cm", None),
        ("8e-7", "m", 0.8), ("8000", "Å", 0.8), ("1", "pixel", None),
        ("nan", "µm", None), ("0", "µm", None), ("wide", "µm", None),
    ],
)  # fmt: skip
def test_ome_pixel_sizes_are_read_in_their_unit(size, unit, um):
    given = "" if unit is None else f' PhysicalSizeXUnit="{unit}"'
    text = (
        f'<OME><Image><Pixels SizeC="1" PhysicalSizeX="{size}"{given}/></Image></OME>'
    )
    assert ome_metadata(text).voxel.x_um == (um and pytest.approx(um))


def test_ome_of_another_vendor_is_read():
    text = """<?xml version="1.0"?>
    <ome:OME xmlns:ome="http://www.openmicroscopy.org/Schemas/OME/2016-06" UUID="7">
      <ome:Instrument/>
      <ome:Image ID="Image:0"><ome:Pixels SizeC="2" SizeZ="1" PhysicalSizeY="1.5">
        <ome:Channel ID="Channel:0:0" Name="1"/><ome:Channel ID="Channel:0:1"/>
        <ome:TiffData><ome:UUID>7</ome:UUID></ome:TiffData>
      </ome:Pixels></ome:Image>
      <ome:Image ID="Image:1"><ome:Pixels SizeC="1" PhysicalSizeY="9"/></ome:Image>
    </ome:OME>"""
    read = ome_metadata(text)
    assert (read.voxel.y_um, read.voxel.x_um) == (1.5, None)
    assert read.channels == ("1", "")
    assert read.other_files == 0
    assert read.planes_or_channels


def test_ome_files_in_a_set_are_counted():
    files = "".join(
        f'<TiffData><UUID FileName="{n}.tif">urn:uuid:{n}</UUID></TiffData>'
        for n in range(4)
    )
    text = f'<OME UUID="urn:uuid:1"><Image><Pixels>{files}</Pixels></Image></OME>'
    assert ome_metadata(text).other_files == 3
    alone = text.replace(
        files, '<TiffData><UUID FileName="was">urn:uuid:1</UUID></TiffData>'
    )
    assert ome_metadata(alone).other_files == 0
    assert ome_metadata('<OME><BinaryOnly UUID="a"/></OME>').other_files == 1


def set_of_two(folder, size_c=1, pages=1):
    """A file whose OME header names another one, which would hold half the images."""
    blocks = "".join(
        f'<TiffData IFD="0" FirstT="{t}" PlaneCount="{pages}">'
        f'<UUID FileName="{t}.ome.tif">urn:uuid:{t}</UUID></TiffData>'
        for t in range(2)
    )
    xml = (
        '<?xml version="1.0" encoding="UTF-8"?><OME UUID="urn:uuid:0" '
        'xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06"><Image ID="Image:0">'
        '<Pixels ID="Pixels:0" DimensionOrder="XYCZT" Type="uint16" SizeX="40" '
        f'SizeY="32" SizeC="{size_c}" SizeZ="1" SizeT="2" PhysicalSizeX="0.5" '
        f'PhysicalSizeY="0.5">{blocks}</Pixels></Image></OME>'
    )
    path = folder / "0.ome.tif"
    frames = np.arange(pages * 32 * 40, dtype=np.uint16).reshape(pages, 32, 40)
    tifffile.imwrite(path, frames, description=xml.encode(), metadata=None)
    return path, frames


@pytest.mark.parametrize("sibling", [True, False])
def test_of_an_ome_set_only_the_given_file_is_read(tmp_path, sibling):
    path, frames = set_of_two(tmp_path)
    if sibling:
        (tmp_path / "1.ome.tif").write_bytes(path.read_bytes())
    made = read_recording(None, path)
    assert made.green.shape == (1, 1, 32, 40)
    np.testing.assert_array_equal(made.green[0, 0], frames[0])
    assert made.pixel_size_um == 0.5
    assert "names 1 more files" in made.notes[0]


def test_a_part_of_an_ome_set_with_channels_must_be_explained(tmp_path):
    path, frames = set_of_two(tmp_path, size_c=2, pages=2)
    with pytest.raises(InputError, match="one of 2 files"):
        read_recording(None, path)
    options = ReadOptions(axes="CYX", red_channel=1)
    made = read_recording(None, None, path, options)
    np.testing.assert_array_equal(made.red[0, 0], frames[1])


def scanimage(path, **keys):
    """A ScanImage file without its binary header, its channels in one row of pages."""
    header = {"SI.VERSION_MAJOR": 2019, **keys}
    software = "\n".join(f"{key} = {value}" for key, value in header.items())
    with tifffile.TiffWriter(path, bigtiff=True) as tif:
        for frame in FRAMES:
            tif.write(frame, contiguous=False, metadata=None, software=software)
    return path


@pytest.mark.parametrize("saved", ["1", "2", "[2]"])
def test_a_scanimage_file_of_one_channel_is_a_stack(tmp_path, saved):
    path = scanimage(tmp_path / "a.tif", **{"SI.hChannels.channelSave": saved})
    assert read_recording(None, path).green.shape == (5, 1, 32, 40)


@pytest.mark.parametrize(
    "keys",
    [
        {"SI.hChannels.channelSave": "[1 2]"},
        {"SI.hChannels.channelSave": "[1;2]"},
        {"SI.hStackManager.enable": "true", "SI.hStackManager.numSlices": 5},
        {"SI.hFastZ.enable": "true", "SI.hStackManager.actualNumSlices": 5},
    ],
)
def test_interleaved_scanimage_pages_are_not_taken_as_time(tmp_path, keys):
    path = scanimage(tmp_path / "a.tif", **keys)
    if "SI.hChannels.channelSave" in keys:
        with pytest.raises(InputError, match=r"2 channels and was given as one"):
            read_recording(None, path)
    else:
        assert read_recording(None, path).green.shape == (1, 5, 32, 40)
    made = read_recording(None, path, options=ReadOptions(axes="ZYX"))
    assert made.n_planes == 5
