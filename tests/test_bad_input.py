"""Bad input gives one sentence and exit code 2, and leaves nothing half-written."""

from __future__ import annotations

import errno
import json
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
import tifffile

from napari_cellid.cli import main

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from napari_cellid.simulation.field import SimulatedField

COLUMNS = (
    "cell,label,plane,y,x,area_um2,predicted,confidence,"
    "p_excitatory,p_inhibitory,p_glia,red_mean,red_contrast,green_mean,green_contrast"
)


class Workplace:
    """A folder with a good pair of images, to be spoilt, and a place for results."""

    def __init__(
        self, folder: Path, field: SimulatedField, models: tuple[Path, Path]
    ) -> None:
        self.folder = folder
        self.out = folder / "out"
        self.segmenter, self.classifier = models
        self.good_red, self.good_green = field.red[0], field.green[0]
        self.red = self.write("red.tif", self.good_red)
        self.green = self.write("green.tif", self.good_green)

    def write(self, name: str, image: NDArray[np.generic], **how: object) -> Path:
        path = self.folder / name
        tifffile.imwrite(path, image, **how)
        return path

    def identify(self, *more: str, pixel_size: str = "1.17") -> int:
        pixel = ["--pixel-size", pixel_size] if pixel_size else []
        return main(
            [
                "identify", "--red", str(self.red), "--green", str(self.green),
                *self.destination(), *pixel, *more,
            ]
        )  # fmt: skip

    def destination(self) -> list[str]:
        return [
            "--out", str(self.out), "--segmenter", str(self.segmenter),
            "--classifier", str(self.classifier), "--quiet",
        ]  # fmt: skip


@pytest.fixture
def place(
    tmp_path: Path,
    field: SimulatedField,
    segmenter_folder: Path,
    classifier_folder: Path,
) -> Workplace:
    return Workplace(tmp_path, field, (segmenter_folder, classifier_folder))


@pytest.fixture
def refused(
    place: Workplace, capsys: pytest.CaptureFixture[str]
) -> Callable[..., None]:
    """Check how a run ended: a function of its exit code and words of its message."""
    before = set(place.folder.rglob("*"))

    def check(code: int, *words: str) -> None:
        printed = capsys.readouterr()
        assert code == 2, printed
        assert printed.out == ""
        assert "Traceback" not in printed.err
        lines = printed.err.splitlines()
        assert len(lines) == 1, lines
        assert lines[0].startswith("napari-cellid: ")
        for word in words:
            assert word in lines[0]
        new = set(place.folder.rglob("*")) - before
        assert not [path for path in new if place.out in path.parents]
        assert not [path for path in new if path.name.startswith(".")]

    return check


def test_good_input(place: Workplace) -> None:
    assert place.identify() == 0
    assert (place.out / place.folder.name / "cells.csv").is_file()


# ---------------------------------------------------------------- images


def test_missing_file(place: Workplace, refused: Callable[..., None]) -> None:
    place.red = place.folder / "nowhere.tif"
    refused(place.identify(), "nowhere.tif", "does not exist")


def test_folder_for_a_file(place: Workplace, refused: Callable[..., None]) -> None:
    place.red = place.folder
    refused(place.identify(), "is a folder")


@pytest.mark.parametrize("content", [b"", b"II", b"not a TIFF at all" * 9])
def test_not_a_tiff(
    place: Workplace, refused: Callable[..., None], content: bytes
) -> None:
    place.red.write_bytes(content)
    refused(place.identify(), "red.tif")


@pytest.mark.parametrize("share", [0.02, 0.3, 0.9, 0.999])
@pytest.mark.parametrize("compression", [None, "zlib"])
def test_truncated_tiff(
    place: Workplace,
    refused: Callable[..., None],
    share: float,
    compression: str | None,
) -> None:
    movie = np.repeat(place.good_green[None], 5, 0)
    place.green = place.write("movie.tif", movie, compression=compression)
    data = place.green.read_bytes()
    place.green.write_bytes(data[: int(len(data) * share)])
    refused(place.identify(), "movie.tif")


def test_shapes_that_differ(place: Workplace, refused: Callable[..., None]) -> None:
    place.red = place.write("smaller.tif", place.good_red[:100, :150])
    refused(place.identify(), "100 x 150", "128 x 160", "same")


def test_transposed_channel(place: Workplace, refused: Callable[..., None]) -> None:
    place.red = place.write("turned.tif", place.good_red.T)
    refused(place.identify(), "160 x 128", "128 x 160", "transposed")


@pytest.mark.parametrize("axes", ["YXT", "XYZ", "TTYX", "hello", "CYX", "TZCYX", ""])
def test_axes_that_do_not_fit(
    place: Workplace, refused: Callable[..., None], axes: str
) -> None:
    movie = np.repeat(place.good_green[None], 3, 0)
    place.green = place.write("movie.tif", movie, photometric="minisblack")
    refused(place.identify("--axes", axes), "--axes" if axes == "CYX" else "axes")


