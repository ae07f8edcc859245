"""Train the default classifier on simulated cells.

    python -m tools.training.train_classifier --fields WORK/fields \
        --work WORK/inception --start inception_v3_body.safetensors \
        --plan 151:900 299:300

Reads what `simulated_set.py` made; goes on from the last checkpoint in `--work`, so
that it can be run in pieces (`--minutes`). Fields in `--held-out`, or the last tenth of
the fields, 64 at most, are held out.

`--plan` gives the side of the enlarged patch and the number of steps at it, in turn:
most of the learning is done at small images, where it is cheap. A third number is the
side of the piece of the patch that is shown: `151:900:51` shows the middle cell as
large as `299:900` does. What is kept is the mean of the weights over the last steps.
The other options are for `compare_classifiers.py`.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file
from torch import nn
from torch.nn.functional import cross_entropy
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from napari_cellid.channels.model_input import combine
from napari_cellid.channels.normalisation import ROBUST
from napari_cellid.classification.finetuning import (
    STAGES,
    freeze,
    get_plan,
    n_frozen_stages,
)
from napari_cellid.classification.networks import ClassifierConfig, build_network
from napari_cellid.classification.partial_forward import set_modes
from napari_cellid.models.store import load_card, load_weights
from tools.training.changed_patches import PATCH, upsample
from tools.training.checkpoints import keep, resume, split_fields
from tools.training.precision import mixed_precision

#: cut a little more than a patch, so that turning and shifting bring no border in
ROOM = 24


class Cells:
    """Unambiguous cells of simulated fields, by class.

    Without `mean_image` the third image is dark instead of the mean of the channels.
    """

    def __init__(self, paths: list[Path], mean_image: bool = True) -> None:
        self.images, rows = [], []
        half = (PATCH + ROOM) // 2
        for path in paths:
            with np.load(path) as file:
                red, green = (file[n].astype(np.float32) for n in ("red", "green"))
                image = combine(red, green, ROBUST, "rgb")
                image[2] *= mean_image
                image = np.pad(image, [(0, 0), (half, half), (half, half)], "reflect")
                clear = ~file["ambiguous"]
                place, kind = file["place"][clear], file["kind"][clear]
            place = np.clip(np.round(place), 0, np.array(red.shape) - 1).astype(int)
            rows.append(
                np.column_stack([np.full(len(kind), len(self.images)), place, kind])
            )
            self.images.append(image.astype(np.float16))
        self._take(np.concatenate(rows).astype(int))

    def _take(self, rows: np.ndarray) -> None:
        self.rows = rows
        self.by_class = [np.flatnonzero(rows[:, 3] == k) for k in range(3)]

    def keep(self, n: int) -> None:
        """Forget all cells but `n`, the same ones every time."""
        chosen = np.random.default_rng(5).permutation(len(self.rows))[:n]
        self._take(self.rows[chosen])

    def cut(self, which: np.ndarray) -> torch.Tensor:
        side = PATCH + ROOM  # odd, so that the cell's pixel is the middle one
        return torch.from_numpy(
            np.stack(
                [
                    self.images[f][:, y : y + side, x : x + side]
                    for f, y, x in self.rows[which, :3]
                ]
            ).astype(np.float32)
        )

    def balanced(self, rng: np.random.Generator, n: int) -> np.ndarray:
        return np.array([rng.choice(self.by_class[k % 3]) for k in range(n)])


def start_network(path: Path | None, architecture: str = "inception_v3") -> nn.Module:
    net = build_network(ClassifierConfig(architecture=architecture))
    if path is not None and path.is_dir():
        net.load_state_dict(load_weights(path, load_card(path, "classify")))
    elif path is not None:
        body = {
            k: v.float() for k, v in load_file(path).items() if "AuxLogits" not in k
        }
        missing, unexpected = net.load_state_dict(body, strict=False)
        if unexpected or set(missing) != {"fc.weight", "fc.bias"}:
            raise SystemExit(f"{path} is no body of {architecture}: {missing[:3]} miss")
    return net.to(memory_format=torch.channels_last)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--fields", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--held-out", type=Path, help="folder of other fields")
    parser.add_argument(
        "--start", type=Path, help="body (.safetensors) or model folder"
    )
    parser.add_argument("--plan", nargs="+", default=["151:900", "299:300"])
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--rate", type=float, default=4e-4)
    parser.add_argument("--minutes", type=float, default=1e9)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--architecture", default="inception_v3")
    parser.add_argument("--depth", default="everything", help="a transfer plan")
    parser.add_argument("--dark-third-image", action="store_true")
    parser.add_argument("--cells", type=int, help="learn from so many cells only")
    options = parser.parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    train(options)


def cells_of(
    known: list[Path], held_out: list[Path], options: argparse.Namespace
) -> tuple[Cells, Cells]:
    """Cells to learn from, and held-out ones."""
    training, testing = (
        Cells(some, not options.dark_third_image) for some in (known, held_out)
    )
    if options.cells:
        training.keep(options.cells)
    print([len(k) for k in training.by_class], [len(k) for k in testing.by_class])
    return training, testing


def frozen_up_to(net: nn.Module, options: argparse.Namespace) -> list[str]:
    """Freeze what a transfer plan leaves as it is; returns the stages it trains."""
    plan = get_plan(options.depth, options.architecture)
    freeze(net, plan)
    stages = STAGES[options.architecture]
    return list(stages[n_frozen_stages(plan, options.architecture) :])


def sizes_of(plan: list[str]) -> list[tuple[int, int]]:
    """Side of the enlarged patch, and of what is shown of it, for every step."""
    parts = [[int(number) for number in part.split(":")] for part in plan]
    return [
        (size, shown[0] if shown else PATCH)
        for size, steps, *shown in parts
        for _ in range(steps)
    ]


def train(options: argparse.Namespace) -> None:
    known, held_out = split_fields(options.fields, options.held_out)
    training, testing = cells_of(known, held_out, options)
    sizes = sizes_of(options.plan)
    torch.manual_seed(options.seed)
    net = start_network(options.start, options.architecture)
    stages = frozen_up_to(net, options)
    mean = AveragedModel(net, multi_avg_fn=get_ema_multi_avg_fn(0.99), use_buffers=True)
    trained = [p for p in net.parameters() if p.requires_grad]
    optimiser = torch.optim.AdamW(trained, options.rate, weight_decay=1e-3)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, options.rate, total_steps=len(sizes), pct_start=0.1
    )
    learners = {
        "net": net, "mean": mean, "optimiser": optimiser, "schedule": schedule
    }  # fmt: skip
    begun, seen = time.monotonic(), []
    for step in range(resume(options.work, learners, held_out), len(sizes)):
        rng = np.random.default_rng([options.seed, step])
        which = training.balanced(rng, options.batch)
        size, shown = sizes[step]
        images = upsample(training.cut(which), size, rng, shown)
        truth = torch.from_numpy(training.rows[which, 3])
        set_modes(net, stages, adapt=options.depth == "everything")
        seen.append(learn(net, optimiser, images, truth))
        schedule.step()
        mean.update_parameters(net)
        done = step + 1
        out_of_time = time.monotonic() - begun > 60 * options.minutes
        if done % 50 == 0 or out_of_time or done == len(sizes):
            loss, accuracy = np.mean(seen[-50:], axis=0).round(4).tolist()
            line = {"step": done, "size": size, "loss": loss}
            line |= {"accuracy": accuracy, "seconds": round(time.monotonic() - begun)}
            if done % 150 == 0 or done == len(sizes):
                line["held_out"] = evaluate(mean.module, testing, size, shown)
            keep(options.work, learners, line, known)
        if out_of_time:
            return


def learn(
    net: nn.Module,
    optimiser: torch.optim.Optimizer,
    images: torch.Tensor,
    truth: torch.Tensor,
) -> tuple[float, float]:
    """Take one step; returns loss and accuracy on the batch."""
    with mixed_precision():
        logits = net(images.to(memory_format=torch.channels_last))
    loss = cross_entropy(logits.float(), truth)
    optimiser.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(net.parameters(), 1.0)
    optimiser.step()
    return float(loss.detach()), float((logits.argmax(1) == truth).float().mean())


def evaluate(
    net: nn.Module, cells: Cells, size: int, shown: int, per_class: int = 150
) -> dict[str, Any]:
    """Sensitivity of each class and balanced accuracy on held-out fields."""
    rng = np.random.default_rng(7)
    chosen = [rng.permutation(rows)[:per_class] for rows in cells.by_class]
    found = [predict_patches(net, cells, which, size, shown) for which in chosen]
    right = [float((v.argmax(1) == k).float().mean()) for k, v in enumerate(found)]
    return {
        "balanced": round(float(np.mean(right)), 4),
        "by_class": np.round(right, 3).tolist(),
    }


@torch.no_grad()
def predict_patches(
    net: nn.Module, cells: Cells, which: np.ndarray, size: int, shown: int = PATCH
) -> torch.Tensor:
    """Logits (cell, class) of some cells."""
    net.eval().to(memory_format=torch.channels_last)
    logits = []
    for start in range(0, len(which), 64):
        images = upsample(cells.cut(which[start : start + 64]), size, None, shown)
        with mixed_precision():
            logits.append(net(images.to(memory_format=torch.channels_last)).float())
    return torch.cat(logits)


if __name__ == "__main__":
    main()
