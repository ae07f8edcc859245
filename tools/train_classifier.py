"""Train the default classifier on simulated cells.

    python tools/train_classifier.py --fields WORK/fields --work WORK/inception \
        --start inception_v3_body.safetensors --plan 151:900 299:300

Reads what `simulated_set.py` made; goes on from the last checkpoint in `--work`, so
that it can be run in pieces (`--minutes`). The last tenth of the fields is held out.
`--plan` gives the side of the enlarged patch and the number of steps at it, in turn:
most of the learning is done at small images, where it is cheap.
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
from torch.nn.functional import affine_grid, cross_entropy, grid_sample

from checkpoints import keep, resume
from napari_cellid.channels import Normalisation, combine
from napari_cellid.classification.enlarging import spotlight
from napari_cellid.classification.networks import ClassifierConfig, build
from napari_cellid.models import load_card, load_weights

PATCH = 101
SPOTLIGHT_PX = 14.0
#: cut a little more than a patch, so that turning and shifting bring no border in
ROOM = 24
NORM = Normalisation()


class Cells:
    """Unambiguous cells of simulated fields, by class."""

    def __init__(self, paths: list[Path]) -> None:
        self.images, rows = [], []
        half = (PATCH + ROOM) // 2 + 1
        for path in paths:
            with np.load(path) as file:
                red, green = (file[n].astype(np.float32) for n in ("red", "green"))
                image = combine(red, green, NORM, "rgb")
                image = np.pad(image, [(0, 0), (half, half), (half, half)], "reflect")
                clear = ~file["ambiguous"]
                place, kind = file["place"][clear], file["kind"][clear]
            place = np.clip(np.round(place), 0, np.array(red.shape) - 1).astype(int)
            rows.append(
                np.column_stack([np.full(len(kind), len(self.images)), place, kind])
            )
            self.images.append(image.astype(np.float16))
        self.rows = np.concatenate(rows).astype(int)
        self.by_class = [np.flatnonzero(self.rows[:, 3] == k) for k in range(3)]

    def cut(self, which: np.ndarray) -> torch.Tensor:
        side = PATCH + ROOM + 1
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


def enlarge(
    patches: torch.Tensor, size: int, rng: np.random.Generator | None
) -> torch.Tensor:
    """Turn, scale, shift (with `rng`) and enlarge patches in one interpolation."""
    n, side = len(patches), patches.shape[-1]
    share = PATCH / side
    theta = torch.zeros(n, 2, 3)
    theta[:, 0, 0] = theta[:, 1, 1] = share
    if rng is not None:
        angle = torch.from_numpy(rng.uniform(0, 2 * np.pi, n)).float()
        zoom = share * torch.from_numpy(rng.uniform(0.88, 1.12, n)).float()
        flip = torch.from_numpy(rng.choice([-1.0, 1.0], n)).float()
        theta[:, 0, 0], theta[:, 0, 1] = zoom * angle.cos(), -zoom * angle.sin() * flip
        theta[:, 1, 0], theta[:, 1, 1] = zoom * angle.sin(), zoom * angle.cos() * flip
        theta[:, :, 2] = torch.from_numpy(rng.normal(0, 1.3, (n, 2))).float() * 2 / side
    grid = affine_grid(theta, [n, 3, size, size], align_corners=False)
    large = grid_sample(patches, grid, padding_mode="reflection", align_corners=False)
    if rng is not None:
        gain = torch.from_numpy(rng.uniform(0.7, 1.3, (n, 2, 1, 1))).float()
        power = torch.from_numpy(rng.uniform(0.8, 1.25, (n, 2, 1, 1))).float()
        two = (large[:, :2].clamp(0, 1) ** power * gain).clamp(0, 1)
        large = torch.cat([two, two.mean(1, keepdim=True)], 1)
    return large * spotlight(size, SPOTLIGHT_PX * size / PATCH)


def start_network(path: Path | None) -> nn.Module:
    net = build(ClassifierConfig())
    if path is not None and path.is_dir():
        net.load_state_dict(load_weights(path, load_card(path, "classify")))
    elif path is not None:
        body = {
            k: v.float() for k, v in load_file(path).items() if "AuxLogits" not in k
        }
        missing, unexpected = net.load_state_dict(body, strict=False)
        assert set(missing) == {"fc.weight", "fc.bias"}, missing
        assert not unexpected, unexpected
    return net.to(memory_format=torch.channels_last)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--fields", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument(
        "--start", type=Path, help="body (.safetensors) or model folder"
    )
    parser.add_argument("--plan", nargs="+", default=["151:900", "299:300"])
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--rate", type=float, default=4e-4)
    parser.add_argument("--minutes", type=float, default=1e9)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    train(options)


def train(options: argparse.Namespace) -> None:
    paths = sorted(options.fields.glob("*.npz"))
    held = max(len(paths) // 10, 1)
    training, testing = Cells(paths[:-held]), Cells(paths[-held:])
    print([len(k) for k in training.by_class], [len(k) for k in testing.by_class])
    parts = [part.split(":") for part in options.plan]
    sizes = [int(size) for size, steps in parts for _ in range(int(steps))]
    torch.manual_seed(options.seed)
    net = start_network(options.start)
    optimiser = torch.optim.AdamW(net.parameters(), options.rate, weight_decay=1e-3)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, options.rate, total_steps=len(sizes), pct_start=0.1
    )
    learners = {"net": net, "optimiser": optimiser, "schedule": schedule}
    begun, seen = time.monotonic(), []
    for step in range(resume(options.work, learners), len(sizes)):
        rng = np.random.default_rng([options.seed, step])
        which = training.balanced(rng, options.batch)
        images = enlarge(training.cut(which), sizes[step], rng)
        truth = torch.from_numpy(training.rows[which, 3])
        seen.append(learn(net, optimiser, images, truth))
        schedule.step()
        done = step + 1
        out_of_time = time.monotonic() - begun > 60 * options.minutes
        if done % 50 == 0 or out_of_time or done == len(sizes):
            loss, accuracy = np.mean(seen[-50:], axis=0).round(4).tolist()
            line = {"step": done, "size": sizes[step], "loss": loss}
            line |= {"accuracy": accuracy, "seconds": round(time.monotonic() - begun)}
            if done % 150 == 0 or done == len(sizes):
                line["held_out"] = evaluate(net, testing, sizes[step])
            keep(options.work, learners, line)
        if out_of_time:
            return


def learn(
    net: nn.Module,
    optimiser: torch.optim.Optimizer,
    images: torch.Tensor,
    truth: torch.Tensor,
) -> tuple[float, float]:
    """Take one step; returns loss and accuracy on the batch."""
    net.train()
    with torch.autocast("cpu", torch.bfloat16):
        logits = net(images.to(memory_format=torch.channels_last))
    loss = cross_entropy(logits.float(), truth)
    optimiser.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(net.parameters(), 1.0)
    optimiser.step()
    return float(loss.detach()), float((logits.argmax(1) == truth).float().mean())


@torch.no_grad()
def evaluate(
    net: nn.Module, cells: Cells, size: int, per_class: int = 150
) -> dict[str, Any]:
    """Sensitivity of each class and balanced accuracy on held-out fields."""
    net.eval()
    rng = np.random.default_rng(7)
    found = []
    for rows in cells.by_class:
        which = rng.permutation(rows)[:per_class]
        votes = []
        for start in range(0, len(which), 50):
            images = enlarge(cells.cut(which[start : start + 50]), size, None)
            with torch.autocast("cpu", torch.bfloat16):
                logits = net(images.to(memory_format=torch.channels_last))
            votes.append(logits.float())
        found.append(torch.cat(votes))
    right = [float((v.argmax(1) == k).float().mean()) for k, v in enumerate(found)]
    return {
        "balanced": round(float(np.mean(right)), 4),
        "by_class": np.round(right, 3).tolist(),
    }


if __name__ == "__main__":
    main()
