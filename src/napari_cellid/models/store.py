"""Model folders: model.json (what it is) and weights.safetensors (its numbers).

Nothing in a model folder can run code. A pickle (.pt, .pth) is refused with the way
to convert it.
"""

from __future__ import annotations

import hashlib
import json
import logging
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field, ValidationError

from napari_cellid import __version__
from napari_cellid.channels.model_input import N_IMAGES, Combination
from napari_cellid.channels.normalisation import Normalisation
from napari_cellid.config import Config
from napari_cellid.errors import InputError
from napari_cellid.files import atomic_write_folder

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from torch import Tensor

logger = logging.getLogger(__name__)

Task = Literal["segment", "classify"]

CARD_FILE, WEIGHTS_FILE = "model.json", "weights.safetensors"
#: the models that come with the package
SHIPPED_MODELS = Path(__file__).parents[1] / "weights"
#: other names by which models that come with the package can be asked for
ALIASES = {"inception": "inception_v3", "one-pass": "one_pass"}
#: stands for Inception-v3 and one pass together; their probabilities are averaged
ENSEMBLE = "both"
DEFAULTS: dict[Task, str] = {"segment": "unet", "classify": "inception_v3"}
_TASK_WORDS = {"segment": "outlines cells", "classify": "tells cell classes"}


class ModelCard(Config):
    """What a model is, what it wants and where it comes from."""

    format: Literal[1] = 1
    name: str
    task: Task
    description: str = ""
    architecture: str
    settings: dict[str, Any] = Field(default_factory=dict)
    classes: tuple[str, ...]
    combination: Combination
    normalisation: Normalisation = Normalisation()
    pixel_size_um: float = Field(gt=0, le=20)
    patch_size: int = Field(101, ge=1, le=1001)
    input_size: int = Field(299, ge=32, le=1024)
    threshold: float = Field(0.7, ge=0.05, le=0.95)
    temperature: float = Field(1.0, gt=0, le=100)
    training: dict[str, Any] = Field(default_factory=dict)
    metrics: dict[str, Any] = Field(default_factory=dict)
    versions: dict[str, str] = Field(default_factory=dict)
    licence: str = ""
    weights_sha256: str


def find_model(wanted: str | Path | None, task: Task) -> Path:
    """Folder of a model: the default, one that comes with the package, or a path.

    Raises
    ------
    InputError
        If there is no such model.
    """
    name = str(wanted or DEFAULTS[task])
    if name == ENSEMBLE and task == "classify":
        name = DEFAULTS[task]
    name = ALIASES.get(name, name)
    # a bare name is one of ours, whatever lies in the working directory
    if (SHIPPED_MODELS / name / CARD_FILE).is_file():
        return SHIPPED_MODELS / name
    folder = Path(name).expanduser()
    if folder.is_file() and folder.name in (CARD_FILE, WEIGHTS_FILE):
        folder = folder.parent
    if folder.is_file():
        raise InputError(_not_a_folder(folder))
    if folder.is_dir():
        return folder
    known = ", ".join(sorted(card.name for _, card in list_models(SHIPPED_MODELS)))
    raise InputError(
        f"There is no model {name!r}; give the path of a model folder or the name of "
        f"a model that comes with napari-cellid ({known or 'none here'})."
    )


def load_card(folder: Path, task: Task | None = None) -> ModelCard:
    """Read and check the description of a model.

    Raises
    ------
    InputError
        If the folder is no model folder, its description is unreadable, or the model
        does another job than `task`.
    """
    path = folder / CARD_FILE
    if not path.is_file():
        raise InputError(
            f"{folder} has no {CARD_FILE}; a model folder with {CARD_FILE} and "
            f"{WEIGHTS_FILE} is wanted: choose one or train one."
        )
    try:
        card = ModelCard.model_validate(json.loads(path.read_text("utf-8")))
    except (ValueError, OSError) as error:
        raise InputError(
            f"{path} is not a model description ({_first_line(error)}); copy the "
            "model folder again from where it came."
        ) from error
    if task is not None and card.task != task:
        raise InputError(
            f"The model {card.name!r} in {folder} {_TASK_WORDS[card.task]}, but one "
            f"that {_TASK_WORDS[task]} is wanted here: choose another model."
        )
    return card


@contextmanager
def explain_mismatch(card: ModelCard, folder: Path, network: str) -> Iterator[None]:
    """Turn what a network says of a card or weights that do not fit into one sentence.

    Parameters
    ----------
    card, folder
        The model.
    network
        What its weights should fit, in words.

    Raises
    ------
    InputError
        If making the network or loading its weights fails.
    """
    try:
        yield
    except InputError:
        raise
    except (RuntimeError, ValueError) as error:
        raise InputError(
            f"The weights of the model {card.name!r} in {folder} do not fit the "
            f"{network} that its description names; copy the model folder again."
        ) from error


