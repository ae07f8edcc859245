"""What the training of a patch classifier starts from."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_cellid.channels.normalisation import ROBUST
from napari_cellid.classification.finetuning import HEAD, PLANS, get_plan
from napari_cellid.classification.networks import (
    Architecture,
    ClassifierConfig,
    build_network,
)
from napari_cellid.classification.patch import load_patch_classifier
from napari_cellid.classification.pixel import ARCHITECTURE as PIXEL_ARCHITECTURE
from napari_cellid.classification.pretrained import (
    fetch_imagenet_weights,
    load_body,
    read_state_dict,
)
from napari_cellid.errors import InputError
from napari_cellid.models.card import ModelCard
from napari_cellid.models.class_names import name_classes
from napari_cellid.models.store import CARD_FILE, load_card
from napari_cellid.training.starting_weights import (
    RANDOM,
    describe_origin,
    find_starting_model,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import nn

    from napari_cellid.config import PlanName, StudyConfig

#: name of the ImageNet weights of torchvision
IMAGENET = "imagenet"
#: sides of the images that networks are fed with, where no model says it
_INPUT_SIZES: dict[Architecture, int] = {
    "inception_v3": 299,
    "resnet18": 224,
    "resnet50": 224,
}
#: spotlight (px) of networks that no model describes; a network that averages over
#: 118 µm does not know without it which cell is meant
_SPOTLIGHT_PX = 14.0
#: pixel size and patch of the paper
_PIXEL_SIZE_UM, _PATCH_SIZE = 1.17, 101


@dataclass(frozen=True, eq=False)
class StartingWeights:
    """A network to train, and where its weights come from.

    Parameters
    ----------
    net
        The network, with one output for each class.
    config
        Architecture and preprocessing of its input.
    card
        Description of the model it was, or would be.
    classes
        Classes in the order of its outputs.
    origin
        What the card of the trained model says of the weights: name, hash, licence.
    head_kept
        Whether its last layer was trained on these classes.
    """

    net: nn.Module
    config: ClassifierConfig
    card: ModelCard
    classes: tuple[str, ...]
    origin: dict[str, Any]
    head_kept: bool


def load_starting_weights(
    requested: str,
    classes: Sequence[str],
    plan: PlanName,
    study_models: Path | None = None,
    study: StudyConfig | None = None,
) -> StartingWeights:
    """Load the network that a training starts from.

    Parameters
    ----------
    requested
        "shipped" or "" for the default model; name or folder of a model; "imagenet" for
        weights of torchvision, fetched once; "random"; or the path of a state dict
        (.safetensors, .pth, .pt).
    classes
        Classes that are predicted. The last layer is kept where they are the same (in
        any order), else it is new.
    plan
        Finetuning plan; it names the network for "imagenet", "random" and files.
    study_models
        Folder of a study's models, which can be named.
    study
        Settings of the study, which know what the cells of each class show, and the
        earlier names of renamed classes.

    Raises
    ------
    InputError
        If there are no such weights, they are for another network, cannot be read, or
        a class of the model may mean something else in the study.
    """
    architecture = PLANS[plan].architecture or "inception_v3"
    if requested in (IMAGENET, RANDOM):
        return _from_torchvision(requested, classes, architecture)
    path = Path(requested).expanduser()
    if path.suffix.lower() in (".safetensors", ".pth", ".pt") and path.is_file():
        # the weights of a model folder: only its card knows their scaling and classes
        if (path.parent / CARD_FILE).is_file() and path.name == "weights.safetensors":
            return _from_model(path.parent, classes, plan, study, study_models)
        return _from_file(path, classes, architecture)
    folder = find_starting_model(requested, "classify", study_models)
    return _from_model(folder, classes, plan, study, study_models)


def _from_model(
    folder: Path,
    classes: Sequence[str],
    plan: PlanName,
    study: StudyConfig | None,
    study_models: Path | None,
) -> StartingWeights:
    card = load_card(folder, "classify")
    if card.architecture == PIXEL_ARCHITECTURE:
        raise InputError(
            f"The model {card.name!r} classifies pixels and is not trained here; start "
            "from one that classifies patches, such as inception_v3."
        )
    classifier = load_patch_classifier(folder)
    get_plan(plan, classifier.config.architecture)
    # by what the cells show: a class of the same name may show something else
    of_study = study_models is not None and folder.parent == study_models
    before = name_classes(card, study, of_study=of_study).classes
    if study is not None:
        # a class that was renamed since keeps its output
        before = study.translate(before, classes)
    net, head_kept = _with_head(classifier.net, before, classes)
    config = classifier.config.model_copy(update={"n_classes": len(classes)})
    origin = describe_origin(card)
    return StartingWeights(net, config, card, tuple(classes), origin, head_kept)


def _from_torchvision(
    requested: str, classes: Sequence[str], architecture: Architecture
) -> StartingWeights:
    """Start from ImageNet weights, or from random ones."""
    config = _default_config(architecture, len(classes), requested)
    net = build_network(config)
    origin: dict[str, Any] = {"name": f"{architecture}, random weights"}
    if requested == IMAGENET:
        state, origin = fetch_imagenet_weights(architecture)
        load_body(net, state, origin["name"], architecture)
    card = _default_card(architecture, classes, config)
    return StartingWeights(net, config, card, tuple(classes), origin, False)


def _from_file(
    path: Path, classes: Sequence[str], architecture: Architecture
) -> StartingWeights:
    config = _default_config(architecture, len(classes), "file")
    net = build_network(config)
    load_body(net, read_state_dict(path), str(path), architecture)
    origin = {
        "name": path.name,
        "weights_sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        "licence": "that of the file, which is not known here",
    }
    card = _default_card(architecture, classes, config)
    return StartingWeights(net, config, card, tuple(classes), origin, False)


def _with_head(
    net: nn.Module, before: Sequence[str], classes: Sequence[str]
) -> tuple[nn.Module, bool]:
    """Keep the last layer where the classes are the same, else make a new one.

    Returns
    -------
    The network; whether the layer was kept.
    """
    import torch
    from torch import nn as layers

    old: Any = net.get_submodule(HEAD)
    new = layers.Linear(old.in_features, len(classes))
    same = set(before) == set(classes) and len(before) == len(classes)
    if same:
        # the study may list the same classes in another order
        order = [list(before).index(name) for name in classes]
        with torch.no_grad():
            new.weight.copy_(old.weight[order])
            new.bias.copy_(old.bias[order])
    setattr(net, HEAD, new)
    return net, same


def _default_config(
    architecture: Architecture, n_classes: int, requested: str
) -> ClassifierConfig:
    # torchvision's Inception was trained on -1 to 1, its ResNets on ImageNet's scale
    scaling: Any = "unit"
    if requested == IMAGENET:
        scaling = "symmetric" if architecture == "inception_v3" else "imagenet"
    elif architecture != "inception_v3":
        scaling = "imagenet"
    return ClassifierConfig(
        architecture=architecture,
        n_classes=n_classes,
        scaling=scaling,
        spotlight_px=_SPOTLIGHT_PX,
    )


def _default_card(
    architecture: Architecture, classes: Sequence[str], config: ClassifierConfig
) -> ModelCard:
    return ModelCard(
        name=architecture,
        task="classify",
        architecture=architecture,
        settings=config.model_dump(),
        classes=tuple(classes),
        combination="rgb",
        normalisation=ROBUST,
        pixel_size_um=_PIXEL_SIZE_UM,
        patch_size=_PATCH_SIZE,
        input_size=_INPUT_SIZES[architecture],
        weights_sha256="",
    )
