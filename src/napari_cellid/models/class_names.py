"""The names that a laboratory gives to the classes of a model.

A shipped model knows what a cell shows (red and green, green alone, red alone); the
labelling scheme of a study names the class that this is. A retrained model also knows
the names and ids of the study that it was trained in. The same name can stand for
cells that show something else in another laboratory, so a name alone never decides.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from napari_cellid.config import StudyConfig
from napari_cellid.config.classes import has_class_none
from napari_cellid.config.markers import SCHEME_TITLES
from napari_cellid.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari_cellid.config import StudyClass
    from napari_cellid.config.classes import MarkerState
    from napari_cellid.models.card import ModelCard

    #: what cells show, "" if unknown
    Markers = MarkerState | Literal[""]


def name_classes(
    card: ModelCard, config: StudyConfig | None = None, *, of_study: bool = False
) -> ModelCard:
    """Name the classes of a model as a study or a labelling scheme does.

    Parameters
    ----------
    card
        Description of the model.
    config
        Settings of the study, or of a scheme (`StudyConfig.of_scheme`). None keeps the
        names of a retrained model, and names marker states as the paper.
    of_study
        Whether the model was trained in this study: then its names mean what those of
        the study mean, even if the card is from before there were schemes.

    Returns
    -------
    The card with other names, and with `naming` if they need a sentence.

    Raises
    ------
    InputError
        If a class may mean something else in the study, although its name is the same.
    """
    if config is None:
        if card.scheme is not None or not all(card.states):
            return card
        config = StudyConfig()
    named = _named(card, config, of_study=of_study)
    names = (name for one in config.classes for name in one.names)
    return named.model_copy(update={"class_none": has_class_none(names)})


def _named(card: ModelCard, config: StudyConfig, *, of_study: bool) -> ModelCard:
    """`name_classes` with settings."""
    if config.scheme is None and card.scheme is None and all(card.states):
        # nobody has said yet what red marks: only the states are certain
        return _renamed(card, card.states, card.states, None)
    # a folder can be copied from a study of another scheme by hand
    if not of_study or card.scheme not in (None, config.scheme):
        _check_known_meaning(card, config)
    names = [
        _name(name, class_id, state, card, config)
        for name, class_id, state in zip(
            card.classes, _ids(card), card.states, strict=True
        )
    ]
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise InputError(
            f"Two classes of the model {card.name!r} would both be called {twice!r} "
            "here; choose a model that was trained with the classes of this study, or "
            "one of those that come with napari-cellid."
        )
    return _renamed(card, names, card.states, config)


def class_markers(card: ModelCard) -> dict[str, str]:
    """For each class of a model what its cells show; "" where that is unknown."""
    return dict(zip(card.classes, card.states, strict=True))


def _name(
    name: str, class_id: str, state: Markers, card: ModelCard, config: StudyConfig
) -> str:
    """Name of one class of a model in a study."""
    if state in config.state_names:
        return config.state_names[state]
    same = _find(name, class_id, config)
    if same is None:
        # a shipped model has no names of its own
        return name if card.scheme is not None else state or name
    # the same name for cells that show something else would be another class, and a
    # model that knows states alone has the name from the paper
    if state and (same.markers or card.scheme is None):
        return state
    return same.name


def _find(name: str, class_id: str, config: StudyConfig) -> StudyClass | None:
    """The class of a study that a class of a model is by its id, else by its name."""
    by_id = [one for one in config.classes if class_id and one.id == class_id]
    by_name = [one for one in config.classes if name in one.names]
    return next(iter([*by_id, *by_name]), None)


def _check_known_meaning(card: ModelCard, config: StudyConfig) -> None:
    """Refuse a model whose class may mean something else than that of the study."""
    for name, class_id, state in zip(
        card.classes, _ids(card), card.states, strict=True
    ):
        same = _find(name, class_id, config)
        if same is None or bool(state) == bool(same.markers):
            continue
        if same.markers:
            raise InputError(
                f"The model {card.name!r} does not say what its {name!r} cells show, "
                f"but here they are {same.markers}; use it in the study that it was "
                "trained in, or train it again there."
            )
        if card.scheme is not None:
            raise InputError(
                f"The {name!r} cells of the model {card.name!r} are {state}, but the "
                "study does not say what its cells of this name show; say it with "
                "--scheme or in the list of classes, or choose another model."
            )


def _renamed(
    card: ModelCard,
    names: Sequence[str],
    states: Sequence[Markers],
    config: StudyConfig | None,
) -> ModelCard:
    changes = {
        "classes": tuple(names),
        "markers": tuple(states),
        "scheme": None if config is None else config.scheme,
        "naming": "",
    }
    if config is not None and card.scheme not in (None, config.scheme):
        pairs = zip(card.classes, names, strict=True)
        renamed = [f"{old} is {new}" for old, new in pairs if old != new]
        if renamed:
            changes["naming"] = (
                f"The model {card.name!r} was trained where red marks "
                f"{SCHEME_TITLES[card.scheme]}, so its classes are named by what "
                f"cells show: its {', '.join(renamed)}."
            )
    return card.model_copy(update=changes)


def _ids(card: ModelCard) -> tuple[str, ...]:
    return card.class_ids or ("",) * len(card.classes)
