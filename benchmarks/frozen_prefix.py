"""Training with the frozen layers computed once, beside running them every time.

    python benchmarks/frozen_prefix.py [--patches 400] [--epochs 11]

Both train the same plan from the same start on the same cells of simulated fields and
end with the same weights as far as the precision goes. `plain` runs the frozen layers
for every batch, as fine-tuning usually does; its epochs are all alike, so only some are
run (`--plain-epochs`) and the rest is reckoned.
"""

from __future__ import annotations

import argparse
import time

import numpy as np

from napari_cellid.classification.dataset import ClassificationDataset
from napari_cellid.classification.starting_weights import load_starting_weights
from napari_cellid.classification.training import make_learner, uncached_learner
from napari_cellid.config import ClassifierTrainingConfig, DeviceConfig
from napari_cellid.device import choose_device, share_cores
from napari_cellid.progress import run_to_end
from napari_cellid.retrain.replay import simulate_replay_cells

CLASSES = ("excitatory", "inhibitory", "glia")


def main() -> None:
    """Time some plans."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--patches", type=int, default=400)
    parser.add_argument("--epochs", type=int, default=11)
    parser.add_argument("--plain-epochs", type=int, default=2)
    parser.add_argument(
        "--plans", nargs="+", default=["inceptionv3_311", "inceptionv3_249"]
    )
    options = parser.parse_args()
    card = load_starting_weights("", CLASSES, "inceptionv3_311").card
    cells = run_to_end(simulate_replay_cells(options.patches, CLASSES, card, seed=5))
    few = run_to_end(simulate_replay_cells(30, CLASSES, card, seed=6))
    print(f"{len(cells)} simulated cells, each with one augmented copy")
    for plan in options.plans:
        compare(plan, ClassificationDataset(cells, few), options)


def compare(
    plan: str, material: ClassificationDataset, options: argparse.Namespace
) -> None:
    """Time both ways of one plan."""
    device = choose_device(DeviceConfig())
    config = ClassifierTrainingConfig(plan=plan, batch_size=10)
    begun = time.perf_counter()
    learner = run_to_end(
        make_learner(material, load_starting_weights("", CLASSES, plan), config, device)
    )
    once = time.perf_counter() - begun
    kept = once + epochs_of(learner, options.epochs)
    learner = uncached_learner(
        material, load_starting_weights("", CLASSES, plan), config, device
    )
    some = epochs_of(learner, options.plain_epochs)
    plain = some / options.plain_epochs * options.epochs
    print(
        f"{plan}: kept {kept:.1f} s (of which frozen layers {once:.1f} s), plain "
        f"{plain:.1f} s ({options.plain_epochs} epochs measured); ratio "
        f"{plain / kept:.1f}",
        flush=True,
    )


def epochs_of(learner: object, epochs: int) -> float:
    """Seconds for some epochs."""
    begun = time.perf_counter()
    for epoch in range(1, epochs + 1):
        for index in range(learner.steps_per_epoch):
            learner.step(epoch, index)
        assert np.isfinite(learner.validate()["loss"])
    return time.perf_counter() - begun


if __name__ == "__main__":
    share_cores()
    main()
