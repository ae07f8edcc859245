"""The description of a model as rich text, from its model card."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

from napari_cellid.annotation.answer import answer_text
from napari_cellid.classification.networks import NETWORK_NAMES
from napari_cellid.errors import InputError
from napari_cellid.models.store import load_card
from napari_cellid.report.training import local_time_text

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from napari_cellid.models.card import ModelCard

#: only the length of longer lists and tables is shown
_MOST = 12
_HASH = 12


def card_text(folder: Path) -> str:
    """Return the description of the model in a folder; "" without a model."""
    try:
        card = load_card(folder)
    except InputError:
        return ""
    # cards come with models from anywhere, so their texts may look like markup
    parts = [f"<b>{escape(card.name)}</b>", escape(card.description), _facts(card)]
    for title, values in (("Trained on", card.training), ("Measured", card.metrics)):
        if values:
            parts.append(f"<b>{title}</b><br>{_lines(values)}")
    versions = ", ".join(f"{k} {v}" for k, v in card.versions.items())
    parts.append(escape(f"Made with {versions}." if versions else ""))
    parts.append(escape(f"Licence: {card.licence}" if card.licence else ""))
    return "<br><br>".join(filter(None, parts))


def _facts(card: ModelCard) -> str:
    classes = ", ".join(answer_text(name) for name in card.classes)
    network = NETWORK_NAMES.get(card.architecture, card.architecture)
    side = card.patch_size * card.pixel_size_um
    facts = {
        "Network": network,
        "Classes": classes,
        "Pixel size": f"{card.pixel_size_um:g} µm",
        "Patch": f"{side:.0f} µm around a cell" if card.task == "classify" else "",
        "Weights": f"sha256 {card.weights_sha256[:_HASH]}…",
    }
    return "<br>".join(f"{k}: {escape(v)}" for k, v in facts.items() if v)


def _lines(values: Mapping[str, Any], depth: int = 0) -> str:
    space = "&nbsp;" * 3 * depth
    lines = []
    for name, value in values.items():
        title = str(name).replace("_", " ")
        if isinstance(value, dict) and value and len(value) <= _MOST:
            lines.append(f"{space}{escape(title)}:<br>{_lines(value, depth + 1)}")
        else:
            lines.append(f"{space}{escape(title)}: {escape(_value(name, value))}")
    return "<br>".join(lines)


def _value(name: str, value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.3g}"
    if isinstance(value, str) and "sha256" in str(name):
        return f"{value[:_HASH]}…"
    if name in ("made", "time"):
        return local_time_text(str(value))
    if isinstance(value, (list, tuple, dict)):
        if len(value) > _MOST:
            return f"{len(value)} entries"
        # the rows of a table are set apart
        nested = any(isinstance(item, (list, tuple)) for item in value)
        return (" / " if nested else ", ").join(_value("", item) for item in value)
    return str(value)
