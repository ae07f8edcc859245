"""What a training of the classifier starts from."""

from __future__ import annotations

import pickle
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_cellid.channels.normalise import ROBUST
from napari_cellid.classification.finetuning import HEAD, PLANS, get_plan
from napari_cellid.classification.networks import (
    Architecture,
    ClassifierConfig,
    build_network,
)
from napari_cellid.classification.patch import load_patch_classifier
from napari_cellid.errors import InputError
from napari_cellid.models.store import CARD, find_model, load_card

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from torch import Tensor, nn

    from napari_cellid.config import PlanName
    from napari_cellid.models.store import ModelCard

SHIPPED, IMAGENET, RANDOM = "shipped", "imagenet", "random"
#: sides of the images that networks are fed with, where a model does not say
_SIDES: dict[Architecture, int] = {
    "inception_v3": 299,
    "resnet18": 224,
    "resnet50": 224,
}
#: the light on the middle cell (px) of networks that begin without one; without it a
#: network that averages over 118 µm does not know which cell is meant
_SPOTLIGHT_PX = 14.0
#: pixel size and patch of the paper
_PIXEL_SIZE_UM, _PATCH = 1.17, 101
_BSD = "BSD-3-Clause (torchvision); trained on ImageNet"


@dataclass(frozen=True, eq=False)
class StartingWeights:
    """A network with the head that is wanted, and where its weights come from.

    Parameters
    ----------
    net
        The network.
    config
        How its input is lit and scaled.
    card
        Description of the model it was, or would be: scale, patches, normalisation.
    classes
        Classes in the order of its outputs.
    origin
        What the card of the trained model says of it: name, hash, licence.
    head_kept
        Whether its last layer tells these classes already.
    """

    net: nn.Module
    config: ClassifierConfig
    card: ModelCard
    classes: tuple[str, ...]
    origin: dict[str, Any]
    head_kept: bool


def load_starting_weights(
    wanted: str,
    classes: Sequence[str],
    plan: PlanName,
    models: Path | None = None,
) -> StartingWeights:
    """Find what to start from.

    Parameters
    ----------
    wanted
        "shipped" (or nothing): the default model; name or folder of a model;
        "imagenet": weights of torchvision, fetched once; "random"; or a state dict
        (.safetensors, .pth).
    classes
        Classes that are to be told. The last layer is kept where these are the same
        (in any order), else made anew.
    plan
        How deep is trained; says which network is meant by "imagenet" or a file.
    models
        Folder of a study's models, which can be named.

    Raises
    ------
    InputError
        If there is no such start, it is for another network, or cannot be read.
    """
    if wanted in (IMAGENET, RANDOM):
        return _bare(wanted, classes, PLANS[plan].architecture or "inception_v3")
    path = Path(wanted).expanduser()
    if path.suffix.lower() in (".safetensors", ".pth", ".pt") and path.is_file():
        if (path.parent / CARD).is_file() and path.name == "weights.safetensors":
            return _model(path.parent, classes, plan)
        return _file(path, classes, PLANS[plan].architecture or "inception_v3")
    if models is not None and (models / wanted / CARD).is_file() and wanted:
        return _model(models / wanted, classes, plan)
    name = None if wanted in ("", SHIPPED) else wanted
    return _model(find_model(name, "classify"), classes, plan)


def _model(folder: Path, classes: Sequence[str], plan: PlanName) -> StartingWeights:
    card = load_card(folder, "classify")
    if card.architecture == "unet":
        raise InputError(
            f"The model {card.name!r} tells classes in one pass and is not trained "
            "here; start from one that looks at patches, such as inception_v3."
        )
    loaded = load_patch_classifier(folder)
    get_plan(plan, loaded.config.architecture)
    origin = {
        "name": card.name,
        "weights_sha256": card.weights_sha256,
        "licence": card.licence,
    }
    net, kept = _with_head(loaded.net, card.classes, classes)
    config = loaded.config.model_copy(update={"n_classes": len(classes)})
    return StartingWeights(net, config, card, tuple(classes), origin, kept)


def _bare(
    wanted: str, classes: Sequence[str], architecture: Architecture
) -> StartingWeights:
    """Start from weights of torchvision, or from none."""
    config = _config(architecture, len(classes), wanted)
    net = build_network(config)
    origin: dict[str, Any] = {"name": f"{architecture}, random weights"}
    if wanted == IMAGENET:
        state, about = _fetch(architecture)
        _load(net, state, about["name"])
        origin = about
    card = _card(architecture, classes, config)
    return StartingWeights(net, config, card, tuple(classes), origin, False)


def _file(
    path: Path, classes: Sequence[str], architecture: Architecture
) -> StartingWeights:
    import hashlib

    config = _config(architecture, len(classes), "file")
    net = build_network(config)
    _load(net, read_state_dict(path), str(path))
    origin = {
        "name": path.name,
        "weights_sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        "licence": "that of the file, which is not known here",
    }
    card = _card(architecture, classes, config)
    return StartingWeights(net, config, card, tuple(classes), origin, False)