def test_planes_of_one_channel_only(
    place: Workplace, refused: Callable[..., None]
) -> None:
    three = np.repeat(place.good_green[None], 3, 0)
    place.green = place.write("three.tif", three, imagej=True, metadata={"axes": "ZYX"})
    refused(place.identify(), "3 planes", "1 plane", "--axes TYX")


def test_one_channel_as_the_file_of_both(
    place: Workplace, refused: Callable[..., None]
) -> None:
    code = main(["identify", str(place.red), *place.destination()])
    refused(code, "red.tif", "no channel axis", "--channels")


def test_one_channel_for_classes(
    place: Workplace, refused: Callable[..., None]
) -> None:
    labels = place.write("labels.tif", np.ones((128, 160), np.uint16))
    code = main(
        [
            "classify", "--green", str(place.green), "--labels", str(labels),
            "--pixel-size", "1.17", "--out", str(place.out), "--quiet",
            "--classifier", str(place.classifier),
        ]
    )  # fmt: skip
    refused(code, "only the green channel", "--red")


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_nothing_but_nan(
    place: Workplace, refused: Callable[..., None], value: float
) -> None:
    place.red = place.write("nan.tif", np.full((128, 160), value, np.float32))
    refused(place.identify(), "red channel", "NaN", "20480")


def test_a_few_nan_are_filled_and_told(place: Workplace) -> None:
    image = place.good_red.astype(np.float32)
    image[:5] = np.nan
    place.red = place.write("some.tif", image)
    assert place.identify("--name", "some") == 0
    run = json.loads((place.out / "some" / "run.json").read_text("utf-8"))
    cells = pd.read_csv(place.out / "some" / "cells.csv")
    assert len(cells)
    assert np.isfinite(cells[["confidence", "red_mean"]]).all(axis=None)
    assert "models" in run


@pytest.mark.parametrize("level", [0, 7])
def test_constant_images_have_no_cells(place: Workplace, level: int) -> None:
    image = np.full((128, 160), level, np.uint16)
    place.red = place.write("red_even.tif", image)
    place.green = place.write("green_even.tif", image)
    assert place.identify("--name", "even") == 0
    folder = place.out / "even"
    assert {path.name for path in folder.iterdir()} == {
        "labels.tif", "cells.csv", "overlay.png", "run.json",
    }  # fmt: skip
    assert (folder / "cells.csv").read_text("utf-8").splitlines() == [COLUMNS]
    assert not tifffile.imread(folder / "labels.tif").any()


@pytest.mark.parametrize("level", [0, 7])
@pytest.mark.parametrize("channel", ["red", "green"])
def test_one_empty_channel(
    place: Workplace, refused: Callable[..., None], channel: str, level: int
) -> None:
    empty = place.write("empty.tif", np.full((128, 160), level, np.uint16))
    setattr(place, channel, empty)
    refused(place.identify(), f"{channel} channel", f"{level} everywhere")


@pytest.mark.parametrize("shape", [(128, 160, 3), (128, 160, 4), (2, 128, 160, 3)])
def test_photograph(
    place: Workplace, refused: Callable[..., None], shape: tuple[int, ...]
) -> None:
    photograph = np.zeros(shape, np.uint8)
    place.red = place.write("holiday.tif", photograph, photometric="rgb")
    refused(place.identify(), "holiday.tif", "photograph")
    code = main(["identify", str(place.red), *place.destination()])
    refused(code, "holiday.tif", "photograph")


@pytest.mark.parametrize("shape", [(1, 1), (1, 100000), (100000, 1), (31, 31)])
def test_hardly_an_image(
    place: Workplace, refused: Callable[..., None], shape: tuple[int, int]
) -> None:
    image = np.ones(shape, np.uint16)
    place.red = place.write("little_red.tif", image)
    place.green = place.write("little_green.tif", image)
    refused(place.identify(), f"{shape[0]} x {shape[1]}", "at least")


def test_missing_pixel_size(place: Workplace, refused: Callable[..., None]) -> None:
    refused(place.identify(pixel_size=""), "--pixel-size", "µm")


@pytest.mark.parametrize("size", ["0", "-1", "nan", "inf", "1,17", "1000"])
def test_pixel_size_that_is_none(
    place: Workplace, refused: Callable[..., None], size: str
) -> None:
    refused(main(["identify", f"--pixel-size={size}", *_rest(place)]), size)


@pytest.mark.parametrize("name", ["", "..", "a/b", "/etc", " ", "a\\b"])
def test_name_that_is_no_folder(
    place: Workplace, refused: Callable[..., None], name: str
) -> None:
    refused(place.identify("--name", name), "cannot be the name")


