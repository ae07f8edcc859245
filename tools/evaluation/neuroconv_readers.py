"""Whether napari-cellid reads what neuroconv reads of the same files.

neuroconv asks for zarr below 3, so it lives in an environment of its own (`pip install
neuroconv natsort`), where it writes what it read to NWB files:

    python -m tools.evaluation.neuroconv_readers make FOLDER      # of napari-cellid
    python tools/evaluation/neuroconv_readers.py convert FOLDER   # of neuroconv
    python -m tools.evaluation.neuroconv_readers check FOLDER     # of napari-cellid

`make` writes files by hand with random numbers, as the tests do, none of which came out
of a microscope: ScanImage (frames, volumes, volumes with flyback images, one that was
not ended), PrairieView (frames, volumes), suite2p and CaImAn. `check` compares the
images and the ROIs in the NWB files with those that napari-cellid reads of the sources;
the images of the NWB files are read by h5py and by napari-cellid, so that both the
reader of the source and that of NWB are compared.
"""

from __future__ import annotations

import argparse
import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

SIZE = (32, 40)
CHANNELS = {"scanimage": ("Channel 1", "Channel 2"), "prairie": ("Ch2", "Ch1")}
#: planes, flyback images and frames of each file of ScanImage
SCANIMAGE = {
    "scanimage_frames": (1, 0, 6),
    "scanimage_volumes": (3, 0, 6),
    "scanimage_flyback": (3, 1, 20),
    "scanimage_ended_early": (3, 2, 13),
}
HEADER = (
    "SI.acqState = 'grab'\nSI.hScan2D.logFramesPerFile = Inf\n"
    "SI.hStackManager.stackMode = 'fast'\n"
    "SI.hChannels.channelName = {{'Channel 1' 'Channel 2'}}\n"
    "SI.hRoiManager.scanFrameRate = 30\nSI.hRoiManager.scanVolumeRate = 10\n"
    "SI.hStackManager.numFramesPerVolume = 3\n"
    "SI.hFastZ.numDiscardFlybackFrames = {flyback}\n"
    "SI.hStackManager.numFramesPerVolumeWithFlyback = {together}\n"
)


#: without the time neuroconv reads no file
PAGE = "frameNumbers = {}\nepoch = [2024 5 1 10 0 0.000]\n"


def make(folder: Path) -> None:
    """Write the sources with the writers of the tests."""
    tests = Path(__file__).parents[2] / "tests"
    sys.path[:0] = [str(tests), str(tests / "io")]
    from prairie_files import PrairieFolder
    from raw_tiff import scanimage

    from suite2p_folder import roi, write_caiman, write_plane

    random = np.random.default_rng(0)
    folder.mkdir(parents=True)
    for name, (planes, flyback, frames) in SCANIMAGE.items():
        said = HEADER.format(flyback=flyback, together=3 + flyback)
        writer = scanimage(None, channels=2, planes=planes, extra=said)
        # neuroconv cannot read [1;2]
        writer.static = writer.static.replace(b"[1;2]", b"[1 2]")
        writer.software = writer.software.replace("[1;2]", "[1 2]")
        writer.page_description = PAGE
        pages = random.integers(-90, 900, (2 * frames, *SIZE)).astype("i2")
        writer.write(folder / f"{name}.tif", pages)
    for name, kind, shape in (
        ("prairie_frames", "TSeries Timed Element", (1, 4)),
        ("prairie_volumes", "TSeries ZSeries Element", (3, 4)),
    ):
        data = random.integers(0, 9000, (*shape, 2, *SIZE)).astype("u2")
        PrairieFolder(kind=kind).write(folder / name, data)
    rois = [
        roi([3, 4, 4], [7, 7, 8], [1.0, 2.0, 1.5]),
        roi([4, 5], [7, 30], [3.0, 1.0]),
        roi([31], [39], [1.0]),
    ]
    green = random.uniform(50, 90, SIZE)
    write_plane(folder / "suite2p" / "plane0", rois, green, iscell=[1, 0, 1])
    write_caiman(folder / "caiman.hdf5", rois, SIZE, accepted=[0, 2])


def sources(folder: Path) -> list[tuple[str, Path, str]]:
    """Each source: its kind, its path, and a channel or ""."""
    found = [(name, folder / f"{name}.tif") for name in SCANIMAGE]
    found += [(name, folder / name) for name in ("prairie_frames", "prairie_volumes")]
    images = [
        (name, path, channel)
        for name, path in found
        for channel in CHANNELS[name.split("_")[0]]
    ]
    return [
        *images,
        ("suite2p", folder / "suite2p", ""),
        ("caiman", folder / "caiman.hdf5", ""),
    ]


def target(path: Path, channel: str) -> Path:
    """The NWB file of a source."""
    return path.parent / "nwb" / f"{path.stem}{channel.replace(' ', '')}.nwb"


