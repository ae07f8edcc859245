"""Settings of a study: classes, votes, and the order of the cells to annotate."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, Self, get_args

from pydantic import Field, ValidationInfo, field_validator, model_validator

from napari_cellid.config.base import Config
from napari_cellid.config.classes import (
    NOT_A_CELL,
    UNSURE,
    StudyClass,
    check_classes,
    fill_class_ids,
)
from napari_cellid.config.guessed_scheme import guess_scheme
from napari_cellid.config.markers import (
    DEFAULT_CLASSES,
    Scheme,
    SchemeName,
    asked_names,
    follow_scheme,
    state_classes,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

#: the name of a folder, without a path; or empty
_FOLDER = r"^(?:[^./\\:*?\"<>|][^/\\:*?\"<>|]*)?$"

Rule = Literal["unanimous", "majority", "quorum"]
SpecialAnswer = Literal["class", "against", "abstain"]


class VoteConfig(Config):
    """How the votes of several annotators are combined."""

    rule: Rule = Field(
        "unanimous",
        title="Rule",
        description="unanimous: all annotators gave the same answer; majority: more "
        "than half did; quorum: at least a fixed number did.",
    )
    min_annotators: int = Field(
        3,
        ge=1,
        le=100,
        title="Least number of people",
        description="A cell with fewer annotators stays undecided (paper: 3).",
    )
    quorum: int = Field(
        2,
        ge=1,
        le=100,
        title="Quorum",
        description="Number of equal answers that the rule quorum needs; if two "
        "answers have that many, the cell is disputed.",
    )
    not_a_cell: SpecialAnswer = Field(
        "class",
        title="'Not a cell' counts as",
        description="class: it counts like a class and can win; against: it counts as "
        "a vote against the classes but cannot win; abstain: it does not count.",
    )
    unsure: Literal["against", "abstain"] = Field(
        "against",
        title="'Unsure' counts as",
        description="against: it counts as a vote against every class; abstain: it "
        "does not count.",
    )


class StudyModels(Config):
    """Models that a study uses, by the names of their folders in `models/`."""

    segment: str = Field(
        "",
        title="Outlines",
        description="Model that outlines cells; empty for the default one.",
        pattern=_FOLDER,
    )
    classify: str = Field(
        "",
        title="Classes",
        description="Model that classifies cells; empty for the default one.",
        pattern=_FOLDER,
    )


class StudyConfig(Config):
    """Settings of a whole study, as in `study.toml`.

    Where the scheme is not given, it follows from the classes (`guess_scheme`).
    """

    scheme: SchemeName | None = Field(
        "emx1-h2b",
        title="What red marks",
        description="The labelling scheme: which cells the red marker is in. Unknown "
        "in studies of earlier versions, until somebody has said it.",
    )
    classes: tuple[StudyClass, ...] = Field(
        DEFAULT_CLASSES,
        title="Classes",
        description="Classes that cells can have.",
        min_length=2,
        max_length=60,
    )
    vote: VoteConfig = VoteConfig()
    models: StudyModels = StudyModels()

    @model_validator(mode="before")
    @classmethod
    def _guess_scheme(cls, values: Any) -> Any:
        if not isinstance(values, dict) or {"scheme", "classes"} <= values.keys():
            return values
        if "classes" in values:
            return {**values, "scheme": guess_scheme(values["classes"])}
        if "scheme" in values:
            return {**values, "classes": _classes_of(values["scheme"])}
        return values

    @field_validator("classes", mode="before")
    @classmethod
    def _fill_ids(cls, classes: Any) -> Any:
        return fill_class_ids(classes)

    @field_validator("classes")
    @classmethod
    def _follow_scheme(
        cls, classes: tuple[StudyClass, ...], info: ValidationInfo
    ) -> tuple[StudyClass, ...]:
        return follow_scheme(info.data.get("scheme"), classes)

    @model_validator(mode="after")
    def _check_classes(self) -> Self:
        check_classes(self.classes)
        if self.scheme is None and state_classes(self.classes):
            raise ValueError("classes have markers, but the scheme is missing")
        return self

    @classmethod
    def of_scheme(cls, scheme: Scheme) -> Self:
        """Settings of a new study with the classes of a labelling scheme."""
        return cls(scheme=scheme.name, classes=scheme.classes())

    @property
    def state_names(self) -> dict[str, str]:
        """Current name of the class that has each marker state, if one has it."""
        return {state: one.name for state, one in state_classes(self.classes).items()}

    @property
    def markers_by_id(self) -> dict[str, str]:
        """What the cells of each class show, "" where that is not known."""
        return {one.id: one.markers for one in self.classes}

    @property
    def class_names(self) -> tuple[str, ...]:
        """Names of all classes, also of hidden ones, in the order of the study."""
        return tuple(study_class.name for study_class in self.classes)

    @property
    def visible_classes(self) -> tuple[StudyClass, ...]:
        """Classes that are offered as answers."""
        return tuple(c for c in self.classes if not c.hidden)

    @property
    def answers(self) -> tuple[str, ...]:
        """All answers that count: the classes, then the special ones."""
        return (*self.class_names, NOT_A_CELL, UNSURE)

    @property
    def offered_answers(self) -> tuple[str, ...]:
        """Answers that annotators are offered: without those of hidden classes."""
        visible = (study_class.name for study_class in self.visible_classes)
        return (*visible, NOT_A_CELL, UNSURE)

    @property
    def earlier_names(self) -> dict[str, str]:
        """Current name of the class of each name that a class had before."""
        return {
            alias: study_class.name
            for study_class in self.classes
            for alias in study_class.aliases
        }

    def current_name(self, name: str) -> str:
        """Current name of a class that may have had another one; else as given."""
        return self.earlier_names.get(name, name)

    def translate(self, names: Sequence[str], to: Sequence[str]) -> tuple[str, ...]:
        """Give classes the names that they have in another list.

        Parameters
        ----------
        names
            Names of classes, such as those of a model.
        to
            Names that are wanted; the same class may have been named otherwise at
            the time of either list.

        Returns
        -------
        For each of `names` the name of the same class in `to`; as given where `to` has
        no such class, or where two of `names` are the same class.
        """
        wanted = {self.current_name(name): name for name in to}
        current = [self.current_name(name) for name in names]
        if len(set(current)) < len(current):
            return tuple(names)
        pairs = zip(names, current, strict=True)
        return tuple(wanted.get(now, name) for name, now in pairs)


def _classes_of(scheme: Any) -> tuple[StudyClass, ...]:
    """Classes where only the scheme is given; the default ones if it is none."""
    if scheme not in get_args(SchemeName):
        # pydantic refuses it, or nobody has said what red marks
        return tuple(one.model_copy(update={"markers": ""}) for one in DEFAULT_CLASSES)
    if asked_names(scheme):
        raise ValueError(
            f"the scheme {scheme} does not name the classes, and they are missing; add "
            "a table [[classes]] for each, with its markers"
        )
    return Scheme(name=scheme).classes()


class RecordingInfo(Config):
    """Description of a recording in a study."""

    animal: str = Field("", title="Animal", description="Name of the animal.")
    subvolume: str = Field(
        "", title="Sub-volume", description="Which part of the animal's brain."
    )
    pixel_size_um: float = Field(
        gt=0, title="Pixel size (µm)", description="Edge of a pixel in micrometres."
    )
    diameter_px: float | None = Field(
        None,
        gt=0,
        title="Diameter (px)",
        description="Diameter of a usual soma in px, if it sets the scale for the "
        "models.",
    )
    size_assumed: bool = Field(
        False,
        title="Pixel size assumed",
        description="Whether the pixel size is assumed from the diameter.",
    )
    bleed_through: float = Field(
        0.0,
        ge=0,
        title="Subtracted bleed-through",
        description="Grey values of red per grey value of green that are subtracted "
        "from red where cells are classified and classifiers trained; the images in "
        "the study are as recorded.",
    )
    channels: tuple[Literal["red", "green"], ...] = Field(
        ("red", "green"), title="Channels", description="Channels of the recording."
    )
    sources: tuple[str, ...] = Field(
        (), title="Sources", description="Files that the images were read from."
    )
    title: str = Field(
        "",
        title="Title",
        description="Name under which people see the recording, in place of that of "
        "its folder.",
    )


QueueOrder = Literal["uncertain", "disputed", "rare", "random", "place"]


class QueueConfig(Config):
    """Which cells are annotated, and in which order."""

    order: QueueOrder = Field(
        "uncertain",
        title="Order",
        description="Order in which you are asked about cells. uncertain: those of "
        "which the model is least certain first; disputed: those on which annotators "
        "differ most first; rare: those predicted or voted as the rarest class first; "
        "random: in random order, another for each person; place: from neighbour to "
        "neighbour. For blind annotation choose random or place; the other orders "
        "depend on the model or on the answers of others.",
    )
    only_unanswered: bool = Field(
        True,
        title="Only unanswered cells",
        description="Leave out cells that you have answered.",
    )
    repeat_share: float = Field(
        0.05,
        ge=0,
        le=0.5,
        title="Share asked again",
        description="Share of the questions that are about a cell you answered at "
        "least 20 answers ago, to measure how consistent you are.",
    )
