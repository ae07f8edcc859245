"""Settings of a new study, with the classes of the model of its first recording."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import ValidationError

from napari_cellid.colours import class_colours
from napari_cellid.config import Scheme, StudyClass, StudyConfig
from napari_cellid.config.classes import STATES, free_key
from napari_cellid.config.markers import asked_names
from napari_cellid.errors import InputError
from napari_cellid.models.class_names import class_markers
from napari_cellid.study.toml import validation_message

if TYPE_CHECKING:
    from napari_cellid.models.card import ModelCard


def config_for_model(card: ModelCard) -> StudyConfig:
    """Settings of a new study with the classes of a model.

    Parameters
    ----------
    card
        Description of the model; without names of its own, the paper's are taken.

    Raises
    ------
    InputError
        If a name cannot be the name of a class in a study.
    """
    if card.scheme is None and all(card.states):
        return StudyConfig()
    config = _config_of_scheme(card)
    if config is not None:
        return config
    ids = card.class_ids or ("",) * len(card.classes)
    colours = class_colours(card.classes)
    entries: list[StudyClass] = []
    try:
        for name, class_id, state in zip(card.classes, ids, card.states, strict=True):
            entries.append(
                StudyClass(
                    id=class_id,
                    name=name,
                    key=free_key(name, entries),
                    colour=colours[name],
                    markers=state,
                )
            )
        return StudyConfig(classes=tuple(entries), scheme=card.scheme or "own")
    except ValueError as error:
        reason = (
            validation_message(error)
            if isinstance(error, ValidationError)
            else str(error)
        )
        raise InputError(
            f"The model's classes ({', '.join(card.classes)}) cannot be classes of a "
            f"study ({reason}); write the study.toml by hand, or choose another model."
        ) from error


def _config_of_scheme(card: ModelCard) -> StudyConfig | None:
    """The scheme's own classes, whose keys and colours suit; None if they differ."""
    named = {state: name for name, state in class_markers(card).items()}
    if card.scheme is None or not named.keys() >= set(STATES):
        return None
    asked = len(asked_names(card.scheme))
    names = tuple(named[state] for state in STATES[:asked])
    config = StudyConfig.of_scheme(Scheme(name=card.scheme, class_names=names))
    same = class_markers(card) == {one.name: one.markers for one in config.classes}
    return config if same else None
