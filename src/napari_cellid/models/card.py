"""The description of a model: `model.json`."""

from __future__ import annotations

from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

from pydantic import Field, field_validator, model_serializer, model_validator

from napari_cellid import __version__
from napari_cellid.channels.model_input import N_IMAGES, Combination
from napari_cellid.channels.normalisation import Normalisation
from napari_cellid.config import Config, SchemeName
from napari_cellid.config.classes import STATES, MarkerState, check_class_names
from napari_cellid.config.markers import DEFAULT_CLASSES
from napari_cellid.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

#: enlargement of a view; far beyond, no network knows a cell
ViewScale = Annotated[float, Field(ge=0.25, le=4)]
#: what a model does: outline cells, or classify them
Task = Literal["segment", "classify"]


class ModelCard(Config):
    """The description of a model: network, input, classes and origin."""

    format: Literal[1] = 1
    name: str
    task: Task
    description: str = ""
    architecture: str
    settings: dict[str, Any] = Field(default_factory=dict)
    classes: tuple[str, ...]
    #: for each class what its cells show, "" if unknown; empty in cards of before
    markers: tuple[MarkerState | Literal[""], ...] = ()
    #: lasting ids of the classes in the study that the model was trained in
    class_ids: tuple[str, ...] = ()
    #: what red marked there; None where the model knows marker states alone
    scheme: SchemeName | None = None
    #: kinds of simulated fields that it learned from, or that its starting weights
    #: did, and what their truth outlined; cards of before have none
    simulated_kinds: tuple[str, ...] = ()
    simulated_outlines: Literal["cut", "visible"] = "cut"
    combination: Combination
    normalisation: Normalisation = Normalisation()
    pixel_size_um: float = Field(ge=0.05, le=20)
    #: how much larger than at that pixel size the views of a plane are, in turn;
    #: cards of before have one size, as have classifiers
    scales: tuple[ViewScale, ...] = Field((1.0,), min_length=1, max_length=4)
    patch_size: int = Field(101, ge=1, le=1001)
    input_size: int = Field(299, ge=32, le=1024)
    threshold: float = Field(0.7, ge=0.05, le=0.95)
    temperature: float = Field(1.0, ge=0.05, le=100)
    #: a cell of which the calibrated confidence, or the contrast in both channels, is
    #: below this has no class; None in cards of before, where every cell has one
    least_confidence: float | None = Field(None, ge=0, le=1)
    least_contrast: float | None = Field(None, ge=-1, le=10)
    training: dict[str, Any] = Field(default_factory=dict)
    metrics: dict[str, Any] = Field(default_factory=dict)
    #: lowest and highest value of properties of recordings (`novelty.properties`) in
    #: the training; empty in cards of before
    known_range: dict[str, tuple[float, float]] = Field(default_factory=dict)
    versions: dict[str, str] = Field(default_factory=dict)
    licence: str = ""
    weights_sha256: str
    #: what was done to the names of the classes, for people; not in the file
    naming: str = Field("", exclude=True)
    #: whether the study has a class called `none`, so that no cell is without a class
    class_none: bool = Field(False, exclude=True)

    @field_validator("classes")
    @classmethod
    def _check_classes(cls, classes: tuple[str, ...]) -> tuple[str, ...]:
        check_class_names(classes)
        return classes

    @field_validator("scales")
    @classmethod
    def _check_scales(cls, scales: tuple[float, ...]) -> tuple[float, ...]:
        # maps have the pixels of the first view
        if scales[0] != 1:
            raise ValueError("the first of the scales is not 1")
        return scales

    @field_validator("known_range")
    @classmethod
    def _check_ranges(
        cls, ranges: dict[str, tuple[float, float]]
    ) -> dict[str, tuple[float, float]]:
        for name, (low, high) in ranges.items():
            # also refuses NaN, with which nothing would ever be in the range
            if not low <= high:
                raise ValueError(f"the range of {name} ends before it begins")
        return ranges

    @model_validator(mode="after")
    def _check_lengths(self) -> Self:
        for name, values in (("markers", self.markers), ("class_ids", self.class_ids)):
            if values and len(values) != len(self.classes):
                raise ValueError(f"{name} and classes differ in number")
        if len(set(filter(None, self.markers))) < len(list(filter(None, self.markers))):
            raise ValueError("two classes have the same markers")
        return self

    @model_serializer(mode="wrap")
    def _without_empty(self, dump: Any) -> dict[str, Any]:
        """Leave out what not every model has, so that other cards are as before."""
        values: dict[str, Any] = dump(self)
        for name in (
            "markers", "class_ids", "scheme", "known_range", "simulated_kinds"
        ):  # fmt: skip
            if not values.get(name):
                values.pop(name, None)
        for name in ("least_confidence", "least_contrast"):
            if values.get(name) is None:
                values.pop(name, None)
        if self.scales == (1.0,):
            values.pop("scales", None)
        if not self.simulated_kinds:
            values.pop("simulated_outlines", None)
        return values

    @property
    def states(self) -> tuple[MarkerState | Literal[""], ...]:
        """For each class what its cells show; "" where that is unknown."""
        if self.markers:
            return self.markers
        names = tuple(one.name for one in DEFAULT_CLASSES)
        # a model that comes with an earlier version, or was trained on simulated cells
        if set(self.classes) == set(names) and "run" not in self.training:
            by_name: dict[str, MarkerState] = dict(zip(names, STATES, strict=True))
            return tuple(by_name[name] for name in self.classes)
        return tuple("" for _ in self.classes)


@contextmanager
def explain_mismatch(card: ModelCard, folder: Path, network: str) -> Iterator[None]:
    """Turn the error of a network that does not fit its card into one sentence.

    Parameters
    ----------
    card, folder
        The model.
    network
        The network that the weights should fit, in words.

    Raises
    ------
    InputError
        If the network cannot be built or its weights cannot be loaded.
    """
    try:
        yield
    # first, because it is a ValueError, too, and says more
    except InputError:
        raise
    # RuntimeError: torch, of weights; ValueError: pydantic, of settings
    except (RuntimeError, ValueError) as error:
        raise InputError(
            f"The weights of the model {card.name!r} in {folder} do not fit the "
            f"{network} of its card; copy the model folder again."
        ) from error


def check_matches_network(card: ModelCard, n_inputs: int, n_outputs: int) -> None:
    """Check that a card has the inputs and classes of its network.

    Parameters
    ----------
    card
        Description of the model.
    n_inputs, n_outputs
        Number of input images and of output classes of the network.

    Raises
    ------
    InputError
        If they differ from those of the card.
    """
    images = N_IMAGES[card.combination]
    if images != n_inputs:
        raise InputError(
            f"The card of {card.name!r} names {images} input images "
            f"({card.combination}), but its network takes {n_inputs}; copy the model "
            "folder again."
        )
    if len(card.classes) != n_outputs:
        raise InputError(
            f"The card of {card.name!r} names {len(card.classes)} classes, but "
            f"its network has {n_outputs} outputs; copy the model folder again."
        )


def package_versions() -> dict[str, str]:
    """Return the versions of this package and of those that determine its results."""
    names = ("torch", "torchvision", "numpy", "scikit-image")
    present = {"napari-cellid": __version__}
    for name in names:
        try:
            present[name] = version(name)
        except PackageNotFoundError:
            continue
    return present
