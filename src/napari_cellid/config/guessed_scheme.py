"""The labelling scheme of studies from before there were schemes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from napari_cellid.config.classes import StudyClass
from napari_cellid.config.markers import DEFAULT_CLASSES, SchemeName

if TYPE_CHECKING:
    from collections.abc import Mapping


def guess_scheme(classes: Any) -> SchemeName | None:
    """The scheme of classes that were named before there were schemes.

    Parameters
    ----------
    classes
        As in `study.toml`.

    Returns
    -------
    None for the paper's names without markers, for red may mark anything there;
    the paper's scheme if these classes have its markers; "own" for others.
    """
    if not isinstance(classes, (list, tuple)):
        return "own"
    # pydantic refuses, with a better message, what is no class
    named: Mapping[str, str] = dict(map(_name_and_markers, classes))
    paper = {one.name: one.markers for one in DEFAULT_CLASSES}
    if all(named.get(name) == markers for name, markers in paper.items()):
        return "emx1-h2b"
    if not any(named.values()) and paper.keys() <= named.keys():
        return None
    return "own"


def _name_and_markers(given: Any) -> tuple[str, str]:
    if isinstance(given, StudyClass):
        return given.name, given.markers
    values = given if isinstance(given, dict) else {}
    return str(values.get("name", "")), str(values.get("markers", ""))
