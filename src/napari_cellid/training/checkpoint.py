"""Checkpoints: everything that resuming needs, in one safetensors file."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from napari_cellid.errors import InputError
from napari_cellid.files import atomic_write
from napari_cellid.json_file import parse_json

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from torch import Tensor


def save_tensors(
    path: Path, tensors: Mapping[str, Tensor], about: Mapping[str, Any]
) -> None:
    """Write tensors and their metadata to a file, atomically.

    Parameters
    ----------
    path
        File to write.
    tensors
        Tensors by name.
    about
        Metadata, in types that JSON can hold.

    Raises
    ------
    InputError
        If the file cannot be written; an earlier file is then unchanged.
    """
    from safetensors import SafetensorError
    from safetensors.torch import save_file

    # safetensors refuses tensors that share memory, as tied weights do
    copies = {name: tensor.detach().cpu().clone().contiguous() for name, tensor in
           tensors.items()}  # fmt: skip
    try:
        with atomic_write(path) as temporary:
            save_file(copies, temporary, metadata={"about": json.dumps(dict(about))})
    except (OSError, SafetensorError) as error:
        raise InputError(
            f"{path} cannot be written ({error}); make room, or check the permissions, "
            "and resume the training. Earlier models are unchanged."
        ) from error


def load_tensors(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Read tensors and their metadata.

    Raises
    ------
    InputError
        If the file is missing or broken.
    """
    from safetensors import SafetensorError, safe_open

    tensors = {}
    try:
        with safe_open(path, framework="pt") as file:
            about = parse_json((file.metadata() or {}).get("about", "{}"))
            for name in file.keys():  # noqa: SIM118 - not a mapping
                tensors[name] = file.get_tensor(name)
    except (OSError, ValueError, SafetensorError) as error:
        raise InputError(
            f"{path} is not a readable checkpoint ({error}); start a new training."
        ) from error
    return tensors, about