def check_matches_network(card: ModelCard, n_inputs: int, n_outputs: int) -> None:
    """Refuse a card that names other inputs or classes than its network has.

    Parameters
    ----------
    card
        Description of the model.
    n_inputs, n_outputs
        Images the network is fed with, and kinds of pixels or cells it tells.

    Raises
    ------
    InputError
        If they differ.
    """
    images = N_IMAGES[card.combination]
    if images != n_inputs:
        raise InputError(
            f"The model {card.name!r} is described as fed with {images} images "
            f"({card.combination}) but its network takes {n_inputs}; copy the model "
            "folder again."
        )
    if len(card.classes) != n_outputs:
        raise InputError(
            f"The model {card.name!r} names {len(card.classes)} classes but has "
            f"{n_outputs} outputs; copy the model folder again."
        )


def load_weights(folder: Path, card: ModelCard) -> dict[str, Tensor]:
    """Read the weights of a model as float32, checked against its description.

    Raises
    ------
    InputError
        If they are missing, cut short, changed, or pickled.
    """
    import torch
    from safetensors import SafetensorError
    from safetensors.torch import load

    path = folder / WEIGHTS_FILE
    if not path.is_file():
        pickled = sorted(p for p in folder.iterdir() if _is_pickle_name(p))
        raise InputError(
            _not_a_folder(pickled[0])
            if pickled
            else f"{folder} has no {WEIGHTS_FILE}; copy the model folder again."
        )
    data = path.read_bytes()
    if hashlib.sha256(data).hexdigest() != card.weights_sha256:
        raise InputError(
            f"The weights in {path} are not those that {CARD_FILE} describes (cut "
            "short or changed); copy the model folder again from where it came."
        )
    try:
        tensors = load(data)
    except SafetensorError as error:
        raise InputError(
            f"{path} is not a safetensors file ({_first_line(error)}); copy the "
            "model folder again from where it came."
        ) from error
    return {
        name: tensor.to(torch.float32) if tensor.is_floating_point() else tensor
        for name, tensor in tensors.items()
    }


def save_model(
    folder: Path, card: dict[str, Any], weights: Mapping[str, Tensor]
) -> ModelCard:
    """Write a model folder, whole or not at all; returns its finished card.

    Parameters
    ----------
    folder
        Where it goes; files of a model that was there are replaced.
    card
        Fields of `ModelCard`; hash and versions are filled in.
    weights
        State dict. Matrices and kernels are kept in half precision, one-dimensional
        tensors (biases, batch statistics) in single.
    """
    import torch
    from safetensors.torch import save

    slim = {}
    for name, tensor in weights.items():
        tensor = tensor.detach().cpu().contiguous()
        half = tensor.is_floating_point() and tensor.ndim > 1
        slim[name] = tensor.to(torch.float16) if half else tensor
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
    """Every readable model folder directly under the given folders, by name.

    One that cannot be read is left out and logged, so that it does not hide the rest.
    """
    found: list[tuple[Path, ModelCard]] = []
    for parent in parents:
        if not parent.is_dir():
            continue
        folders = sorted(path.parent for path in parent.glob(f"*/{CARD_FILE}"))
        for folder in folders:
            try:
                found.append((folder, load_card(folder)))
            except InputError as error:
                logger.warning("%s", error)
    return found


def ensemble_card(patches: ModelCard, pixels: ModelCard) -> ModelCard:
    """Describe two classifiers whose probabilities are averaged."""
    hashes = patches.weights_sha256 + pixels.weights_sha256
    return patches.model_copy(
        update={
            "name": f"{patches.name} + {pixels.name}",
            "description": "The mean of the probabilities of both.",
            "weights_sha256": hashlib.sha256(hashes.encode()).hexdigest(),
        }
    )


def package_versions() -> dict[str, str]:
    """Versions of this package and of those that decide its numbers."""
    names = ("torch", "torchvision", "numpy", "scikit-image")
    found = {"napari-cellid": __version__}
    for name in names:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def _is_pickle_name(path: Path) -> bool:
    return path.suffix.lower() in (".pt", ".pth", ".pkl", ".ckpt", ".bin")


def _not_a_folder(path: Path) -> str:
    if _is_pickle_name(path):
        return (
            f"{path} is a pickle, which could run any program when opened; models are "
            f"folders with {CARD_FILE} and {WEIGHTS_FILE}: load the state dict with "
            "torch where you trust it and write it with "
            "napari_cellid.models.save_model."
        )
    return (
        f"{path} is a file; a model folder with {CARD_FILE} and {WEIGHTS_FILE} is "
        "wanted: choose the folder."
    )


def _first_line(error: Exception) -> str:
    if isinstance(error, ValidationError):
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "file"
        return f"{where}: {first['msg']}"
    return str(error).splitlines()[0] if str(error) else type(error).__name__
