"""Running a network batch by batch, and what happens when memory runs out."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from napari_cellid.device import (
    fast_precision,
    inference_context,
    place_network,
    to_device,
)
from napari_cellid.errors import InputError
from napari_cellid.progress import Progress

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor, nn

    from napari_cellid.device import Device
    from napari_cellid.progress import Step

#: messages of allocators: CUDA and Apple; Windows; Linux; cuDNN and cuBLAS
_MEMORY_MESSAGES = (
    "out of memory",
    "not enough memory",
    "can't allocate memory",
    "cannot allocate memory",
    "alloc_failed",
)


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
    outputs: list[Tensor] = []

    def keep(_: int, output: Tensor) -> None:
        outputs.append(output)

    inputs = Inputs(batches, total, batch_size)
    yield from stream_batches(model, inputs, keep, device, stage)
    return outputs


@dataclass(frozen=True)
class Inputs:
    """Inputs of a network that are made a batch at a time.

    Parameters
    ----------
    batch
        Function that returns inputs `start` to `stop` as one tensor on the CPU.
    total
        Number of inputs.
    batch_size
        Inputs in a batch.
    """

    batch: Callable[[int, int], Tensor]
    total: int
    batch_size: int


def stream_batches(
    model: nn.Module,
    inputs: Inputs,
    receive: Callable[[int, Tensor], object],
    device: Device,
    stage: str,
) -> Step[None]:
    """Run a network as `run_batches` does, and keep no output.

    Parameters
    ----------
    model, device, stage
        As for `run_batches`.
    inputs
        What the network is fed with.
    receive
        Called with the number of the first input of a batch and with its output, in
        order.

    Raises
    ------
    InputError
        If the network gives numbers that are not finite, in fp32, too.
    """
    size, total = inputs.batch_size, inputs.total
    done, placed = 0, False
    yield Progress(stage, 0, total)
    while done < total:
        stop = min(done + size, total)
        try:
            if not placed:
                model, placed = place_network(model, device), True
            output = _forward(model, inputs.batch(done, stop), device)
        except RuntimeError as error:
            if not _out_of_memory(error) or (size == 1 and device.kind == "cpu"):
                raise
            output = None
        # outside the except block, whose error keeps the memory of the failed batch
        if output is None:
            # a smaller batch does not help if the network itself does not fit
            size, device, message = _reduce_memory(
                size if placed else 1, device, inputs.batch_size
            )
            placed = placed and device.kind != "cpu"
            yield Progress(stage, done, total, message)
            continue
        if not _all_finite(output):
            # a short format overflows at 65504 (fp16), or loses what is subtracted
            device = _with_full_precision(device, stage)
            yield Progress(stage, done, total, "Numbers overflowed; fp32 is used now.")
            continue
        receive(done, output)
        done = stop
        yield Progress(stage, done, total)


def _all_finite(output: Tensor) -> bool:
    # the sum is quick, and finite only if all are; sums of large numbers overflow
    return bool(output.sum().isfinite()) or bool(output.isfinite().all())


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


def _reduce_memory(
    size: int, device: Device, requested_size: int
) -> tuple[int, Device, str]:
    """Next batch size and device, and a message to the user."""
    _free_memory(device)
    if size > 1:
        size = size // 2
        message = f"Memory ran out on the {device.name}; the batch size is now {size}."
        return size, device, message
    cpu = replace(device, kind="cpu", precision=fast_precision("cpu"), name="CPU")
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
