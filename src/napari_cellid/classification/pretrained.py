"""Weights from files of users and from torchvision, for a network to start from."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_cellid.classification.finetuning import HEAD
from napari_cellid.errors import InputError, first_line
from napari_cellid.models.store import check_finite

if TYPE_CHECKING:
    from collections.abc import Mapping

    from torch import Tensor, nn

    from napari_cellid.classification.networks import Architecture

_BSD = "BSD-3-Clause (torchvision); trained on ImageNet"


def read_state_dict(path: Path) -> dict[str, Tensor]:
    """Read a state dict (.safetensors, .pth, .pt); nothing in the file can run.

    Raises
    ------
    InputError
        If it is broken, or holds anything but tensors.
    """
    import torch

    if path.suffix.lower() == ".safetensors":
        return _read_safetensors(path)
    content = _read_pickle(path)
    state = content.get("state_dict", content) if isinstance(content, dict) else None
    if not isinstance(state, dict) or not all(
        isinstance(value, torch.Tensor) for value in state.values()
    ):
        raise InputError(
            f"{path} is no state dict (names with tensors), which is needed; save "
            "net.state_dict() of a torchvision network."
        )
    # nn.DataParallel puts this before every name
    return {name.removeprefix("module."): value for name, value in state.items()}


def _read_safetensors(path: Path) -> dict[str, Tensor]:
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        return dict(load_file(path))
    except (SafetensorError, OSError) as error:
        raise InputError(
            f"{path} is no safetensors file that can be read ({error}); copy it again "
            "from where it came."
        ) from error


def _read_pickle(path: Path) -> Any:
    """Read a pickle of tensors; one that could run code is refused."""
    import torch

    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise InputError(
            f"{path} holds more than weights, which could run any program when opened, "
            "and was not opened; ask its maker for a safetensors file or a plain state "
            "dict."
        ) from error
    except (RuntimeError, OSError, EOFError, ValueError, KeyError) as error:
        raise InputError(
            f"{path} cannot be read ({first_line(error)}); copy it again from where "
            "it came."
        ) from error


def load_body(
    net: nn.Module, state: Mapping[str, Tensor], name: str, architecture: Architecture
) -> None:
    """Load weights of all layers but the last one and an auxiliary head.

    Parameters
    ----------
    net
        The network.
    state
        State dict of a network of the same architecture.
    name
        Name of the weights, for messages.
    architecture
        Name of the network, for messages.

    Raises
    ------
    InputError
        If the weights do not fit the network, or are not finite.
    """
    expected = net.state_dict()
    body = {
        # files may hold half precision, but training is done in fp32
        key: value.float() if value.is_floating_point() else value
        for key, value in state.items()
        if not key.startswith((f"{HEAD}.", "AuxLogits."))
    }
    # weights of PyTorch before 0.4.1 have no such counters
    counters = [key for key in expected if key.endswith("num_batches_tracked")]
    missing = set(expected) - set(body) - set(counters)
    missing = {key for key in missing if not key.startswith(f"{HEAD}.")}
    unknown = set(body) - set(expected)
    common = set(body) & set(expected)
    mismatched = [key for key in common if body[key].shape != expected[key].shape]
    if missing or unknown or mismatched:
        example = sorted(missing | unknown | set(mismatched))[0]
        raise InputError(
            f"The weights of {name} do not fit the network {architecture} ({example} "
            "is missing, unknown or of another shape); choose weights of torchvision's "
            f"{architecture}, or a plan of another network."
        )
    check_finite(body, name)
    net.load_state_dict(body, strict=False)


def fetch_imagenet_weights(
    architecture: Architecture,
) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """ImageNet weights of torchvision, from its cache or the internet.

    Returns
    -------
    State dict; name, file, address and licence of the weights.

    Raises
    ------
    InputError
        If they cannot be fetched.
    """
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
    # torch.hub raises a RuntimeError for a file with another hash
    except (URLError, OSError, RuntimeError, pickle.UnpicklingError) as error:
        raise InputError(
            f"The ImageNet weights of {architecture} could not be fetched "
            f"({first_line(error)}); connect to the internet, or put the file {file} "
            f"from {weights.url} into {folder}."
        ) from error
    origin = {
        "name": f"torchvision {architecture} IMAGENET1K_V1",
        "file": file,
        "url": str(weights.url),
        "licence": _BSD,
    }
    return state, origin
