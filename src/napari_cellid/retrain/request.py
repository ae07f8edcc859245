"""Requests for a training: what to train, on what, and how."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

from napari_cellid.config import (
    ClassifierTrainingConfig,
    SegmenterTrainingConfig,
    SplitConfig,
)

if TYPE_CHECKING:
    from napari_cellid.config import VoteConfig
    from napari_cellid.models.card import Task


@dataclass(frozen=True)
class ClassifierRequest:
    """Request to train a classifier on the cells that people decided.

    Parameters
    ----------
    start
        Starting weights, as `classification.starting_weights.load_starting_weights`
        takes them; "" for the default model.
    settings
        Settings of the training.
    split
        Which cells are held out.
    rule
        How votes are counted; None for the rule of the study.
    name
        Name of the run; "" for one made from the time.
    """

    task: ClassVar[Task] = "classify"

    start: str = ""
    settings: ClassifierTrainingConfig = field(default_factory=ClassifierTrainingConfig)
    split: SplitConfig = field(default_factory=SplitConfig)
    rule: VoteConfig | None = None
    name: str = ""


@dataclass(frozen=True)
class SegmenterRequest:
    """Request to train a U-Net on the outlines of a study.

    Parameters
    ----------
    start
        Starting weights, as `segmentation.starting_weights.load_starting_weights`
        takes them; "" for the default model.
    settings
        Settings of the training.
    split
        Which outlines are held out.
    recordings
        Recordings whose outlines are correct; none for all recordings of the study.
    name
        Name of the run; "" for one made from the time.
    """

    task: ClassVar[Task] = "segment"

    start: str = ""
    settings: SegmenterTrainingConfig = field(default_factory=SegmenterTrainingConfig)
    split: SplitConfig = field(default_factory=SplitConfig)
    recordings: tuple[str, ...] = ()
    name: str = ""


RetrainRequest = ClassifierRequest | SegmenterRequest
