"""Choice of the device and precision, and what happens when memory runs out."""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from napari_cellid.errors import InputError
from napari_cellid.progress import Progress

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from torch import Tensor, nn

    from napari_cellid.config import DeviceConfig
    from napari_cellid.progress import Step

Kind = Literal["cuda", "mps", "cpu"]
M = TypeVar("M", bound="nn.Module")
_DEVICE_NAMES = {"cuda": "NVIDIA graphics card", "mps": "Apple graphics", "cpu": "CPU"}
#: messages of allocators: CUDA and Apple; Windows; Linux; cuDNN and cuBLAS
_MEMORY_MESSAGES = (
    "out of memory",
    "not enough memory",
    "can't allocate memory",
    "cannot allocate memory",
    "alloc_failed",
)
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
        precision = _fast_precision(kind)
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


def run_batches(
    model: nn.Module,
    batches: Callable[[int, int], Tensor],
    total: int,
    device: Device,
    stage: str,
    batch_size: int,
) -> Step[list[Tensor]]:
    """Run a network over `total` inputs, in batches that fit the memory.

    When memory runs out, the batch size is halved, down to one; then the CPU takes
    over. Where numbers overflow in a short format, fp32 takes over. The progress has a
    message about it.

    Parameters
    ----------
    model
        Network; it is moved to the device.
    batches
        Function that returns inputs `start` to `stop` as one tensor on the CPU.
    total
        Number of inputs.
    device
        Device and precision.
    stage
        Name of the stage, for the progress.
    batch_size
        Inputs in a batch.

    Returns
    -------
    Outputs, float32 on the CPU, one tensor for each batch, in order. All numbers are
    finite.

    Raises
    ------
    InputError
        If the network gives numbers that are not finite, in fp32, too.
    """
    size = batch_size
    outputs: list[Tensor] = []
    done, placed = 0, False
    yield Progress(stage, 0, total)
    while done < total:
        stop = min(done + size, total)
        try:
            if not placed:
                model, placed = place_network(model, device), True
            output = _forward(model, batches(done, stop), device)
        except RuntimeError as error:
            if not _out_of_memory(error) or (size == 1 and device.kind == "cpu"):
                raise
            output = None
        # outside the except block, whose error keeps the memory of the failed batch
        if output is None:
            # a smaller batch does not help if the network itself does not fit
            size, device, message = _reduce_memory(
                size if placed else 1, device, batch_size
            )
            placed = placed and device.kind != "cpu"
            yield Progress(stage, done, total, message)
            continue
        if not bool(output.isfinite().all()):
            # a short format overflows at 65504 (fp16), or loses what is subtracted
            device = _with_full_precision(device, stage)
            yield Progress(stage, done, total, "Numbers overflowed; fp32 is used now.")
            continue
        outputs.append(output)
        done = stop
        yield Progress(stage, done, total)
    return outputs


def _with_full_precision(device: Device, stage: str) -> Device:
    if device.precision == "fp32":
        raise InputError(
            f"{stage}: the network gave values that are not finite numbers, so its "
            "result would be wrong; copy the model folder again, or choose another "
            "model, and check the images for extreme values."
        )
    return replace(device, precision="fp32")


def _forward(model: nn.Module, batch: Tensor, device: Device) -> Tensor:
    import torch

    batch = to_device(batch, device)
    with inference_context(device):
        output = model(batch)
    return torch.as_tensor(output).float().cpu()


def _memory_format(device: Device) -> Any:
    import torch

    # channels-last was 1.4 x faster for convolutions on the CPU and suits CUDA's short
    # formats; on Apple graphics wrong results have been reported
    plain = device.kind == "mps"
    return torch.contiguous_format if plain else torch.channels_last


def _reduce_memory(
    size: int, device: Device, requested_size: int
) -> tuple[int, Device, str]:
    """Next batch size and device, and a message to the user."""
    _free_memory(device)
    if size > 1:
        size = size // 2
        message = f"Memory ran out on the {device.name}; the batch size is now {size}."
        return size, device, message
    cpu = replace(device, kind="cpu", precision=_fast_precision("cpu"), name="CPU")
    message = f"Memory ran out on the {device.name}; the CPU takes over."
    # never more than requested: tiles come one by one
    return min(cpu.batch_size, requested_size), cpu, message


def _out_of_memory(error: RuntimeError) -> bool:
    import torch

    if isinstance(error, torch.OutOfMemoryError):
        return True
    # Apple's and the CPU's allocators and CUDA's libraries raise plain RuntimeErrors
    text = str(error).lower()
    return any(message in text for message in _MEMORY_MESSAGES)


def _free_memory(device: Device) -> None:
    import torch

    if device.kind == "cuda":
        torch.cuda.empty_cache()
    elif device.kind == "mps":
        torch.mps.empty_cache()


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


def _fast_precision(kind: Kind) -> Literal["fp32", "bf16", "fp16"]:
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
