"""Cost of Table 1 with shared features of frozen layers, against running every fold.

    python -m benchmarks.shared_features --batch 4

One step of each plan is timed both ways, in seconds of the processor, and extrapolated
to 10 folds of 400 patches, 8 or 11 epochs.
"""

from __future__ import annotations

import argparse
import time

import torch

from napari_cellid.classification.finetuning import (
    PLANS,
    STAGES,
    freeze,
    n_frozen_stages,
)
from napari_cellid.classification.networks import ClassifierConfig, build_network
from napari_cellid.classification.partial_forward import run_stages, set_modes
from napari_cellid.crossvalidation.network import EPOCHS
from napari_cellid.crossvalidation.paper import SAME_AS, TABLE_1

PATCHES, FOLDS, COPIES = 400, 10, 2
SIDES = {"inception_v3": 299, "resnet18": 224, "resnet50": 224}


def main() -> None:
    """Time one step of each plan both ways."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--batch", type=int, default=4)
    options = parser.parse_args()
    torch.set_num_threads(1)
    plain_total = shared_total = 0.0
    once: dict[str, float] = {}
    for row in TABLE_1:
        plan = PLANS[row.plan]
        kind = plan.architecture
        net = build_network(ClassifierConfig(architecture=kind))
        freeze(net, plan)
        stages, cut = STAGES[kind], n_frozen_stages(plan, kind)
        set_modes(net, stages[cut:], adapt=False)
        images = torch.rand(options.batch, 3, SIDES[kind], SIDES[kind])
        frozen, features = _timed(_without_gradient, net, stages[:cut], images)
        trained, _ = _timed(_step, net, stages[cut:], features)
        per_patch = frozen / options.batch, trained / options.batch
        steps = FOLDS * EPOCHS[kind] * COPIES * PATCHES * (1 - 1 / FOLDS)
        # each test patch is validated after each epoch, at about a third of a step
        tested = FOLDS * EPOCHS[kind] * PATCHES / FOLDS
        plain = steps * sum(per_patch) + tested * (per_patch[0] + per_patch[1] / 3)
        shared = steps * per_patch[1] + tested * per_patch[1] / 3
        # the deepest pass of each network gives the features of all its plans
        once[kind] = max(once.get(kind, 0.0), COPIES * PATCHES * per_patch[0])
        plain_total += plain
        if row.plan not in SAME_AS:
            shared_total += shared
        print(f"{row.plan}: {plain:.0f} s plainly, {shared:.0f} s shared", flush=True)
    shared_total += sum(once.values())
    share = shared_total / plain_total
    print(
        f"all: {plain_total:.0f} s plainly, {shared_total:.0f} s shared ({share:.2f})"
    )


def _without_gradient(net, stages, images):
    with torch.no_grad():
        return run_stages(net, stages, images)


def _step(net, stages, features):
    net.zero_grad()
    torch.autograd.backward(run_stages(net, stages, features).square().sum())


def _timed(call, *arguments):
    """Seconds of the processor of the second call, and its result."""
    call(*arguments)
    begun = time.process_time()
    result = call(*arguments)
    return time.process_time() - begun, result


if __name__ == "__main__":
    main()
