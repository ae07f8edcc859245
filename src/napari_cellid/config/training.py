"""Settings of training: what the paper says is the default, where it says something.

Sources in brackets: [1] Seong & Park; [2] MathWorks' transfer learning example of the
time of [1], which is silent on the optimiser; [3] Ronneberger et al. 2015; [4] Falk et
al. 2019. Where no source is named the value is our choice.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from napari_cellid.config.base import Config

#: how deep a network is retrained: the paper's models by its numbers (the last frozen
#: layer of MATLAB's list), the same cut at a whole block, and everything
PlanName = Literal[
    "resnet18_69", "resnet18_66", "resnet18_res5b",
    "resnet50_174", "resnet50_161", "resnet50_151", "resnet50_139",
    "inceptionv3_311", "inceptionv3_294", "inceptionv3_294_block",
    "inceptionv3_249", "inceptionv3_139", "inceptionv3_139_block",
    "everything",
]  # fmt: skip
Augmentation = Literal["none", "paper", "strong"]
Balance = Literal["none", "weights", "sampling"]
Optimiser = Literal["sgd", "adam", "adamw"]
BatchNorm = Literal["adapt", "eval"]
Weighting = Literal["none", "ronneberger", "falk"]


class ClassifierTrainingConfig(Config):
    """How a classifier is trained."""

    plan: PlanName = Field(
        "inceptionv3_249",
        title="How deep",
        description="Which layers are retrained; the rest stays as it was.",
    )
    epochs: int = Field(
        0,
        ge=0,
        le=1000,
        title="Epochs",
        description="How often all cells are seen; 0: 11 for Inception-v3, 8 for a "
        "ResNet [1].",
    )
    batch_size: int = Field(
        10, ge=1, le=1024, title="Batch", description="Cells a step [2]."
    )
    optimiser: Optimiser = Field(
        "sgd", title="Optimiser", description="How weights are changed; sgd as in [2]."
    )
    rate: float = Field(
        1e-4,
        gt=0,
        le=1,
        title="Learning rate",
        description="Step length of retrained layers [2].",
    )
    head_rate_factor: float = Field(
        10.0,
        gt=0,
        le=1000,
        title="Rate of the last layer",
        description="Times the learning rate [2].",
    )
    momentum: float = Field(
        0.9, ge=0, lt=1, title="Momentum", description="Of sgd [2]."
    )
    weight_decay: float = Field(
        1e-4, ge=0, le=1, title="Weight decay", description="Pull towards 0 [2]."
    )
    batch_norm: BatchNorm = Field(
        "eval",
        title="Batch statistics",
        description="eval: frozen, so that the frozen part is computed once; adapt: "
        "they follow the cells, as MATLAB did for [1].",
    )
    augmentation: Augmentation = Field(
        "paper",
        title="Augmentation",
        description="none; paper: turned by up to 30 degrees, scaled by 0.9 to 1.1 "
        "[1]; strong: any angle, mirrored, shifted, other brightness.",
    )
    copies: int = Field(
        1,
        ge=0,
        le=50,
        title="Augmented copies",
        description="Copies of each cell beside the cell itself; 1 doubles the data "
        "[1].",
    )
    balance: Balance = Field(
        "weights",
        title="Rare classes",
        description="weights: count more in the loss; sampling: are seen more often; "
        "none: as they are.",
    )
    patience: int = Field(
        0,
        ge=0,
        le=1000,
        title="Patience",
        description="Epochs without a better validation loss before training stops; "
        "0: never stops early. The best epoch is kept in any case.",
    )
    input_size: int = Field(
        0,
        ge=0,
        le=1024,
        title="Image side (px)",
        description="Side to which patches are enlarged; 0: that of the starting "
        "model, 299 for Inception-v3, 224 for a ResNet.",
    )
    replay: int = Field(
        600,
        ge=0,
        le=20000,
        title="Simulated cells",
        description="Simulated cells mixed in so that the model does not forget; only "
        "where the classes are excitatory, inhibitory and glia.",
    )
    replay_weight: float = Field(
        2.0,
        gt=0,
        le=100,
        title="Their weight",
        description="How much all simulated cells count beside all of your cells; none "
        "counts more than this many of yours.",
    )
    cache_gb: float = Field(
        2.0,
        ge=0,
        le=1000,
        title="Room for the frozen part (GB)",
        description="Memory for the kept output of the frozen layers; more goes to "
        "disk.",
    )
    seed: int = Field(0, ge=0, title="Seed", description="Fixes everything random.")


#: settings that suit a case, where they differ from the defaults. "few-cells" was
#: chosen on simulated laboratories (`benchmarks/other_lab.py`): AdamW goes further in
#: fewer, larger steps than the paper's SGD.
RECIPES: dict[str, dict[str, Any]] = {
    "paper": {},
    "few-cells": {
        "optimiser": "adamw",
        "rate": 2e-4,
        "head_rate_factor": 1.0,
        "batch_size": 32,
        "epochs": 6,
    },
}


class SegmenterTrainingConfig(Config):
    """How a U-Net is trained on corrected outlines."""

    epochs: int = Field(
        10, ge=1, le=1000, title="Epochs", description="Checkpoints and figures [1]."
    )
    iterations: int = Field(
        1000,
        ge=1,
        le=100000,
        title="Steps an epoch",
        description="Steps between two checkpoints [1].",
    )
    batch_size: int = Field(
        4, ge=1, le=64, title="Batch", description="Pieces of field a step."
    )
    tile: int = Field(
        192, ge=32, le=1024, title="Piece (px)", description="Side of a piece."
    )
    rate: float = Field(
        1e-4, gt=0, le=1, title="Learning rate", description="Step length of Adam [4]."
    )
    elastic_sd_px: float = Field(
        10.0,
        ge=0,
        le=100,
        title="Elastic deformation (px)",
        description="SD of the displacement on a coarse grid [3]; 0: none.",
    )
    elastic_spacing_px: float = Field(
        150.0,
        ge=10,
        le=1000,
        title="Elastic grid (px)",
        description="Distance of the grid's points [4].",
    )
    weighting: Weighting = Field(
        "none",
        title="Border weights",
        description="none [1]; ronneberger: narrow gaps between cells count more [3]; "
        "falk: with a weaker background, too [4].",
    )
    leave_out_unlabelled_um: float = Field(
        0.0,
        ge=0,
        le=1000,
        title="Leave out farther than (µm)",
        description="Where outlines are not complete: only the surroundings of "
        "outlined cells count, up to this distance; 0: the whole field.",
    )
    simulated_share: float = Field(
        0.3,
        ge=0,
        lt=1,
        title="Simulated share",
        description="Share of the pieces that is simulated, so that the model does "
        "not forget.",
    )
    patience: int = Field(
        0,
        ge=0,
        le=1000,
        title="Patience",
        description="Epochs without a better validation loss before training stops; "
        "0: never stops early. The best epoch is kept in any case.",
    )
    seed: int = Field(0, ge=0, title="Seed", description="Fixes everything random.")


class SplitConfig(Config):
    """What is kept from training."""

    held_out: float = Field(
        0.25,
        gt=0,
        le=0.5,
        title="Held out",
        description="Share of animals (else sub-volumes, else recordings) on which "
        "models are compared; no training ever sees them.",
    )
    validation: float = Field(
        0.15,
        gt=0,
        le=0.5,
        title="Validation",
        description="Share by which the best epoch is chosen.",
    )
