"""Read and write model folders: `model.json` and `weights.safetensors`.

Nothing in a model folder can run code. A pickle (.pt, .pth) is refused, and the message
says how to convert it.
"""

from __future__ import annotations

import hashlib
import logging
import math
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from napari_cellid.errors import InputError, file_reason, first_line
from napari_cellid.files import atomic_write_folder
from napari_cellid.json_file import read_json
from napari_cellid.models.card import ModelCard, package_versions

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from torch import Tensor

    from napari_cellid.models.card import Task

logger = logging.getLogger(__name__)

CARD_FILE, WEIGHTS_FILE = "model.json", "weights.safetensors"
_TASK_WORDS = {"segment": "outlines cells", "classify": "classifies cells"}


def load_card(folder: Path, task: Task | None = None) -> ModelCard:
    """Read and check the description of a model.

    Raises
    ------
    InputError
        If the folder is no model folder, its card is unreadable, or the model has
        another task.
    """
    path = folder / CARD_FILE
    if not path.is_file():
        raise InputError(
            f"{folder} has no {CARD_FILE}, but a model folder needs {CARD_FILE} and "
            f"{WEIGHTS_FILE}; choose another folder or train a model."
        )
    try:
        card = ModelCard.model_validate(read_json(path))
    except (ValueError, OSError) as error:
        raise InputError(
            f"{path} is not a model card ({_first_line(error)}); copy the "
            "model folder again from its source."
        ) from error
    if task is not None and card.task != task:
        raise InputError(
            f"The model {card.name!r} in {folder} {_TASK_WORDS[card.task]}, but one "
            f"that {_TASK_WORDS[task]} is needed here; choose another model."
        )
    return card


def load_weights(folder: Path, card: ModelCard) -> dict[str, Tensor]:
    """Read the weights of a model as float32 and check their hash.

    Raises
    ------
    InputError
        If the weights are missing, truncated, changed, pickled, or not finite.
    """
    import torch
    from safetensors import SafetensorError
    from safetensors.torch import load

    path = folder / WEIGHTS_FILE
    if not path.is_file():
        pickled = sorted(p for p in folder.iterdir() if _is_pickle_name(p))
        raise InputError(
            not_a_folder(pickled[0])
            if pickled
            else f"{folder} has no {WEIGHTS_FILE}; copy the model folder again."
        )
    data = path.read_bytes()
    if hashlib.sha256(data).hexdigest() != card.weights_sha256:
        raise InputError(
            f"The weights in {path} do not match the hash in {CARD_FILE} (truncated or "
            "changed); copy the model folder again from its source."
        )
    try:
        # from the bytes that were hashed: the file may be replaced meanwhile
        tensors = load(data)
    except SafetensorError as error:
        raise InputError(
            f"{path} is not a safetensors file ({_first_line(error)}); copy the "
            "model folder again from its source."
        ) from error
    weights = {
        name: tensor.to(torch.float32) if tensor.is_floating_point() else tensor
        for name, tensor in tensors.items()
    }
    check_finite(weights, path)
    return weights


def check_finite(weights: Mapping[str, Tensor], path: Path | str) -> None:
    """Refuse weights with NaN or infinity, of which every result would be wrong.

    Parameters
    ----------
    weights
        State dict.
    path
        Where it comes from, for the message.

    Raises
    ------
    InputError
        If a number is not finite.
    """
    for name, tensor in weights.items():
        if not _all_finite(tensor):
            raise InputError(
                f"The weights {name} in {path} are not all finite numbers, so every "
                "result would be wrong; copy the model folder again from its source, "
                "or train it anew."
            )


def _all_finite(tensor: Tensor) -> bool:
    """Whether no number is NaN or infinite: a tenth of the time of `isfinite`."""
    return not tensor.numel() or all(math.isfinite(end) for end in tensor.aminmax())


def save_model(
    folder: Path, card: dict[str, Any], weights: Mapping[str, Tensor]
) -> ModelCard:
    """Write a model folder completely or not at all, and return its card.

    Parameters
    ----------
    folder
        Target folder; an earlier model in it is replaced.
    card
        Fields of `ModelCard`; the hash and the versions are added.
    weights
        State dict. Tensors of two or more dimensions are stored in half precision
        where that can hold them, one-dimensional tensors (biases, batch statistics) in
        single precision.

    Raises
    ------
    InputError
        If a weight is not a finite number, or the folder cannot be written.
    """
    import torch
    from safetensors.torch import save

    check_finite(weights, folder)
    slim = {}
    for name, tensor in weights.items():
        tensor = tensor.detach().cpu().contiguous()
        half = tensor.is_floating_point() and tensor.ndim > 1
        short = tensor.to(torch.float16) if half else tensor
        # more than 65504 would become infinite
        slim[name] = short if _all_finite(short) else tensor
    data = save(slim)
    finished = ModelCard(
        **{"versions": package_versions()}
        | card
        | {"weights_sha256": hashlib.sha256(data).hexdigest()}
    )
    with atomic_write_folder(folder) as temporary:
        (temporary / WEIGHTS_FILE).write_bytes(data)
        text = finished.model_dump_json(indent=2, exclude_defaults=False)
        (temporary / CARD_FILE).write_text(text + "\n", "utf-8")
    return finished


def list_models(*parents: Path) -> list[tuple[Path, ModelCard]]:
    """List the readable model folders directly inside the given folders, by name.

    An unreadable model is logged and left out, so that it does not hide the others.

    Raises
    ------
    InputError
        If one of the given folders exists and cannot be read: its models would be
        missing without a word.
    """
    models: list[tuple[Path, ModelCard]] = []
    for parent in parents:
        for folder in _folders(parent):
            try:
                models.append((folder, load_card(folder)))
            except InputError as error:
                logger.warning("%s", error)
    return models


def _folders(parent: Path) -> list[Path]:
    """Folders with a model card, by name."""
    try:
        # glob would pass over a folder without permission as if it were empty
        inside = sorted(parent.iterdir())
    except FileNotFoundError:
        return []
    except OSError as error:
        raise InputError(
            f"The models in {parent} cannot be read ({file_reason(error)}); give "
            "yourself permission to read this folder."
        ) from error
    return [path for path in inside if (path / CARD_FILE).is_file()]


def _is_pickle_name(path: Path) -> bool:
    return path.suffix.lower() in (".pt", ".pth", ".pkl", ".ckpt", ".bin")


def not_a_folder(path: Path) -> str:
    """The message that refuses a file where a model folder is expected."""
    if _is_pickle_name(path):
        return (
            f"{path} is a pickle, which can run any code when opened, but a model "
            f"is a folder with {CARD_FILE} and {WEIGHTS_FILE}; if you trust the "
            "file, load its state dict with torch and write it with "
            "napari_cellid.models.save_model."
        )
    return (
        f"{path} is a file, but a model is a folder with {CARD_FILE} and "
        f"{WEIGHTS_FILE}; choose the folder."
    )


def _first_line(error: Exception) -> str:
    if isinstance(error, ValidationError):
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "file"
        return f"{where}: {first['msg']}"
    return first_line(error)
