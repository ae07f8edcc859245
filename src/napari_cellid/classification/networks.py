"""The networks of patch classifiers: those of torchvision, one output a class."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, Self

from pydantic import Field, model_validator

from napari_cellid.config import Config

if TYPE_CHECKING:
    from torch import nn

Architecture = Literal["inception_v3", "resnet18", "resnet50"]
#: smallest side (px) of which something is left after the poolings
SMALLEST_INPUT: dict[Architecture, int] = {
    "inception_v3": 75,
    "resnet18": 32,
    "resnet50": 32,
}
#: channels of the first layer of a ResNet, as published
PUBLISHED_WIDTH = 64
#: mean and standard deviation by which patches of 0 to 1 are normalised
SCALING: dict[str, tuple[tuple[float, ...], tuple[float, ...]]] = {
    "unit": ((0.0, 0.0, 0.0), (1.0, 1.0, 1.0)),
    "imagenet": ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
    "symmetric": ((0.5, 0.5, 0.5), (0.5, 0.5, 0.5)),
}


class ClassifierConfig(Config):
    """Architecture of a patch classifier and preprocessing of its input."""

    architecture: Architecture = "inception_v3"
    n_classes: int = Field(3, ge=2, le=100)
    scaling: Literal["unit", "imagenet", "symmetric"] = Field(
        "unit", description="Mean and SD by which values of 0 to 1 are normalised."
    )
    spotlight_px: float = Field(
        0.0,
        ge=0,
        le=500,
        description="SD (px of the patch) of the Gaussian that keeps the middle cell "
        "bright and dims its neighbours. 0: none, as in the paper.",
    )
    width: int = Field(
        PUBLISHED_WIDTH,
        ge=4,
        le=64,
        multiple_of=4,
        description="Channels of the first layer of a ResNet; its four stages have 1, "
        "2, 4 and 8 times as many. 64: as published, as Inception-v3 always is.",
    )

    @model_validator(mode="after")
    def _only_resnets_are_narrower(self) -> Self:
        if self.architecture == "inception_v3" and self.width != PUBLISHED_WIDTH:
            raise ValueError("Inception-v3 has one width")
        return self


def build_network(config: ClassifierConfig) -> nn.Module:
    """Build a network with random weights: patches (patch, 3, y, x) to logits."""
    import torchvision.models as tv
    from torch import nn

    if config.width != PUBLISHED_WIDTH:
        from napari_cellid.classification.narrow_resnet import NarrowResNet

        return NarrowResNet(config.architecture, config.width, config.n_classes)
    if config.architecture == "inception_v3":
        # without the auxiliary head, as in the paper
        net: nn.Module = tv.inception_v3(
            weights=None, aux_logits=False, transform_input=False, init_weights=False
        )
    else:
        net = getattr(tv, config.architecture)(weights=None)
    body: Any = net
    # Inception and ResNet name their last layer alike, which `HEAD` relies on
    body.fc = nn.Linear(body.fc.in_features, config.n_classes)
    return net


#: display names of the networks
NETWORK_NAMES = {
    "inception_v3": "Inception-v3",
    "resnet18": "ResNet18",
    "resnet50": "ResNet50",
}
