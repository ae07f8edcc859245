"""A list of recipes, which are named settings of a classifier training."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtWidgets import QComboBox, QWidget

from napari_cellid.config import RECIPES

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

_TITLES = {
    "paper": "As in the paper",
    "few-cells": "For a few hundred cells",
}
_TIP = (
    "<qt>Sets the values under More settings. The second recipe takes fewer, larger "
    "steps; with 200 simulated cells it gave the better models.</qt>"
)


class RecipeCombo(QComboBox):
    """A list of recipes; `activated` tells that the user has chosen one."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        for name, title in _TITLES.items():
            self.addItem(title, name)
        self.setToolTip(_TIP)

    def value(self) -> Mapping[str, Any]:
        """Settings of the chosen recipe, by name of the field."""
        return RECIPES[self.currentData()]
