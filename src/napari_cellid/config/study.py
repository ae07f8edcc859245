"""Settings of a study: classes, votes, and the order of the cells to annotate."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from napari_cellid.config.base import Config

#: answers that every study has in addition to its classes, and their keys
NOT_A_CELL, UNSURE = "not_a_cell", "unsure"
SPECIAL_KEYS = {NOT_A_CELL: "N", UNSURE: "U"}

#: the name of a folder, without a path; or empty
_FOLDER = r"^(?:[^./\\:*?\"<>|][^/\\:*?\"<>|]*)?$"

Rule = Literal["unanimous", "majority", "quorum"]
SpecialAnswer = Literal["class", "against", "abstain"]


class StudyClass(Config):
    """A cell class of a study."""

    name: str = Field(
        title="Name",
        description="Name of the class, as in the tables.",
        min_length=1,
        max_length=60,
        pattern=r"^[^\s,;\"](?:[^,;\"\n\r]*[^\s,;\"])?$",
    )
    key: str = Field(
        title="Key",
        description="Key (a letter) that gives this class as the answer.",
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
    """Settings of a whole study, as in `study.toml`."""

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
        """All possible answers: the classes, then the special ones."""
        return (*(one.name for one in self.classes), NOT_A_CELL, UNSURE)


class RecordingInfo(Config):
    """Description of a recording in a study."""

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


QueueOrder = Literal["uncertain", "disputed", "rare", "random", "place"]


class QueueConfig(Config):
    """Which cells are annotated, and in which order."""

    order: QueueOrder = Field(
        "uncertain",
        title="Order",
        description="uncertain: the model's least certain answers first; disputed: "
        "cells on which annotators differ most first; rare: cells predicted or "
        "voted as the rarest class first; random: shuffled for each person; place: "
        "from neighbour to neighbour. Only random and place reveal nothing of the "
        "model or of other annotators to somebody who annotates blind.",
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
