"""Settings of training; the defaults are those of the paper where it gives them.

Sources in brackets: [1] Seong & Park; [2] MathWorks' transfer learning example of the
time of [1], which is silent on the optimiser; [3] Ronneberger et al. 2015; [4] Falk et
al. 2019. A value without a source is our choice.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from napari_cellid.config.base import Config

#: finetuning plans: the paper's models by their numbers (the last frozen layer of
#: MATLAB's list), the same at the start of a whole block, and all layers
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
#: layers of a U-Net that a training changes
TrainedPart = Literal["decoder", "all"]

_Patience = Annotated[
    int,
    Field(
        ge=0,
        le=1000,
        title="Patience",
        description="Epochs without a better validation loss before training stops; "
        "0: never stops early. The best epoch is kept in any case.",
        json_schema_extra={"zero": "never"},
    ),
]
_Seed = Annotated[
    int, Field(ge=0, title="Seed", description="Seed of all random numbers.")
]


class ClassifierTrainingConfig(Config):
    """Settings of the training of a classifier."""

    plan: PlanName = Field(
        "inceptionv3_249",
        title="How deep",
        description="Which layers are retrained; all others are frozen.",
    )
    epochs: int = Field(
        0,
        ge=0,
        le=1000,
        title="Epochs",
        description="Number of passes over all cells; 0: 11 for Inception-v3, 8 for a "
        "ResNet [1].",
        json_schema_extra={"zero": "by the model"},
    )
    batch_size: int = Field(
        10, ge=1, le=1024, title="Batch", description="Cells per step [2]."
    )
    optimiser: Optimiser = Field(
        "sgd", title="Optimiser", description="Optimiser of the weights; sgd as in [2]."
    )
    rate: float = Field(
        1e-4,
        gt=0,
        le=1,
        title="Learning rate",
        description="Learning rate of the retrained layers [2].",
    )
    head_rate_factor: float = Field(
        10.0,
        gt=0,
        le=1000,
        title="Rate of the last layer",
        description="The last layer learns with the learning rate times this factor "
        "[2]; above 1 it changes faster than the other retrained layers.",
    )
    momentum: float = Field(
        0.9, ge=0, lt=1, title="Momentum", description="Momentum of sgd [2]."
    )
    weight_decay: float = Field(
        1e-4,
        ge=0,
        le=1,
        title="Weight decay",
        description="Strength of L2 regularisation [2].",
    )
    batch_norm: BatchNorm = Field(
        "eval",
        title="Batch statistics",
        description="Statistics of batch normalisation. eval: frozen, so that the "
        "frozen layers are computed once; adapt: updated in training, as MATLAB "
        "did for [1].",
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
        description="Number of augmented copies of each training cell that are added "
        "to the cell itself; 0: none, 1: twice as many training images [1].",
    )
    balance: Balance = Field(
        "weights",
        title="Rare classes",
        description="weights: rare classes have a larger weight in the loss; sampling: "
        "their cells are drawn more often; none: no correction.",
    )
    patience: _Patience = 0
    input_size: int = Field(
        0,
        ge=0,
        le=1024,
        title="Image side (px)",
        description="Side to which patches are upsampled; 0: that of the starting "
        "model, 299 for Inception-v3, 224 for a ResNet.",
        json_schema_extra={"zero": "by the model"},
    )
    replay: int = Field(
        600,
        ge=0,
        le=20000,
        title="Simulated cells",
        description="Number of simulated cells added so that the model does not "
        "forget; only if red and green tell all classes apart.",
    )
    replay_weight: float = Field(
        2.0,
        gt=0,
        le=100,
        title="Their weight",
        description="Weight of all simulated cells relative to all of your cells; no "
        "simulated cell weighs more than this many of yours.",
    )
    cache_gb: float = Field(
        2.0,
        ge=0,
        le=1000,
        title="Room for the frozen part (GB)",
        description="Memory for the cached output of the frozen layers; what exceeds "
        "it is written to disk.",
    )
    seed: _Seed = 0


#: named settings, as differences from the defaults. "few-cells" was
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
    """Settings of the training of a U-Net on corrected outlines."""

    epochs: int = Field(
        10,
        ge=1,
        le=1000,
        title="Epochs",
        description="Number of epochs, each with a checkpoint [1].",
    )
    iterations: int = Field(
        1000,
        ge=1,
        le=100000,
        title="Steps an epoch",
        description="Steps between two checkpoints [1].",
    )
    batch_size: int = Field(
        4, ge=1, le=64, title="Batch", description="Tiles per step."
    )
    tile: int = Field(
        192, ge=32, le=1024, title="Piece (px)", description="Side of a tile."
    )
    rate: float = Field(
        1e-4,
        gt=0,
        le=1,
        title="Learning rate",
        description="Learning rate of Adam [4].",
    )
    elastic_sd_px: float = Field(
        10.0,
        ge=0,
        le=100,
        title="Elastic deformation (px)",
        description="SD in px of the random displacements that deform a tile [3]; "
        "0: no deformation.",
    )
    elastic_spacing_px: float = Field(
        150.0,
        ge=10,
        le=1000,
        title="Elastic grid (px)",
        description="Distance in px between the points of the grid whose random "
        "displacements deform a tile [4]; the larger, the smoother the deformation.",
    )
    weighting: Weighting = Field(
        "none",
        title="Border weights",
        description="Weights of pixels in the loss. none: all equal [1]; ronneberger: "
        "larger in narrow gaps between cells, so that neighbours are separated [3]; "
        "falk: still larger in gaps, and a tenth in the rest of the background [4].",
    )
    leave_out_unlabelled_um: float = Field(
        0.0,
        ge=0,
        le=1000,
        title="Leave out farther than (µm)",
        description="For incomplete outlines: only pixels up to this distance from "
        "outlined cells count; 0: the whole field.",
    )
    simulated_share: float = Field(
        0.3,
        ge=0,
        lt=1,
        title="Simulated share",
        description="Share of simulated tiles, so that the model does not forget.",
    )
    trained_part: TrainedPart = Field(
        "decoder",
        title="Trained part",
        description="Layers that learn. decoder: those after the bottom of the U-Net, "
        "so that the model forgets less of other recordings and a step takes less "
        "time; all: all layers, where many outlines are unlike what the model knows. A "
        "new network always learns in all.",
    )
    new_share: float = Field(
        0.7,
        gt=0,
        le=1,
        title="Share of new weights",
        description="The model becomes the mean of the network before and after the "
        "training, so that it forgets less: 0.7 takes so much of the new one, 1 all of "
        "it. Where the new one alone detects clearly better on the validation fields, "
        "it is taken alone.",
    )
    patience: _Patience = 0
    seed: _Seed = 0


class SplitConfig(Config):
    """Shares of the data that are held out from training."""

    held_out: float = Field(
        0.25,
        gt=0,
        le=0.5,
        title="Held out",
        description="Share of animals (or sub-volumes, or recordings) on which models "
        "are compared; they are never used for training.",
    )
    validation: float = Field(
        0.15,
        gt=0,
        le=0.5,
        title="Validation",
        description="Share of the data on which the best epoch is chosen.",
    )
