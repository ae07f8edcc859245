"""Which device computes, in which precision, and what happens when memory runs out."""

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
_WORDS = {"cuda": "NVIDIA graphics card", "mps": "Apple graphics", "cpu": "CPU"}
#: what allocators say: CUDA and Apple; Windows; Linux; cuDNN and cuBLAS
_NO_MEMORY = (
    "out of memory",
    "not enough memory",
    "can't allocate memory",
    "cannot allocate memory",
    "alloc_failed",
)
_BATCH = {"cuda": 64, "mps": 32, "cpu": 16}


@dataclass(frozen=True)
class Device:
    """Where a network runs and in which number format.

    Parameters
    ----------
    kind
        cuda, mps or cpu.
    precision
        fp32, bf16 or fp16; the short ones apply to the matrix work alone.
    name
        In words, for the user.
    """

    kind: Kind
    precision: Literal["fp32", "bf16", "fp16"]
    name: str

    @property
    def batch_size(self) -> int:
        """Patches of 299 px that suit the device."""
        return _BATCH[self.kind]

    def __str__(self) -> str:
        return f"{self.name}, {self.precision}"


def share_cores() -> None:
    """Let torch's threads give the processor back while they wait for one another.

    By default they wait in a busy loop, which on cores that a window or another program
    uses too was measured to cost 2 to 20 times the work itself. Takes effect before
    torch is loaded; what the user has set stays.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")


def choose_device(config: DeviceConfig) -> Device:
    """Find the device to run on.

    Raises
    ------
    InputError
        If the one asked for is not there.
    """
    kind = _available(config.device)
    precision = config.precision
    if precision == "auto":
        precision = _fast_precision(kind)
    if kind == "cpu" and precision == "fp16":
        raise InputError(
            "Precision fp16 was asked for on the CPU, which computes it more slowly "
            "and less exactly; choose auto, bf16 or fp32."
        )
    return Device(kind, precision, _name(kind))


def place_network(model: M, device: Device) -> M:
    """Move a network to the device in the memory layout that is fastest there."""
    return model.eval().to(device.kind).to(memory_format=_memory_format(device))


def to_device(batch: Tensor, device: Device) -> Tensor:
    """Move images (batch, channel, y, x) or vectors to where a network computes."""
    if batch.ndim == 4:
        return batch.to(device.kind, memory_format=_memory_format(device))
    return batch.to(device.kind)


def inference_context(device: Device) -> AbstractContextManager[Any]:
    """Context in which a network computes without gradients in the precision."""
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
    """Run a network over `total` inputs; when memory runs out, go on with less.

    Half the batch is tried first, down to one; then the CPU. The user is told by a
    message in the progress.

    Parameters
    ----------
    model
        Moved to the device here.
    batches
        Gives inputs `start` to `stop` as one tensor on the CPU.
    total
        Number of inputs.
    device
        Where to run.
    stage
        Name of the stage, for the progress.
    batch_size
        Inputs at once.

    Returns
    -------
    Outputs, float32 on the CPU, one tensor a batch in order.
    """
    size = batch_size
    outputs: list[Tensor] = []
    done, there = 0, False
    yield Progress(stage, 0, total)
    while done < total:
        stop = min(done + size, total)
        try:
            if not there:
                model, there = place_network(model, device), True
            output = _forward(model, batches(done, stop), device)
        except RuntimeError as error:
            if not _out_of_memory(error) or (size == 1 and device.kind == "cpu"):
                raise
            output = None
        # outside the except block, whose error keeps the memory of the failed try
        if output is None:
            # a network that does not fit is not helped by fewer patches
            size, device, message = _retreat(size if there else 1, device, batch_size)
            there = there and device.kind != "cpu"
            yield Progress(stage, done, total, message)
            continue
        outputs.append(output)
        done = stop
        yield Progress(stage, done, total)
    return outputs


def _forward(model: nn.Module, batch: Tensor, device: Device) -> Tensor:
    import torch

    batch = to_device(batch, device)
    with inference_context(device):
        output = model(batch)
    return torch.as_tensor(output).float().cpu()


def _memory_format(device: Device) -> Any:
    import torch

    # channels-last: measured 1.4 x faster for convolutions on the CPU, and what CUDA's
    # short formats want; on Apple graphics wrong results have been reported with it
    plain = device.kind == "mps"
    return torch.contiguous_format if plain else torch.channels_last


def _retreat(size: int, device: Device, asked: int) -> tuple[int, Device, str]:
    _free_memory(device)
    if size > 1:
        size = size // 2
        message = f"Memory ran out on the {device.name}; going on with {size} at once."
        return size, device, message
    cpu = replace(device, kind="cpu", precision=_fast_precision("cpu"), name="CPU")
    message = f"Memory ran out on the {device.name}; going on with the CPU."
    # never more at once than was asked for: tiles come one by one
    return min(cpu.batch_size, asked), cpu, message


def _out_of_memory(error: RuntimeError) -> bool:
    import torch

    if isinstance(error, torch.OutOfMemoryError):
        return True
    # Apple's and the CPU's allocators and CUDA's libraries raise plain RuntimeErrors
    text = str(error).lower()
    return any(words in text for words in _NO_MEMORY)


def _free_memory(device: Device) -> None:
    import torch

    if device.kind == "cuda":
        torch.cuda.empty_cache()
    elif device.kind == "mps":
        torch.mps.empty_cache()


def _available(wanted: str) -> Kind:
    import torch

    there: dict[Kind, bool] = {
        "cuda": torch.cuda.is_available(),
        "mps": torch.backends.mps.is_available(),
        "cpu": True,
    }
    suited = (k for k, found in there.items() if found and wanted in ("auto", k))
    kind = next(suited, None)
    if kind is None:
        raise InputError(
            f"No {_WORDS[wanted]} was found for the device {wanted!r}; choose auto or "
            "cpu."
        )
    return kind


def _fast_precision(kind: Kind) -> Literal["fp32", "bf16", "fp16"]:
    import torch

    if kind == "cuda":
        # older cards only imitate bf16
        real = torch.cuda.is_bf16_supported(including_emulation=False)
        return "bf16" if real else "fp16"
    if kind == "cpu" and _cpu_computes_bf16():
        return "bf16"
    # no gain was measured on Apple graphics by anyone here: the safe one
    return "fp32"


def _cpu_computes_bf16() -> bool:
    """Tell whether this CPU has bf16 instructions; without them bf16 is slower."""
    import torch

    capability = getattr(torch.cpu, "get_capabilities", None)
    if capability is not None:
        found = capability()
        return bool(found.get("avx512_bf16") or found.get("amx_bf16"))
    check = getattr(torch.cpu, "_is_avx512_bf16_supported", None)  # torch < 2.9
    return bool(check and check())


def _name(kind: Kind) -> str:
    import torch

    if kind == "cuda":
        return torch.cuda.get_device_name()
    return _WORDS[kind]
