"""A study that is moved while `segment --study` works is not made anew."""

from __future__ import annotations

from pathlib import Path

import pytest

from napari_cellid.cli import identify, main
from napari_cellid.study.study import Study


@pytest.mark.parametrize("step", ["load_models", "open_study", "run_to_end"])
def test_nothing_is_made_in_its_place(
    tmp_path: Path,
    channels: list[str],
    segmenter: list[str],
    monkeypatch: pytest.MonkeyPatch,
    capsys,
    step: str,
) -> None:
    place = Study.create(tmp_path / "study").path
    work = getattr(identify, step)

    def move(*arguments: object) -> object:
        if step == "load_models":
            place.rename(tmp_path / "moved")
            return work(*arguments)
        result = work(*arguments)
        place.rename(tmp_path / "moved")
        return result

    monkeypatch.setattr(identify, step, move)
    words = [*channels, *segmenter, "--name", "a", "--study", str(place)]
    assert main(["segment", *words]) == 2
    assert "is not there any more" in capsys.readouterr().err
    assert not place.exists()


def test_a_new_study_is_told(
    tmp_path: Path, channels: list[str], segmenter: list[str], capsys
) -> None:
    words = [*channels, *segmenter, "--name", "a", "--study", str(tmp_path / "new")]
    assert main(["segment", *words]) == 0
    assert "is a new study" in capsys.readouterr().err
    assert main(["segment", *words]) == 0
    assert "is a new study" not in capsys.readouterr().err
