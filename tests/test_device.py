from __future__ import annotations

import pytest
import torch

from napari_cellid.batches import run_batches
from napari_cellid.config import DeviceConfig
from napari_cellid.device import Device, choose_device, inference_context
from napari_cellid.errors import InputError
from napari_cellid.progress import Progress, run_to_end

CPU = Device("cpu", "fp32", "CPU")


class Hungry(torch.nn.Module):
    """Doubles its input, but runs out of memory above some batch size."""

    def __init__(self, room: int) -> None:
        super().__init__()
        self.room = room
        self.seen: list[int] = []

    def forward(self, batch: torch.Tensor) -> torch.Tensor:
        self.seen.append(len(batch))
        if len(batch) > self.room:
            raise torch.OutOfMemoryError("out of memory")
        return 2 * batch.flatten(1)[:, :1]


def numbers(start: int, stop: int) -> torch.Tensor:
    return torch.arange(start, stop).float()[:, None, None, None]


def test_batches_come_back_in_order() -> None:
    outputs = run_to_end(run_batches(Hungry(8), numbers, 21, CPU, "work", 8))
    assert torch.cat(outputs)[:, 0].tolist() == [2 * k for k in range(21)]


def test_out_of_memory_halves_the_batch_and_says_so() -> None:
    net, told = Hungry(3), []
    outputs = run_to_end(run_batches(net, numbers, 10, CPU, "work", 16), told.append)
    assert torch.cat(outputs)[:, 0].tolist() == [2 * k for k in range(10)]
    assert net.seen == [10, 8, 4, 2, 2, 2, 2, 2]
    messages = [p.message for p in told if p.message]
    assert messages[-1] == "Memory ran out on the CPU; the batch size is now 2."
    assert told[-1] == Progress("work", 10, 10)


def test_the_cpu_takes_over_when_the_card_cannot_do_one(monkeypatch) -> None:
    import napari_cellid.batches as module

    card = Device("cuda", "fp16", "a card")
    kinds = []

    def forward(model, batch, device):
        kinds.append((device.kind, len(batch)))
        if device.kind == "cuda":
            raise RuntimeError("CUDA error: out of memory")
        return model(batch)

    monkeypatch.setattr(module, "_forward", forward)
    monkeypatch.setattr(module, "_free_memory", lambda device: None)
    monkeypatch.setattr(module, "place_network", lambda model, device: model)
    told: list[Progress] = []
    outputs = run_to_end(
        run_batches(Hungry(99), numbers, 3, card, "work", 2), told.append
    )
    assert torch.cat(outputs)[:, 0].tolist() == [0, 2, 4]
    # on the CPU no more at once than was asked for: tiles come one by one
    assert kinds == [("cuda", 2), ("cuda", 1), ("cpu", 2), ("cpu", 1)]
    assert any(p.message.endswith("the CPU takes over.") for p in told)


@pytest.mark.parametrize(
    "text",
    [
        "[enforce fail at alloc_cpu.cpp:124] err == 0. DefaultCPUAllocator: can't "
        "allocate memory: you tried to allocate 4000000000000 bytes. Error code 12 "
        "(Cannot allocate memory)",
        "DefaultCPUAllocator: not enough memory: you tried to allocate 1 bytes.",
        "MPS backend out of memory (MPS allocated: 9.00 GB)",
        "CUDNN_STATUS_ALLOC_FAILED",
        "CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling cublasCreate",
    ],
)
def test_every_way_of_saying_out_of_memory_is_understood(text: str) -> None:
    class Tight(Hungry):
        def forward(self, batch: torch.Tensor) -> torch.Tensor:
            if len(batch) > self.room:
                raise RuntimeError(text)
            return super().forward(batch)

    outputs = run_to_end(run_batches(Tight(2), numbers, 5, CPU, "work", 4))
    assert torch.cat(outputs)[:, 0].tolist() == [0, 2, 4, 6, 8]


def test_a_network_that_does_not_fit_the_card_runs_on_the_cpu(monkeypatch) -> None:
    import napari_cellid.batches as module

    card = Device("cuda", "fp16", "a card")

    def prepare(model, device):
        if device.kind == "cuda":
            raise torch.OutOfMemoryError("CUDA out of memory.")
        return model

    monkeypatch.setattr(module, "place_network", prepare)
    monkeypatch.setattr(module, "_free_memory", lambda device: None)
    told: list[Progress] = []
    outputs = run_to_end(
        run_batches(Hungry(99), numbers, 3, card, "work", 2), told.append
    )
    assert torch.cat(outputs)[:, 0].tolist() == [0, 2, 4]
    messages = [p.message for p in told if p.message]
    assert messages == ["Memory ran out on the a card; the CPU takes over."]


def test_other_errors_are_not_hidden() -> None:
    class Broken(torch.nn.Module):
        def forward(self, batch: torch.Tensor) -> torch.Tensor:
            raise RuntimeError("shapes do not match")

    with pytest.raises(RuntimeError, match="shapes do not match"):
        run_to_end(run_batches(Broken(), numbers, 3, CPU, "work", 2))


def test_no_memory_for_one_on_the_cpu_is_an_error() -> None:
    with pytest.raises(torch.OutOfMemoryError):
        run_to_end(run_batches(Hungry(0), numbers, 3, CPU, "work", 2))


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a card")
def test_a_card_that_is_not_there_is_refused() -> None:
    with pytest.raises(InputError, match="No NVIDIA graphics card was found"):
        choose_device(DeviceConfig(device="cuda"))


def test_half_precision_on_the_cpu_is_refused() -> None:
    with pytest.raises(InputError, match="fp16 was requested on the CPU"):
        choose_device(DeviceConfig(device="cpu", precision="fp16"))


@pytest.mark.parametrize(
    ("precision", "dtype"), [("fp32", torch.float32), ("bf16", torch.bfloat16)]
)
def test_precision_applies_inside_the_context(precision, dtype) -> None:
    device = choose_device(DeviceConfig(device="cpu", precision=precision))
    layer = torch.nn.Linear(4, 4)
    with inference_context(device):
        output = layer(torch.ones(1, 4))
    assert output.dtype == dtype
    assert not output.requires_grad


def test_the_device_names_itself() -> None:
    assert str(CPU) == "CPU, fp32"
