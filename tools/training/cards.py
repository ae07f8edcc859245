"""Change what the card of a model says, while its weights stay as they are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from napari_cellid.files import atomic_write
from napari_cellid.models.card import ModelCard
from napari_cellid.models.store import CARD_FILE, load_card

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


def change_card(folder: Path, values: Mapping[str, Any]) -> None:
    """Write fields of a model's card.

    Parameters
    ----------
    folder
        Folder of the model.
    values
        Fields of `ModelCard` that are to have other values.
    """
    card = load_card(folder).model_dump(mode="json") | dict(values)
    text = ModelCard.model_validate(card).model_dump_json(indent=2)
    with atomic_write(folder / CARD_FILE) as temporary:
        temporary.write_text(text + "\n", "utf-8")
