"""Choice of the device and precision."""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from napari_cellid.errors import InputError

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from torch import Tensor, nn

    from napari_cellid.config import DeviceConfig

Kind = Literal["cuda", "mps", "cpu"]
M = TypeVar("M", bound="nn.Module")
_DEVICE_NAMES = {"cuda": "NVIDIA graphics card", "mps": "Apple graphics", "cpu": "CPU"}
_BATCH_SIZES = {"cuda": 64, "mps": 32, "cpu": 16}


@dataclass(frozen=True)
class Device:
    """The device and number format of a network.

    Parameters
    ----------
    kind
        cuda, mps or cpu.
    precision
        fp32, bf16 or fp16; bf16 and fp16 apply to matrix operations only.
    name
        Name for the user.
    """

    kind: Kind
    precision: Literal["fp32", "bf16", "fp16"]
    name: str

    @property
    def batch_size(self) -> int:
        """Suitable number of patches of 299 px in a batch."""
        return _BATCH_SIZES[self.kind]

    def __str__(self) -> str:
        return f"{self.name}, {self.precision}"


def share_cores() -> None:
    """Let torch's threads sleep while they wait for one another.

    By default they wait in a busy loop, which took 2 to 20 times as long as the work
    itself when a window or another program used the same cores. It has an effect only
    before torch is loaded; a setting of the user is kept.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")


def choose_device(config: DeviceConfig) -> Device:
    """Choose the device and the precision.

    Raises
    ------
    InputError
        If the requested device or precision is not available.
    """
    kind = _find_kind(config.device)
    precision = config.precision
    if precision == "auto":
        precision = fast_precision(kind)
    if kind == "cpu" and precision == "fp16":
        raise InputError(
            "Precision fp16 was requested on the CPU, where it is slower and less "
            "exact; choose auto, bf16 or fp32."
        )
    return Device(kind, precision, _name(kind))


def place_network(model: M, device: Device) -> M:
    """Move a network to the device in the memory layout that is fastest there."""
    return model.eval().to(device.kind).to(memory_format=_memory_format(device))


def to_device(batch: Tensor, device: Device) -> Tensor:
    """Move images (batch, channel, y, x) or vectors to the device."""
    if batch.ndim == 4:
        return batch.to(device.kind, memory_format=_memory_format(device))
    return batch.to(device.kind)


def inference_context(device: Device) -> AbstractContextManager[Any]:
    """Context for inference: no gradients, in the precision of the device."""
    import torch

    stack = contextlib.ExitStack()
    stack.enter_context(torch.inference_mode())
    if device.precision != "fp32":
        dtype = torch.bfloat16 if device.precision == "bf16" else torch.float16
        stack.enter_context(torch.autocast(device.kind, dtype))
    return stack


def _memory_format(device: Device) -> Any:
    import torch

    # channels-last was 1.4 x faster for convolutions on the CPU and suits CUDA's short
    # formats; on Apple graphics wrong results have been reported
    plain = device.kind == "mps"
    return torch.contiguous_format if plain else torch.channels_last


def _find_kind(requested: str) -> Kind:
    import torch

    available: dict[Kind, bool] = {
        "cuda": torch.cuda.is_available(),
        "mps": torch.backends.mps.is_available(),
        "cpu": True,
    }
    matching = (k for k in available if available[k] and requested in ("auto", k))
    kind = next(matching, None)
    if kind is None:
        raise InputError(
            f"No {_DEVICE_NAMES[requested]} was found for the device {requested!r}; "
            "choose auto or cpu."
        )
    return kind


def fast_precision(kind: Kind) -> Literal["fp32", "bf16", "fp16"]:
    """Number format in which a kind of device is fast and exact enough."""
    import torch

    if kind == "cuda":
        # older cards only emulate bf16
        native = torch.cuda.is_bf16_supported(including_emulation=False)
        return "bf16" if native else "fp16"
    if kind == "cpu" and _cpu_computes_bf16():
        return "bf16"
    # on Apple graphics a gain was never measured, so the safe format is used
    return "fp32"


def _cpu_computes_bf16() -> bool:
    """Whether this CPU has bf16 instructions; without them bf16 is slower."""
    import torch

    capability = getattr(torch.cpu, "get_capabilities", None)
    if capability is not None:
        flags = capability()
        return bool(flags.get("avx512_bf16") or flags.get("amx_bf16"))
    check = getattr(torch.cpu, "_is_avx512_bf16_supported", None)  # torch < 2.9
    return bool(check and check())


def _name(kind: Kind) -> str:
    import torch

    if kind == "cuda":
        return torch.cuda.get_device_name()
    return _DEVICE_NAMES[kind]
