"""Settings of the order in which a person is asked about cells."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from napari_cellid.config.base import Config

QueueOrder = Literal["uncertain", "disputed", "rare", "random", "place"]


class QueueConfig(Config):
    """Which cells a person is asked about, and in which order."""

    order: QueueOrder = Field(
        "uncertain",
        title="Order",
        description="uncertain: the model's least certain answers first; disputed: "
        "cells that people answered most differently first; rare: cells predicted or "
        "voted as the rarest class first; random: shuffled for each person; place: "
        "from neighbour to neighbour. Only random and place tell nothing of the "
        "model or of colleagues to somebody who answers blind.",
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
