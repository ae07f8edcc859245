"""Which shortcuts hold in a window now, in words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from qtpy.QtCore import QObject, Qt
from qtpy.QtGui import QKeySequence
from qtpy.QtWidgets import QDockWidget

from napari_cellid.widgets._shared.parents import nearest

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from qtpy.QtWidgets import QWidget

#: keys that Qt names by a word, and people by a sign
_SIGNS = {"Left": "←", "Right": "→", "Up": "↑", "Down": "↓", "Ins": "Insert"}
_MODIFIERS = (
    (Qt.KeyboardModifier.ControlModifier, "Ctrl+"),
    (Qt.KeyboardModifier.ShiftModifier, "Shift+"),
)


@dataclass(frozen=True)
class ShortcutGroup:
    """Shortcuts of one part of the window.

    Attributes
    ----------
    title
        Where they hold, such as "Annotate cells".
    lines
        Keys or what to do with the mouse, and what it does.
    """

    title: str
    lines: tuple[tuple[str, str], ...]


@runtime_checkable
class HasShortcuts(Protocol):
    """An object of a window with shortcuts of its own."""

    def shortcut_group(self) -> ShortcutGroup | None:
        """The shortcuts that hold now; None if none does."""


def shortcut_groups(window: QWidget) -> list[ShortcutGroup]:
    """Shortcuts that hold in a window now; groups of one title are one group."""
    by_title: dict[str, dict[str, str]] = {}
    for one in window.findChildren(QObject):
        group = one.shortcut_group() if isinstance(one, HasShortcuts) else None
        if group is not None:
            by_title.setdefault(group.title, {}).update(group.lines)
    return [
        ShortcutGroup(title, tuple(lines.items())) for title, lines in by_title.items()
    ]


def lines_by_meaning(
    meanings: Mapping[tuple[int, Qt.KeyboardModifier], str],
) -> tuple[tuple[str, str], ...]:
    """Lines of shortcuts; keys that do the same are one line."""
    keys: dict[str, list[str]] = {}
    for (key, modifiers), meaning in meanings.items():
        keys.setdefault(meaning, []).append(_key_text(key, modifiers))
    return tuple((" or ".join(names), meaning) for meaning, names in keys.items())


def signs(name: str) -> str:
    """Name of a key, arrows as signs."""
    return _SIGNS.get(name, name)


def title_of(widget: QWidget) -> str:
    """Title of the dock in which a widget is; "" if it is in none."""
    dock = nearest(widget, QDockWidget)
    # napari adds the name of the plugin in brackets
    return "" if dock is None else dock.windowTitle().partition(" (")[0]


def without(group: ShortcutGroup, taken: Collection[str]) -> ShortcutGroup:
    """A group without the keys that do something else now."""
    lines = tuple(line for line in group.lines if line[0] not in taken)
    return ShortcutGroup(group.title, lines)


def _key_text(key: int, modifiers: Qt.KeyboardModifier) -> str:
    """Name of a key with its modifiers, as it is on this computer's keyboard."""
    held = "".join(text for flag, text in _MODIFIERS if modifiers & flag)
    name = QKeySequence(int(key)).toString(QKeySequence.SequenceFormat.PortableText)
    if name in _SIGNS and not held:
        return _SIGNS[name]
    combination = QKeySequence(f"{held}{name}")
    return str(combination.toString(QKeySequence.SequenceFormat.NativeText))