def read_state_dict(path: Path) -> dict[str, Tensor]:
    """Read a state dict that the user gives; nothing in the file can run.

    Raises
    ------
    InputError
        If it is broken, or holds anything but tensors.
    """
    import torch
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    if path.suffix.lower() == ".safetensors":
        try:
            return dict(load_file(path))
        except (SafetensorError, OSError) as error:
            raise InputError(
                f"{path} is no safetensors file that can be read ({error}); copy it "
                "again from where it came."
            ) from error
    try:
        found = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise InputError(
            f"{path} holds more than weights, which could run any program when opened, "
            "and was not opened; ask its maker for a safetensors file or a plain state "
            "dict."
        ) from error
    except (RuntimeError, OSError, EOFError, ValueError, KeyError) as error:
        raise InputError(
            f"{path} cannot be read ({_first_line(error)}); copy it again from where "
            "it came."
        ) from error
    state = found.get("state_dict", found) if isinstance(found, dict) else None
    if not isinstance(state, dict) or not all(
        isinstance(one, torch.Tensor) for one in state.values()
    ):
        raise InputError(
            f"{path} is no state dict (names with tensors), which is wanted; save "
            "net.state_dict() of a torchvision network."
        )
    return {name.removeprefix("module."): one for name, one in state.items()}


def _load(net: nn.Module, state: Mapping[str, Tensor], name: str) -> None:
    """Load all but the last layer and an auxiliary head."""
    own = net.state_dict()
    body = {
        key: value.float() if value.is_floating_point() else value
        for key, value in state.items()
        if not key.startswith((f"{HEAD}.", "AuxLogits."))
    }
    counters = [key for key in own if key.endswith("num_batches_tracked")]
    lacking = set(own) - set(body) - set(counters)
    lacking = {key for key in lacking if not key.startswith(f"{HEAD}.")}
    unknown = set(body) - set(own)
    wrong = [k for k in set(body) & set(own) if body[k].shape != own[k].shape]
    if lacking or unknown or wrong:
        some = sorted(lacking | unknown | set(wrong))[0]
        raise InputError(
            f"The weights of {name} do not fit the network ({some} is missing, unknown "
            "or of another shape); choose weights of torchvision's network of that "
            "plan, or another plan."
        )
    net.load_state_dict(body, strict=False)


def _fetch(architecture: Architecture) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """ImageNet weights of torchvision, from its cache or the internet."""
    from urllib.error import URLError

    import torch
    from torchvision.models import get_model_weights

    weights = get_model_weights(architecture).IMAGENET1K_V1
    file = str(weights.url).rsplit("/", 1)[-1]
    folder = Path(torch.hub.get_dir()) / "checkpoints"
    try:
        state = weights.get_state_dict(
            progress=False, check_hash=True, weights_only=True
        )
    except (URLError, OSError, RuntimeError, pickle.UnpicklingError) as error:
        raise InputError(
            f"The ImageNet weights of {architecture} could not be fetched "
            f"({_first_line(error)}); connect to the internet, or put the file {file} "
            f"from {weights.url} into {folder}."
        ) from error
    about = {
        "name": f"torchvision {architecture} IMAGENET1K_V1",
        "file": file,
        "url": str(weights.url),
        "licence": _BSD,
    }
    return state, about


def _with_head(
    net: nn.Module, before: Sequence[str], classes: Sequence[str]
) -> tuple[nn.Module, bool]:
    """Keep the last layer where the classes are the same, else make a new one."""
    import torch
    from torch import nn as layers

    old: Any = net.get_submodule(HEAD)
    new = layers.Linear(old.in_features, len(classes))
    same = set(before) == set(classes) and len(before) == len(classes)
    if same:
        order = [list(before).index(name) for name in classes]
        with torch.no_grad():
            new.weight.copy_(old.weight[order])
            new.bias.copy_(old.bias[order])
    setattr(net, HEAD, new)
    return net, same


def _config(architecture: Architecture, n: int, wanted: str) -> ClassifierConfig:
    # torchvision's Inception was trained on -1 to 1, its ResNets on ImageNet's scale
    scaling: Any = "unit"
    if wanted == IMAGENET:
        scaling = "symmetric" if architecture == "inception_v3" else "imagenet"
    elif architecture != "inception_v3":
        scaling = "imagenet"
    return ClassifierConfig(
        architecture=architecture,
        n_classes=n,
        scaling=scaling,
        spotlight_px=_SPOTLIGHT_PX,
    )


def _card(
    architecture: Architecture, classes: Sequence[str], config: ClassifierConfig
) -> ModelCard:
    from napari_cellid.models.store import ModelCard

    return ModelCard(
        name=architecture,
        task="classify",
        architecture=architecture,
        settings=config.model_dump(),
        classes=tuple(classes),
        combination="rgb",
        normalisation=ROBUST,
        pixel_size_um=_PIXEL_SIZE_UM,
        patch_size=_PATCH,
        input_size=_SIDES[architecture],
        weights_sha256="",
    )


def _first_line(error: BaseException) -> str:
    return str(error).splitlines()[0] if str(error) else type(error).__name__
