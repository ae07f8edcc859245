"""Checkpoints: everything needed to go on, in one safetensors file."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from napari_cellid.errors import InputError
from napari_cellid.files import atomic_write

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from torch import Tensor


def save_tensors(
    path: Path, tensors: Mapping[str, Tensor], about: Mapping[str, Any]
) -> None:
    """Write tensors and what is to be known of them, whole or not at all.

    Raises
    ------
    InputError
        If the file cannot be written; the old one is then as it was.
    """
    from safetensors import SafetensorError
    from safetensors.torch import save_file

    own = {name: tensor.detach().cpu().clone().contiguous() for name, tensor in
           tensors.items()}  # fmt: skip
    try:
        with atomic_write(path) as temporary:
            save_file(own, temporary, metadata={"about": json.dumps(dict(about))})
    except (OSError, SafetensorError) as error:
        raise InputError(
            f"{path} cannot be written ({error}); make room, or check the permissions, "
            "and resume the training. Models that were there are as they were."
        ) from error


def load_tensors(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Read tensors and what is known of them.

    Raises
    ------
    InputError
        If the file is missing or broken.
    """
    from safetensors import SafetensorError, safe_open

    tensors = {}
    try:
        with safe_open(path, framework="pt") as file:
            about = json.loads((file.metadata() or {}).get("about", "{}"))
            for name in file.keys():  # noqa: SIM118 - not a mapping
                tensors[name] = file.get_tensor(name)
    except (OSError, ValueError, SafetensorError) as error:
        raise InputError(
            f"{path} is no checkpoint that can be read ({error}); train anew."
        ) from error
    return tensors, about
