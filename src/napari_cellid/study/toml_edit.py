"""New values in the text of a TOML file, whose comments and order stay."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

import tomlkit
from tomlkit.exceptions import TOMLKitError
from tomlkit.items import AoT, Array, InlineTable, Table

if TYPE_CHECKING:
    from collections.abc import MutableMapping, Sequence

    from tomlkit.items import Item

T = TypeVar("T", bound="MutableMapping[str, Any]")

#: keys that identify an element of a list of tables, such as a class, best first
_IDENTITY = ("id", "name")


def toml_text(values: Mapping[str, Any], head: Sequence[str]) -> str:
    """Text of a new TOML file with a comment at its head."""
    document = tomlkit.document()
    for line in head:
        document.add(tomlkit.comment(line))
    document.add(tomlkit.nl())
    return tomlkit.dumps(_filled(document, values))


def edited_text(text: str, values: Mapping[str, Any]) -> str | None:
    """Text of a TOML file with new values, and its own comments, order and layout.

    Parameters
    ----------
    text
        Text of the file.
    values
        All values that it is to have; other keys are removed.

    Returns
    -------
    The new text; None if it cannot be edited so that it says exactly `values`.
    """
    try:
        if tomllib.loads(text) == values:
            return text
        document = tomlkit.parse(_with_new_keys(text, values))
        _edit_table(document, values)
        edited = tomlkit.dumps(document).rstrip("\n") + "\n"
        # values go before comments: a layout that tomlkit cannot edit is given up
        return edited if tomllib.loads(edited) == values else None
    except (TOMLKitError, tomllib.TOMLDecodeError):
        return None


def _with_new_keys(text: str, values: Mapping[str, Any]) -> str:
    """Text with the keys it lacks below its head, not inside another's comment."""
    present = tomllib.loads(text)
    lacking = {
        key: _item(value)
        for key, value in values.items()
        if key not in present and not _is_table(value)
    }
    if not lacking:
        return text
    lines = text.splitlines(keepends=True)
    head = next((i for i, one in enumerate(lines) if not one.startswith("#")), 0)
    # a comment right above a key or a table is about that, not about the file
    below = head + 1 if head and not lines[head].strip() else 0
    return "".join((*lines[:below], tomlkit.dumps(lacking), "\n", *lines[below:]))


def _edit_table(table: MutableMapping[str, Any], values: Mapping[str, Any]) -> None:
    for key in [key for key in table if key not in values]:
        del table[key]
    inline = isinstance(table, InlineTable)
    for key, value in values.items():
        present = table.get(key)
        if present is None:
            table[key] = _spaced(_item(value, inline=inline))
        elif _plain(present) == value:
            continue
        elif isinstance(present, Mapping) and isinstance(value, Mapping):
            _edit_table(present, value)  # type: ignore[arg-type]
        elif isinstance(present, AoT | Array) and _is_list_of_tables(value):
            _edit_list(present, value)
        else:
            table[key] = _item(value, inline=inline)


def _edit_list(elements: AoT | Array, values: list[Mapping[str, Any]]) -> None:
    """Edit a list of tables; an element keeps the comments of the one it replaces."""
    before = [_plain(element) for element in elements]
    order = _matches(before, values)
    kept = [old for old in order if old is not None]
    appended = order[len(kept) :]
    if kept == sorted(kept) and all(old is None for old in appended):
        for gone in sorted(set(range(len(before))) - set(kept), reverse=True):
            del elements[gone]
        for element, value in zip(elements, values, strict=False):
            _edit_table(element, value)
    else:
        # another order: elements move with the comments inside them
        moved = [None if old is None else elements[old] for old in order]
        for index in reversed(range(len(before))):
            del elements[index]
        for element, value in zip(moved, values, strict=True):
            if element is not None:
                _edit_table(element, value)
                elements.append(element)
            else:
                elements.append(_element(elements, value))
    for value in values[len(elements) :]:
        elements.append(_element(elements, value))


def _matches(
    before: Sequence[Any], values: Sequence[Mapping[str, Any]]
) -> list[int | None]:
    """For each new element, the index of the old one that it replaces."""
    left = {index: old for index, old in enumerate(before) if isinstance(old, Mapping)}
    order: list[int | None] = [None] * len(values)
    for key in _IDENTITY:
        for place, value in enumerate(values):
            if order[place] is None and key in value:
                same = [i for i, old in left.items() if old.get(key) == value[key]]
                if same:
                    order[place] = same[0]
                    del left[same[0]]
    return order


def _element(elements: AoT | Array, value: Mapping[str, Any]) -> Item:
    return _spaced(_table(value)) if isinstance(elements, AoT) else _inline(value)


def _spaced(item: Item) -> Item:
    """Item with an empty line below it if it is a table among a person's tables."""
    if isinstance(item, Table) and not item.is_super_table():
        item.add(tomlkit.nl())
    return item


def _item(value: Any, *, inline: bool = False) -> Item:
    """Value as a part of a document; lists have one line an element."""
    if isinstance(value, Mapping):
        return _inline(value) if inline else _table(value)
    if isinstance(value, list) and value:
        array = tomlkit.array()
        for element in value:
            array.append(_item(element, inline=True))
        return array.multiline(multiline=not inline)
    plain: Item = tomlkit.item(value)
    return plain


def _table(values: Mapping[str, Any]) -> Item:
    # [recordings] needs no header of its own where it only holds tables
    only_tables = bool(values) and all(map(_is_table, values.values()))
    return _filled(tomlkit.table(is_super_table=only_tables), values)


def _inline(values: Mapping[str, Any]) -> Item:
    return _filled(tomlkit.inline_table(), values)


def _filled(table: T, values: Mapping[str, Any]) -> T:
    # keys before tables: in TOML, a key below a table belongs to that table
    for key, value in sorted(values.items(), key=lambda pair: _is_table(pair[1])):
        table[key] = _item(value, inline=isinstance(table, InlineTable))
    return table


def _plain(value: Any) -> Any:
    return value.unwrap() if hasattr(value, "unwrap") else value


def _is_table(value: Any) -> bool:
    return isinstance(value, Mapping)


def _is_list_of_tables(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(map(_is_table, value))
