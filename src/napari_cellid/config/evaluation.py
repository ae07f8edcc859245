"""Settings of cross-validation: the paper's experiment, and a stricter one.

Sources in brackets: [1] Seong & Park. A value without a source is our choice.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from napari_cellid.config.base import Config

#: what is kept together in one fold
GroupKind = Literal["auto", "animal", "subvolume", "recording"]
ProtocolName = Literal["paper", "honest", "leave-one-out"]


class EvaluationConfig(Config):
    """How plans and baselines are cross-validated."""

    folds: int = Field(
        10, ge=2, le=100, title="Folds", description="Number of folds [1]."
    )
    seeds: int = Field(
        3,
        ge=1,
        le=20,
        title="Seeds",
        description="Number of repetitions of the honest protocol, each with other "
        "folds, first weights of the last layer, and order of the cells.",
    )
    groups: GroupKind = Field(
        "auto",
        title="Groups",
        description="What is kept together in one fold by the honest protocol. "
        "auto: the first of animal, sub-volume and recording of which there are as "
        "many as folds.",
    )
    cells: int = Field(
        0,
        ge=0,
        le=1_000_000,
        title="Most cells",
        description="Number of decided cells that are used, drawn at random from each "
        "class; a rare class gives at least half of an equal share; 0: all.",
    )
    spotlight_px: float = Field(
        0.0,
        ge=0,
        le=500,
        title="Spotlight (px)",
        description="SD (px of the patch) of the Gaussian that dims the neighbours of "
        "a cell, for starting weights that no model describes; 0: none [1].",
    )
    input_size: int = Field(
        0,
        ge=0,
        le=1024,
        title="Image side (px)",
        description="Side to which patches are upsampled; 0: 299 for Inception-v3 and "
        "224 for a ResNet.",
    )
    epochs: int = Field(
        0,
        ge=0,
        le=1000,
        title="Epochs",
        description="Number of epochs; 0: 11 for Inception-v3, 8 for a ResNet, at "
        "which accuracy saturates [1].",
    )
    end_to_end: bool = Field(
        True,
        title="End to end",
        description="Whether the U-Net of the study outlines the recordings as well, "
        "so that missed cells and superfluous outlines count.",
    )


#: what a quick run changes: small images, few cells, folds and epochs
QUICK: dict[str, Any] = {
    "folds": 3,
    "seeds": 1,
    "cells": 90,
    "input_size": 80,
    "epochs": 2,
}
#: settings of the device in a quick run: on images this small bf16 saves nothing, and
#: its threads wait in a busy loop where other programs use the same cores
QUICK_DEVICE: dict[str, Any] = {"precision": "fp32"}