def test_no_recording(place: Workplace, refused: Callable[..., None]) -> None:
    refused(main(["identify", *place.destination()]), "--red", "--green", "FILE")


def test_too_many_files(place: Workplace, refused: Callable[..., None]) -> None:
    refused(place.identify(str(place.red)), "either one file or two")


def test_one_file_twice(place: Workplace, refused: Callable[..., None]) -> None:
    place.green = place.red
    refused(place.identify(), "red.tif", "both --red and --green")


# ---------------------------------------------------------------- models


def test_missing_model(place: Workplace, refused: Callable[..., None]) -> None:
    place.segmenter = place.folder / "no_model"
    refused(place.identify(), "no_model", "model folder")


def test_empty_model_folder(place: Workplace, refused: Callable[..., None]) -> None:
    place.classifier = place.folder / "empty"
    place.classifier.mkdir()
    refused(place.identify(), "empty", "model.json")


@pytest.mark.parametrize("kind", ["segmenter", "classifier"])
@pytest.mark.parametrize("share", [0.0, 0.01, 0.6])
def test_truncated_model(
    place: Workplace, refused: Callable[..., None], kind: str, share: float
) -> None:
    copy = _copy_model(place, kind)
    weights = copy / "weights.safetensors"
    data = weights.read_bytes()
    weights.write_bytes(data[: int(len(data) * share)])
    refused(place.identify(), "weights.safetensors", "copy the model folder again")


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"name": "x"}', "\x00"])
def test_broken_description(
    place: Workplace, refused: Callable[..., None], text: str
) -> None:
    (_copy_model(place, "segmenter") / "model.json").write_text(text, "utf-8")
    refused(place.identify(), "model.json", "copy the model folder again")


def test_pickled_model(place: Workplace, refused: Callable[..., None]) -> None:
    import torch

    place.classifier = place.folder / "inception.pt"
    torch.save({"fc.weight": torch.zeros(3, 4)}, place.classifier)
    refused(place.identify(), "inception.pt", "pickle", "save_model")


def test_pickle_in_a_model_folder(
    place: Workplace, refused: Callable[..., None]
) -> None:
    copy = _copy_model(place, "classifier")
    (copy / "weights.safetensors").rename(copy / "weights.pth")
    refused(place.identify(), "weights.pth", "pickle")


def test_pickle_under_another_name(
    place: Workplace, refused: Callable[..., None]
) -> None:
    import torch

    copy = _copy_model(place, "classifier")
    torch.save({"fc.weight": torch.zeros(3, 4)}, copy / "weights.safetensors")
    refused(place.identify(), "weights.safetensors")


@pytest.mark.parametrize("kind", ["segmenter", "classifier"])
def test_model_of_the_wrong_task(
    place: Workplace, refused: Callable[..., None], kind: str
) -> None:
    other = "classifier" if kind == "segmenter" else "segmenter"
    setattr(place, kind, getattr(place, other))
    refused(place.identify(), "choose another model")


# ---------------------------------------------------------------- where results go


def test_output_folder_is_a_file(
    place: Workplace, refused: Callable[..., None]
) -> None:
    place.out = place.red
    content = place.red.read_bytes()
    refused(place.identify(), "red.tif", "is a file", "--out")
    assert place.red.read_bytes() == content


def test_output_folder_below_a_file(
    place: Workplace, refused: Callable[..., None]
) -> None:
    place.out = place.red / "results"
    refused(place.identify(), "results", "cannot be written", "--out")


def test_results_would_replace_a_file(
    place: Workplace, capsys: pytest.CaptureFixture[str]
) -> None:
    place.out.mkdir()
    taken = place.out / "taken"
    taken.write_text("mine")
    assert place.identify("--name", "taken") == 2
    assert "taken is a file" in capsys.readouterr().err
    assert taken.read_text() == "mine"


@pytest.mark.skipif(not Path("/proc/self").is_dir(), reason="needs /proc")
def test_output_folder_not_writable(
    place: Workplace, refused: Callable[..., None]
) -> None:
    # also root may not write there
    place.out = Path("/proc/self/results")
    refused(place.identify(), "/proc/self/results", "cannot be written")


@pytest.mark.parametrize("command", ["simulate", "demo"])
def test_other_commands_check_the_folder(
    place: Workplace, refused: Callable[..., None], command: str
) -> None:
    model = [] if command == "simulate" else ["--segmenter", str(place.segmenter)]
    model += [] if command == "simulate" else ["--classifier", str(place.classifier)]
    code = main([command, "--out", str(place.red), "--quiet", *model])
    refused(code, "red.tif", "is a file")


