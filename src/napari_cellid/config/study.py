"""Settings of a study: its classes and how votes are counted."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from napari_cellid.config.base import Config

#: answers that every study has beside its classes, with their keys
NOT_A_CELL, UNSURE = "not_a_cell", "unsure"
SPECIAL_KEYS = {NOT_A_CELL: "N", UNSURE: "U"}

#: a name without a path in it, or nothing
_FOLDER = r"^(?:[^./\\:*?\"<>|][^/\\:*?\"<>|]*)?$"

Rule = Literal["unanimous", "majority", "quorum"]
SpecialAnswer = Literal["class", "against", "abstain"]


class StudyClass(Config):
    """A class that cells of a study can have."""

    name: str = Field(
        title="Name",
        description="Name of the class, as it stands in tables.",
        min_length=1,
        max_length=60,
        pattern=r"^[^\s,;\"](?:[^,;\"\n\r]*[^\s,;\"])?$",
    )
    key: str = Field(
        title="Key",
        description="Letter that answers with this class.",
        pattern=r"^[A-Z]$",
    )
    colour: str = Field(
        title="Colour",
        description="Colour of its outlines, as #rrggbb.",
        pattern=r"^#[0-9a-fA-F]{6}$",
    )


#: the paper's classes, in colours that colour-blind readers tell apart (Okabe, Ito)
DEFAULT_CLASSES = (
    StudyClass(name="excitatory", key="E", colour="#e69f00"),
    StudyClass(name="inhibitory", key="I", colour="#56b4e9"),
    StudyClass(name="glia", key="G", colour="#cc79a7"),
)


class VoteConfig(Config):
    """How the answers of several people become one."""

    rule: Rule = Field(
        "unanimous",
        title="Rule",
        description="unanimous: all who answered say the same; majority: more than "
        "half do; quorum: at least a fixed number do.",
    )
    min_annotators: int = Field(
        3,
        ge=1,
        le=100,
        title="Least number of people",
        description="A cell that fewer people answered stays undecided (the paper: 3).",
    )
    quorum: int = Field(
        2,
        ge=1,
        le=100,
        title="Quorum",
        description="Equal answers that are enough under the rule quorum; if two "
        "answers have as many, the cell is disputed.",
    )
    not_a_cell: SpecialAnswer = Field(
        "class",
        title="'Not a cell' counts as",
        description="class: an answer like any other, which can win; against: it can "
        "keep the others from winning, but not win; abstain: as if not answered.",
    )
    unsure: Literal["against", "abstain"] = Field(
        "against",
        title="'Unsure' counts as",
        description="against: it keeps a cell from being unanimous; abstain: as if not "
        "answered.",
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
        description="Model that tells classes; empty for the default one.",
        pattern=_FOLDER,
    )


class StudyConfig(Config):
    """What `study.toml` says of a whole study."""

    classes: tuple[StudyClass, ...] = Field(
        DEFAULT_CLASSES,
        title="Classes",
        description="Classes that cells can have.",
        min_length=2,
        max_length=12,
    )
    vote: VoteConfig = VoteConfig()
    models: StudyModels = StudyModels()

    @model_validator(mode="after")
    def _check_names_and_keys(self) -> Self:
        names = [one.name.casefold() for one in self.classes]
        keys = [one.key for one in self.classes]
        if taken := set(names) & set(SPECIAL_KEYS):
            raise ValueError(f"{taken.pop()} is an answer of every study, not a class")
        if len(set(names)) < len(names):
            raise ValueError("two classes have the same name")
        if len({*keys, *SPECIAL_KEYS.values()}) < len(keys) + len(SPECIAL_KEYS):
            raise ValueError(
                "every class needs a key of its own, and none may be "
                + " or ".join(SPECIAL_KEYS.values())
            )
        return self

    @property
    def answers(self) -> tuple[str, ...]:
        """All answers that can be given: the classes, then the special ones."""
        return (*(one.name for one in self.classes), NOT_A_CELL, UNSURE)


class RecordingInfo(Config):
    """What a study knows of a recording beside its cells."""

    animal: str = Field("", title="Animal", description="Name of the animal.")
    subvolume: str = Field(
        "", title="Sub-volume", description="Which part of the animal's brain."
    )
    pixel_size_um: float = Field(
        gt=0, title="Pixel size (µm)", description="Edge of a pixel in micrometres."
    )
    channels: tuple[Literal["red", "green"], ...] = Field(
        ("red", "green"), title="Channels", description="Channels of the recording."
    )
    sources: tuple[str, ...] = Field(
        (), title="Sources", description="Files that the images were read from."
    )
