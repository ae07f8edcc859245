"""Pictures of the documentation are shown, small, and made by a scene."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from matplotlib.figure import Figure
from PIL import Image

from tools.pictures import save_figure

ROOT = Path(__file__).parents[2]
IMAGES = ROOT / "docs" / "images"
SCENES = (ROOT / "tools" / "docs" / "scenes.py").read_text("utf-8")
#: all together, because every version of them stays in the history of the repository
MOST_BYTES = 2_000_000


def pictures() -> list[Path]:
    return [path for path in IMAGES.rglob("*") if path.is_file()]


def test_every_picture_is_on_a_page():
    pages = [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]
    text = "".join(page.read_text("utf-8") for page in pages)
    unused = [path.name for path in pictures() if f"/{path.name})" not in text]
    assert not unused


def test_pictures_of_windows_are_those_of_the_scenes():
    made = set(re.findall(r'"([\w-]+\.(?:png|jpg))"', SCENES))
    assert {path.name for path in (IMAGES / "window").iterdir()} == made


def test_pictures_are_small():
    assert sum(path.stat().st_size for path in pictures()) < MOST_BYTES


@pytest.mark.parametrize(
    ("name", "kind", "mode"), [("a.png", "PNG", "P"), ("a.jpg", "JPEG", "RGB")]
)
def test_a_figure_is_saved_as_it_is_drawn(tmp_path: Path, name: str, kind: str, mode):
    figure = Figure((3, 2))
    figure.subplots().axhspan(0, 1, color="#c02040")
    save_figure(figure, tmp_path / name, dpi=80)
    with Image.open(tmp_path / name) as picture:
        assert (picture.format, picture.size, picture.mode) == (kind, (240, 160), mode)
        middle = picture.convert("RGB").getpixel((120, 80))
    assert all(
        abs(value - wanted) < 12
        for value, wanted in zip(middle, (0xC0, 0x20, 0x40), strict=True)
    )