def convert(folder: Path) -> None:
    """Write what neuroconv reads to NWB files; what it refuses is kept as text."""
    from neuroconv import datainterfaces as readers

    (folder / "nwb").mkdir(exist_ok=True)
    refused = {}
    for name, path, channel in sources(folder):
        try:
            if name.startswith("scanimage"):
                one = readers.ScanImageImagingInterface(path, channel_name=channel)
            elif name.startswith("prairie"):
                one = readers.BrukerTiffImagingInterface(path, channel_name=channel)
            elif name == "suite2p":
                one = readers.Suite2pSegmentationInterface(path)
            else:
                one = readers.CaimanSegmentationInterface(path)
            metadata = one.get_metadata()
            metadata["NWBFile"]["session_start_time"] = datetime(2024, 5, 1, tzinfo=UTC)
            one.run_conversion(target(path, channel), metadata=metadata, overwrite=True)
        # whatever it is that the other program cannot do is a finding
        except Exception as error:  # noqa: BLE001
            refused[f"{name} {channel}"] = f"{type(error).__name__}: {error}"
    (folder / "nwb" / "refused.json").write_text(json.dumps(refused, indent=1))


def images_of(path: Path) -> np.ndarray[Any, Any]:
    """Images (time, plane, y, x) of the series in an NWB file."""
    import h5py

    with h5py.File(path) as file:
        (series,) = file["acquisition"].values()
        # by the schema they lie as (time, x, y) or (time, x, y, plane)
        data = series["data"][()]
    if data.ndim == 3:
        return data.transpose(0, 2, 1)[:, None]
    return data.transpose(0, 3, 2, 1)


def masks_of(path: Path) -> list[set[tuple[int, int]]]:
    """Pixels (y, x) of each ROI in an NWB file."""
    import h5py

    found: list[Any] = []

    def visit(_: str, item: Any) -> None:
        if item.attrs.get("neurodata_type") == "PlaneSegmentation":
            found.append(item)

    with h5py.File(path) as file:
        file.visititems(visit)
        (plane,) = found
        if "pixel_mask" in plane:
            pixels, ends = plane["pixel_mask"][()], plane["pixel_mask_index"][()]
            parts = np.split(pixels, ends[:-1])
            return [{(int(p["y"]), int(p["x"])) for p in part} for part in parts]
        masks = plane["image_mask"][()]
    # image masks lie as (roi, x, y)
    return [set(map(tuple, np.argwhere(mask.T != 0).tolist())) for mask in masks]


def check_images(path: Path, nwb: Path, channel: str) -> dict[str, bool]:
    """Compare the images of one channel."""
    from napari_cellid.io.base import ReadOptions
    from napari_cellid.io.registry import read_recording

    theirs = images_of(nwb)
    options = ReadOptions(green_channel=channel, pixel_size_um=1)
    if path.suffix == ".tif":
        index = CHANNELS["scanimage"].index(channel)
        options = ReadOptions(green_channel=index, pixel_size_um=1)
    ours = read_recording(both=path, options=options).green
    again = read_recording(green=nwb, options=ReadOptions(pixel_size_um=1)).green
    return {
        "source as neuroconv": np.array_equal(ours.compute(), theirs),
        "NWB as source": np.array_equal(again.compute(), ours.compute()),
    }


def check_rois(path: Path, nwb: Path) -> dict[str, bool]:
    """Compare the pixels of the ROIs, in their order."""
    from napari_cellid.io.rois import read_rois

    rois = read_rois(path).rois
    ours = [
        {(int(y), int(x)) for y, x in zip(*rois.pixels(k), strict=True)}
        for k in range(len(rois))
    ]
    theirs = masks_of(nwb)
    # neuroconv 0.10.2 writes the rows of pixels as x and the columns as y
    exchanged = [{(x, y) for y, x in mask} for mask in theirs]
    return {"ROIs as neuroconv, in their order": ours in (theirs, exchanged)}


def check(folder: Path) -> bool:
    """Compare every source and print the outcome; whether all agree."""
    refused = json.loads((folder / "nwb" / "refused.json").read_text())
    agree = True
    for name, path, channel in sources(folder):
        key, nwb = f"{name} {channel}", target(path, channel)
        if key in refused:
            print(f"{key}: neuroconv refuses it: {refused[key]}")
            continue
        same = check_images(path, nwb, channel) if channel else check_rois(path, nwb)
        agree &= all(same.values())
        print(f"{key}: {same}")
    return agree


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=["make", "convert", "check"])
    parser.add_argument("folder", type=Path)
    given = parser.parse_args()
    if given.what == "make":
        make(given.folder)
    elif given.what == "convert":
        convert(given.folder)
    else:
        sys.exit(0 if check(given.folder) else 1)


if __name__ == "__main__":
    main()
