"""The manifest: valid, true, and the same file at the top of the repository."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

import npe2
import pytest

import napari_cellid

PATH = Path(napari_cellid.__file__).parent / "napari.yaml"
MANIFEST = npe2.PluginManifest.from_file(PATH)


@pytest.mark.parametrize("command", MANIFEST.contributions.commands, ids=lambda c: c.id)
def test_commands_exist(command):
    module, name = command.python_name.split(":")
    assert callable(getattr(import_module(module), name))


def test_widgets_are_in_the_menus_of_layers():
    menus = MANIFEST.contributions.menus
    for menu in ("napari/layers/segment", "napari/layers/classify"):
        assert [item.command for item in menus[menu]] == ["napari-cellid.identify"]


def test_name_is_the_package():
    assert MANIFEST.name == "napari-cellid"


def test_link_at_the_top():
    link = Path(__file__).parents[1] / "napari.yaml"
    if not link.exists():
        pytest.skip("installed without the repository")
    text = link.read_text("utf-8")
    # a clone on Windows may hold the name of the file in place of the link
    named = text.strip() == "src/napari_cellid/napari.yaml"
    assert named or text == PATH.read_text("utf-8")