def test_disk_full_half_way(
    place: Workplace,
    refused: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def no_space(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    place.out.mkdir()
    monkeypatch.setattr("napari_cellid.io.overlay_png.save_overlay", no_space)
    refused(place.identify("--name", "full"), "full", "No space left on device")
    assert list(place.out.iterdir()) == []


def test_disk_full_keeps_the_results_there(
    place: Workplace,
    refused: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def no_space(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    assert place.identify("--name", "kept") == 0
    folder = place.out / "kept"
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    capsys.readouterr()
    monkeypatch.setattr("napari_cellid.io.overlay_png.save_overlay", no_space)
    code = place.identify("--name", "kept", "--threshold", "0.5")
    printed = capsys.readouterr().err
    assert code == 2
    assert "nothing was changed" in printed
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    assert [path.name for path in place.out.iterdir()] == ["kept"]


@pytest.mark.skipif(sys.platform == "win32", reason="limits as Unix has them")
@pytest.mark.parametrize("limit", [100, 5_000])
def test_really_no_room(
    place: Workplace, refused: Callable[..., None], limit: int
) -> None:
    import resource

    place.out.mkdir()
    old = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, old[1]))
    try:
        code = place.identify("--name", "full")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, old)
    refused(code, "full", "failed")
    assert list(place.out.iterdir()) == []


# ---------------------------------------------------------------- own masks


@pytest.mark.parametrize(
    ("labels", "words"),
    [
        (np.ones((50, 60), np.uint16), ("50 x 60", "128 x 160")),
        (np.ones((2, 128, 160), np.uint16), ("2 x 128 x 160", "1 x 128 x 160")),
        (np.full((128, 160), 0.5, np.float32), ("not whole",)),
        (np.full((128, 160), np.nan, np.float32), ("not whole",)),
        (np.full((128, 160), -2, np.int16), ("-2", "negative")),
        (np.ones((128, 160), np.complex64), ("complex64", "whole")),
    ],
)
def test_labels_that_are_none(
    place: Workplace,
    refused: Callable[..., None],
    labels: NDArray[np.generic],
    words: tuple[str, ...],
) -> None:
    path = place.write("own.tif", labels)
    refused(main(["classify", "--labels", str(path), *_classify(place)]), *words)


def test_labels_that_are_no_tiff(
    place: Workplace, refused: Callable[..., None]
) -> None:
    path = place.folder / "own.tif"
    path.write_bytes(b"label")
    code = main(["classify", "--labels", str(path), *_classify(place)])
    refused(code, "own.tif", "not a TIFF")
    code = main(["classify", "--labels", "nowhere.tif", *_classify(place)])
    refused(code, "nowhere.tif", "does not exist")


# ---------------------------------------------------------------- the command line


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "COMMAND"),
        (["dance"], "dance"),
        (["identify"], "--out"),
        (["identify", "--out", "x", "--threshold", "3"], "--threshold"),
        (["identify", "--out", "x", "--threshold", "nan"], "--threshold"),
        (["identify", "--out", "x", "--split", "axe"], "core"),
        (["identify", "--out", "x", "--thres", "0.5"], "--thres"),
        (["identify", "--out", "x", "--batch-size", "2.5"], "--batch-size"),
        (["simulate", "--out", "x", "--seed", "-1"], "--seed"),
        (["simulate", "--out", "x", "--kind", "odd"], "nominal"),
        (["models", "show", "odd"], "odd"),
    ],
)
def test_words_that_are_not_understood(
    refused: Callable[..., None], words: list[str], said: str
) -> None:
    refused(main(words), said)


def test_fp16_on_the_cpu(place: Workplace, refused: Callable[..., None]) -> None:
    code = place.identify("--device", "cpu", "--precision", "fp16")
    refused(code, "fp16", "choose")


def test_error_as_json(place: Workplace, capsys: pytest.CaptureFixture[str]) -> None:
    place.red = place.folder / "nowhere.tif"
    assert place.identify("--json") == 2
    printed = capsys.readouterr()
    error = json.loads(printed.out.splitlines()[-1])
    assert error["event"] == "error"
    assert "nowhere.tif" in error["message"]
    assert printed.err.startswith("napari-cellid: ")


def _copy_model(place: Workplace, kind: str) -> Path:
    copy = place.folder / f"copy_of_{kind}"
    shutil.copytree(getattr(place, kind), copy)
    setattr(place, kind, copy)
    return copy


def _rest(place: Workplace) -> list[str]:
    return ["--red", str(place.red), "--green", str(place.green), *place.destination()]


def _classify(place: Workplace) -> list[str]:
    return [
        "--red", str(place.red), "--green", str(place.green), "--pixel-size", "1.17",
        "--out", str(place.out), "--classifier", str(place.classifier), "--quiet",
    ]  # fmt: skip
