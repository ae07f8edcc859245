"""`classify` on folders of suite2p and files of CaImAn, made by hand."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
import tifffile

from napari_cellid.cli import main
from suite2p_folder import roi, stat_of, write_caiman, write_plane

if TYPE_CHECKING:
    from napari_cellid.simulation.field import SimulatedField

FILES = ["cell_types.csv", "cells.csv", "labels.tif", "overlay.png", "run.json"]
CHANCES = ["p_excitatory", "p_inhibitory", "p_glia"]
FIRST = [
    "plane", "roi", "iscell", "iscell_probability", "redcell", "redcell_probability",
    "y", "x", "predicted", "confidence", *CHANCES,
]  # fmt: skip


@pytest.fixture
def plane(field: SimulatedField, tmp_path: Path) -> Path:
    """Cells of the field, one of them rejected, and an ROI that lies in another one."""
    stat = stat_of(field.labels[0])
    first = stat[0]
    inside = roi(first["ypix"][:4], first["xpix"][:4], np.full(4, 0.1))
    stat.append(inside)
    iscell = np.ones(len(stat))
    iscell[[1, -1]] = 0
    return write_plane(
        tmp_path / "M12" / "suite2p" / "plane0", stat, field.green[0], field.red[0],
        iscell=iscell, redcell=iscell,
    )  # fmt: skip


def contents(folder: Path) -> dict[str, str]:
    return {
        str(path): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }


def run(words: list[str], classifier: list[str], *more: str) -> int:
    return main(["classify", *words, *classifier, "--pixel-size", "1.17", *more])


def test_every_roi_has_a_row_in_its_order(
    plane: Path, classifier: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    before = contents(plane)
    monkeypatch.chdir(tmp_path)
    assert run([str(plane.parent)], classifier) == 0
    folder = tmp_path / "napari-cellid-results" / "M12"
    assert sorted(path.name for path in folder.iterdir()) == FILES
    table = pd.read_csv(folder / "cell_types.csv")
    assert list(table)[: len(FIRST)] == FIRST
    stat = np.load(plane / "stat.npy", allow_pickle=True)
    assert table["roi"].tolist() == list(range(len(stat)))
    assert (table["plane"] == 0).all()
    assert table["npix"].tolist() == [len(each["ypix"]) for each in stat]
    np.testing.assert_allclose(table["y"], [e["ypix"].mean() for e in stat], atol=1e-3)
    assert table["iscell"].tolist() == np.load(plane / "iscell.npy")[:, 0].tolist()
    np.testing.assert_allclose(table[CHANCES].sum(axis=1), 1, atol=1e-3)
    assert (table["predicted"].str.len() > 0).all()
    # the last ROI lies in the first one: it has a class, and no pixel in the image
    assert table["label_npix"].iloc[-1] == 0
    cells = pd.read_csv(folder / "cells.csv")
    labels = tifffile.imread(folder / "labels.tif")
    assert cells["label"].tolist() == np.unique(labels[labels > 0]).tolist()
    assert len(cells) == len(table) - 1
    record = json.loads((folder / "run.json").read_text("utf-8"))
    assert record["rois"]["program"] == "suite2p"
    assert record["rois"]["n_rois"] == len(table)
    assert contents(plane) == before
    out, err = capsys.readouterr()
    assert f"Classified {len(table)} ROIs: " in out
    assert f"Cells of suite2p, {len(table) - 2} ROIs: " in out
    assert "1 ROI not in labels.tif and cells.csv" in err


def test_rois_apart_get_what_their_label_image_gets(
    field: SimulatedField, classifier: list[str], tmp_path: Path
) -> None:
    stat = stat_of(field.labels[0])
    plane = write_plane(tmp_path / "plane0", stat, field.green[0], field.red[0])
    tifffile.imwrite(tmp_path / "labels.tif", field.labels[0])
    for name in ("red", "green"):
        tifffile.imwrite(tmp_path / f"{name}.tif", getattr(field, name)[0])
    images = [
        "--red", str(tmp_path / "red.tif"), "--green", str(tmp_path / "green.tif"),
    ]  # fmt: skip
    ways = {
        "own": [str(plane)],
        "labels": [*images, "--labels", str(tmp_path / "labels.tif")],
        "file": [str(plane), *images],
        "red": [str(plane), "--red", str(tmp_path / "red.tif")],
        "caiman": [
            *images,
            "--rois",
            str(write_caiman(tmp_path / "c.hdf5", stat, field.labels[0].shape)),
        ],
    }
    tables = {}
    for name, words in ways.items():
        out = ["--out", str(tmp_path / name), "--name", "m"]
        assert run(words, classifier, *out, "--quiet") == 0
        tables[name] = pd.read_csv(tmp_path / name / "m" / "cells.csv")
    for name, table in tables.items():
        pd.testing.assert_frame_equal(
            table.drop(columns=["cell", "label"]),
            tables["labels"].drop(columns=["cell", "label"]),
            atol=1e-3, obj=name,
        )  # fmt: skip


def test_a_study_gets_the_rois_with_iscell_as_cells(
    plane: Path, classifier: list[str], tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    study = tmp_path / "study"
    words = ["--study", str(study), "--cells-only"]
    assert run([str(plane)], classifier, *words) == 0
    folder = study / "recordings" / "M12-plane0"
    n_rois = len(np.load(plane / "stat.npy", allow_pickle=True))
    # two ROIs have iscell 0
    assert len(pd.read_csv(folder / "cells.csv")) == n_rois - 2
    labels = tifffile.imread(folder / "labels.tif")
    assert len(np.unique(labels[labels > 0])) == n_rois - 2
    assert "give --out to have it" in capsys.readouterr().err


def refused(code: int, capsys: pytest.CaptureFixture[str]) -> str:
    assert code == 2
    text = capsys.readouterr().err.strip()
    assert "Traceback" not in text
    return text.splitlines()[-1]


def test_a_missing_second_channel_is_one_sentence(
    plane: Path, classifier: list[str], tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    ops = np.load(plane / "ops.npy", allow_pickle=True).item()
    del ops["meanImg_chan2"]
    np.save(plane / "ops.npy", ops)
    out = tmp_path / "out"
    text = refused(run([str(plane)], classifier, "--out", str(out)), capsys)
    assert "no mean image of a second channel (meanImg_chan2)" in text
    assert "not told apart" in text
    assert "--red" in text
    assert not out.exists()


def test_results_do_not_go_into_the_folder_of_suite2p(
    plane: Path, classifier: list[str], monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    before = contents(plane)
    out = ["--out", str(plane.parent / "cellid")]
    text = refused(run([str(plane)], classifier, *out), capsys)
    assert "stays as it is; choose another folder with --out" in text
    # nor by the default
    monkeypatch.chdir(plane)
    assert "choose another" in refused(run(["."], classifier), capsys)
    assert contents(plane.parent) == before


@pytest.mark.parametrize(
    ("name", "values", "message"),
    [
        ("stat.npy", np.arange(3), "dictionaries are needed"),
        ("iscell.npy", np.ones((2, 2)), "2 rows"),
    ],
)
def test_bad_folders_leave_nothing(
    name: str, values: np.ndarray, message: str, plane: Path, classifier: list[str],
    tmp_path: Path, capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    np.save(plane / name, values)
    out = tmp_path / "out"
    text = refused(run([str(plane)], classifier, "--out", str(out)), capsys)
    assert message in text
    assert name in text
    assert not out.exists()


def test_outlines_are_needed_and_only_one_kind(
    plane: Path, classifier: list[str], tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    out = ["--out", str(tmp_path / "out")]
    image = tmp_path / "i.tif"
    tifffile.imwrite(image, np.zeros((40, 40), np.uint8))
    assert "with --labels" in refused(run([str(image)], classifier, *out), capsys)
    words = [str(plane), "--labels", str(image), "--rois", str(plane)]
    assert "give one of them" in refused(run(words, classifier, *out), capsys)


def test_a_folder_is_outlined_anew_by_identify(
    plane: Path, classifier: list[str], segmenter: list[str], tmp_path: Path
) -> None:
    words = ["identify", str(plane.parent), *segmenter, *classifier]
    out = ["--pixel-size", "1.17", "--out", str(tmp_path / "out"), "--quiet"]
    assert main([*words, *out]) == 0
    assert len(pd.read_csv(tmp_path / "out" / "M12" / "cells.csv")) > 5
