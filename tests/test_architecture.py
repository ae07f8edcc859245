"""docs/architecture.md names modules and packages that exist, and every package."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import napari_cellid

SOURCE = Path(napari_cellid.__file__).parent
PAGE = Path(__file__).parents[1] / "docs" / "architecture.md"


def exists(name: str) -> bool:
    path = SOURCE / name.replace(".", "/")
    return path.is_dir() or path.with_suffix(".py").is_file()


def modules() -> list[str]:
    """Names such as `io.registry` in the tables; `.pixel` continues the one before."""
    names, package = [], ""
    text = PAGE.read_text("utf-8")
    tables = text[text.index("## Where to find") : text.index("### Docks")]
    for name in re.findall(r"`(\.?[a-z_]+(?:\.[a-z_]+)*)`", tables):
        if not name.startswith("."):
            package = name.rpartition(".")[0]
        names.append(package + name if name.startswith(".") else name)
    return [name for name in names if name not in ("study.toml", "split.json")]


@pytest.mark.parametrize("name", modules())
def test_modules_of_the_page_exist(name: str) -> None:
    assert exists(name)


def test_every_package_is_on_the_page() -> None:
    text = PAGE.read_text("utf-8")
    packages = [path.parent.name for path in SOURCE.glob("*/__init__.py")]
    missing = [name for name in packages if f"`{name}`" not in text]
    assert not missing


def test_every_dock_folder_is_on_the_page() -> None:
    text = PAGE.read_text("utf-8")
    folders = [path.parent.name for path in SOURCE.glob("widgets/*/__init__.py")]
    missing = [name for name in folders if f"`widgets/{name}`" not in text]
    assert not missing
