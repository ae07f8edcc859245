"""The few shortcuts of napari that people need beside ours, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from napari.layers import Labels
from napari.settings import get_settings
from qtpy.QtGui import QKeySequence

from napari_cellid.widgets._shared.shortcut_list import ShortcutGroup, signs

if TYPE_CHECKING:
    from napari.components import ViewerModel

_VIEWER = {
    "reset_view": "show the whole image",
    "toggle_selected_visibility": "show or hide the selected layer",
    "hold_for_pan_zoom": "hold to move the image",
    "toggle_ndisplay": "2D or 3D view",
}
#: where there is more than one plane
_PLANES = {
    "increment_dims_left": "previous plane",
    "increment_dims_right": "next plane",
}
_LABELS = {
    "activate_labels_paint_mode": "brush: paint an outline",
    "activate_labels_erase_mode": "eraser",
    "activate_labels_fill_mode": "fill a cell",
    "activate_labels_picker_mode": "take up the number of a cell",
    "new_label": "paint a new cell",
    "activate_labels_pan_zoom_mode": "stop painting",
}


def napari_groups(viewer: ViewerModel) -> list[ShortcutGroup]:
    """Shortcuts of napari as the user has set them; those of labels while painting."""
    planes = _PLANES if _has_planes(viewer) else {}
    groups = [_group("napari", _VIEWER | planes)]
    active = viewer.layers.selection.active
    if isinstance(active, Labels) and active.editable:
        groups.append(_group("Correct outlines in the selected layer", _LABELS))
    return [group for group in groups if group.lines]


def _has_planes(viewer: ViewerModel) -> bool:
    """Whether the viewer shows one plane of several."""
    dims = viewer.dims
    return any(dims.nsteps[axis] > 1 for axis in dims.not_displayed)


def _group(title: str, meanings: dict[str, str]) -> ShortcutGroup:
    keys: dict[str, Any] = get_settings().shortcuts.shortcuts
    bound = (
        (keys.get(f"napari:{action}", []), text) for action, text in meanings.items()
    )
    return ShortcutGroup(
        title, tuple((_text(every[-1]), text) for every, text in bound if every)
    )


def _text(binding: Any) -> str:
    """Name of a key binding of napari, as it is on this computer's keyboard."""
    sequence = QKeySequence(str(binding))
    return signs(sequence.toString(QKeySequence.SequenceFormat.NativeText))
