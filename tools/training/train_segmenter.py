"""Train the default U-Net on simulated fields.

    python -m tools.training.train_segmenter --fields WORK/fields --work WORK/unet

With `--classes` it learns cell classes beside the outlines (one pass).

Reads what `simulated_set.py` made; goes on from the last checkpoint in `--work`, so
that it can be run in pieces (`--minutes`). Fields in `--held-out`, or the last tenth of
the fields, 64 at most, are held out.
`ship_models.py` makes a model folder of the checkpoint.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
import torch
from scipy import ndimage
from torch import nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from napari_cellid.cells.rescale import rescale_labels
from napari_cellid.channels.model_input import (
    N_IMAGES,
    Combination,
    with_local_contrast,
)
from napari_cellid.channels.normalisation import ROBUST, normalise
from napari_cellid.channels.resampling import rescale
from napari_cellid.classification.loader import load_classifier
from napari_cellid.models.registry import find_model
from napari_cellid.models.store import load_card
from napari_cellid.segmentation.predict import load_segmenter
from napari_cellid.segmentation.targets import IGNORE_INDEX
from napari_cellid.segmentation.unet import UNet, UNetConfig
from napari_cellid.simulation.tissue import CLASSES
from tools.training.checkpoints import keep, resume, split_fields, spread
from tools.training.disturbances import disturbed
from tools.training.precision import mixed_precision


class Fields:
    """Normalised fields in memory; random augmented crops of both channels."""

    def __init__(
        self, paths: list[Path], combination: Combination, zoom: float = 1.0
    ) -> None:
        self.combination, self.zoom = combination, zoom
        self.items = []
        # every kind is seen as often as the others, however many fields it has
        kinds = np.array([path.name.partition("-")[0] for path in paths])
        self.by_kind = [np.flatnonzero(kinds == kind) for kind in np.unique(kinds)]
        for path in paths:
            with np.load(path) as file:
                red, green = (
                    normalise(file[name].astype(np.float32), ROBUST).astype(np.float16)
                    for name in ("red", "green")
                )
                kind = file["kind"]
                labels, target = file["labels"], file["target"]
                # cells that only the red channel shows, or perhaps only it, left out
                # where it is missing
                only_red = (kind == 2) | ((kind == 0) & file["ambiguous"])
                hidden = np.isin(labels, np.flatnonzero(only_red) + 1)
                alone = np.where(hidden, IGNORE_INDEX, target).astype(np.uint8)
                # 255 where the class is ambiguous
                lookup = np.append(
                    IGNORE_INDEX, np.where(file["ambiguous"], IGNORE_INDEX, kind)
                )
                classes = lookup[labels].astype(np.uint8)
                self.items.append((red, green, target, alone, classes))

    def crop(
        self, rng: np.random.Generator, side: int
    ) -> tuple[np.ndarray, np.ndarray]:
        """One crop: images (channel, y, x) and targets (kind and class, y, x)."""
        item = self.items[rng.choice(self.by_kind[rng.integers(len(self.by_kind))])]
        # declared pixel sizes are wrong by as much
        zoom = self.zoom ** rng.uniform(-1, 1)
        piece = round(side / zoom)
        top, left = (rng.integers(0, max(n - piece, 0) + 1) for n in item[0].shape)
        here = np.s_[top : top + piece, left : left + piece]
        red, green, target, alone, classes = (image[here] for image in item)
        red, green = red.astype(np.float32), green.astype(np.float32)
        if piece != side:
            red, green = rescale(red, zoom), rescale(green, zoom)
            target, alone, classes = (
                rescale_labels(image.astype(np.int32), zoom, red.shape)
                for image in (target, alone, classes)
            )
        if rng.random() < 0.3:
            # the two channels of a microscope never lie on one another exactly
            red = ndimage.shift(red, rng.normal(0, 0.5, 2), order=1, mode="nearest")
        images = [disturbed(image, rng) for image in (red, green)]
        lonely = rng.random() < 0.3
        if lonely:
            images[0], target = np.zeros_like(images[0]), alone
            classes = np.full_like(classes, IGNORE_INDEX)
        if self.combination == "sum":
            share = 0.0 if lonely else rng.uniform(0.35, 0.65)
            images = [share * images[0] + (1 - share) * images[1]]
        stack, turn = np.stack(images), rng.integers(4)
        if self.combination == "pair+local":
            stack = with_local_contrast(stack)
        targets = np.stack([target, classes])
        stack, targets = stack[:, :side, :side], targets[:, :side, :side]
        stack, targets = (np.rot90(a, turn, (1, 2)) for a in (stack, targets))
        if rng.random() < 0.5:
            stack, targets = stack[..., ::-1], targets[..., ::-1]
        return _fit(stack, side, 0.0), _fit(targets, side, IGNORE_INDEX)

    def batch(
        self, rng: np.random.Generator, n: int, side: int
    ) -> tuple[torch.Tensor, torch.Tensor]:
        crops = [self.crop(rng, side) for _ in range(n)]
        images = np.stack([c[0] for c in crops]).astype(np.float32)
        return torch.from_numpy(images), torch.from_numpy(
            np.stack([c[1] for c in crops]).astype(np.int64)
        )


def _fit(image: np.ndarray, side: int, fill: float) -> np.ndarray:
    lack = [(0, 0)] * (image.ndim - 2) + [(0, side - n) for n in image.shape[-2:]]
    return np.ascontiguousarray(np.pad(image, lack, constant_values=fill))


def segmentation_loss(
    outputs: torch.Tensor, targets: torch.Tensor, kinds: int, dice_share: float = 0.5
) -> torch.Tensor:
    """Cross-entropy of the pixel classes plus soft Dice of cell against background.

    Plus the cross-entropy of the cell classes where the network has outputs for them:
    each class counts as much as the others, each pixel of a cell as much as the next.
    """
    logits, target = outputs[:, :kinds].float(), targets[:, 0]
    if kinds == 2:
        target = torch.where(target == 2, 1, target)
    entropy = nn.functional.cross_entropy(logits, target, ignore_index=IGNORE_INDEX)
    known = (target != IGNORE_INDEX).float()
    cell = logits.softmax(1)[:, 1:].sum(1) * known
    truth = ((target == 1) | (target == 2)).float()
    dice = 1 - (2 * (cell * truth).sum() + 1) / (cell.sum() + truth.sum() + 1)
    loss = entropy + dice_share * dice
    if outputs.shape[1] > kinds:
        share = torch.bincount(targets[:, 1].flatten(), minlength=256)[:3].float()
        weight = (share.sum() / (3 * share.clamp(min=1))).clamp(0.3, 5)
        telling = nn.functional.cross_entropy(
            outputs[:, kinds:].float(), targets[:, 1], weight, ignore_index=IGNORE_INDEX
        )
        loss = loss + (telling if share.sum() else 0.0)
    return loss


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--fields", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--base", type=int, default=24)
    parser.add_argument(
        "--combination", choices=["sum", "pair", "pair+local"], default="pair"
    )
    parser.add_argument(
        "--zoom", type=float, default=1.0, help="largest change of scale"
    )
    parser.add_argument("--held-out", type=Path, help="folder of other fields")
    parser.add_argument(
        "--kinds", type=int, choices=[2, 3], default=3, help="2: cell or not, as paper"
    )
    parser.add_argument("--dice", type=float, default=0.5, help="its share in the loss")
    parser.add_argument(
        "--classes", action="store_true", help="predict cell classes, too"
    )
    parser.add_argument("--start", help="folder or name of a model to go on from")
    parser.add_argument("--learn-from", type=int, help="so many of the fields only")
    parser.add_argument("--steps", type=int, default=2400)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--side", type=int, default=192)
    parser.add_argument("--rate", type=float, default=2e-3)
    parser.add_argument("--minutes", type=float, default=1e9)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    train(options)


def start_weights(model: str) -> dict[str, torch.Tensor]:
    """Weights of a model that outlines cells, or of one that classifies pixels."""
    card = load_card(find_model(model, "segment"))
    if card.task == "segment":
        return load_segmenter(model).net.state_dict()
    return load_classifier(model).net.state_dict()


def begin(options: argparse.Namespace) -> UNet:
    """Make a network: random weights, or those of a model of the same width.

    A model of the sum image becomes one of the pair that says the same at first.
    """
    n_images = N_IMAGES[options.combination]
    n_classes = len(CLASSES) if options.classes else 0
    net = UNet(
        UNetConfig(
            base=options.base,
            in_channels=n_images,
            out_channels=options.kinds,
            class_outputs=n_classes,
        )
    )
    if options.start is None:
        return net
    weights = start_weights(options.start)
    first = weights["down.0.0.weight"]
    if first.shape[1] < n_images:
        weights["down.0.0.weight"] = widened(first, n_images)
    for name, fresh in net.head.named_parameters(prefix="head"):
        # class outputs that the model has not begin at random, others are left out
        known = weights[name][: len(fresh)]
        weights[name] = torch.cat([known, fresh.detach()[len(known) :]])
    net.load_state_dict(weights)
    return net


def widened(first: torch.Tensor, n_images: int) -> torch.Tensor:
    """Weights of a first layer for more images, with which it answers as before.

    The sum image is shared among them; the local contrast does nothing at first.
    """
    if first.shape[1] == 1:
        return first.repeat(1, n_images, 1, 1) / n_images
    more = n_images - first.shape[1]
    return torch.cat([first, torch.zeros_like(first[:, :1]).repeat(1, more, 1, 1)], 1)


def train(options: argparse.Namespace) -> None:
    known, held_out = split_fields(options.fields, options.held_out)
    known = spread(known, options.learn_from)
    training = Fields(known, options.combination, options.zoom)
    testing = Fields(held_out, options.combination)
    torch.manual_seed(options.seed)
    net = begin(options).to(memory_format=torch.channels_last)
    # the mean of the weights over the last steps, which outlines more steadily
    mean = AveragedModel(
        net, multi_avg_fn=get_ema_multi_avg_fn(0.995), use_buffers=True
    )
    optimiser = torch.optim.AdamW(net.parameters(), options.rate, weight_decay=1e-3)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, options.rate, total_steps=options.steps, pct_start=0.1
    )
    learners = {
        "net": net, "mean": mean, "optimiser": optimiser, "schedule": schedule
    }  # fmt: skip
    begun, losses = time.monotonic(), []
    for step in range(resume(options.work, learners, held_out), options.steps):
        rng = np.random.default_rng([options.seed, step])
        images, target = training.batch(rng, options.batch, options.side)
        net.train()
        with mixed_precision():
            logits = net(images.to(memory_format=torch.channels_last))
        loss = segmentation_loss(logits, target, options.kinds, options.dice)
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimiser.step()
        schedule.step()
        mean.update_parameters(net)
        losses.append(float(loss.detach()))
        out_of_time = time.monotonic() - begun > 60 * options.minutes
        if (step + 1) % 100 == 0 or out_of_time or step + 1 == options.steps:
            line = {
                "step": step + 1,
                "loss": float(np.mean(losses[-100:])),
                "held_out": evaluate(mean.module, testing, options),
                "seconds": round(time.monotonic() - begun),
            }
            keep(options.work, learners, line, known)
        if out_of_time:
            return


@torch.no_grad()
def evaluate(
    net: UNet, fields: Fields, options: argparse.Namespace
) -> dict[str, float]:
    """Loss and Dice (cell against background) on fixed crops of held-out fields."""
    net.eval()
    rng = np.random.default_rng(99)
    losses, overlap, size = [], 0.0, 0.0
    right, judged = 0.0, 0.0
    for _ in range(6):
        images, targets = fields.batch(rng, options.batch, options.side)
        with mixed_precision():
            logits = net(images.to(memory_format=torch.channels_last))
        losses.append(
            float(segmentation_loss(logits, targets, options.kinds, options.dice))
        )
        target = targets[:, 0]
        if logits.shape[1] > options.kinds:
            clear = targets[:, 1] != IGNORE_INDEX
            guess = logits[:, options.kinds :].argmax(1)
            right += float((guess == targets[:, 1])[clear].sum())
            judged += float(clear.sum())
        known = target != IGNORE_INDEX
        kinds = logits[:, : options.kinds].float().softmax(1)
        cell = (kinds[:, 1:].sum(1) >= 0.5) & known
        truth = ((target == 1) | (target == 2)) & known
        overlap += 2 * float((cell & truth).sum())
        size += float(cell.sum() + truth.sum())
    figures = {"loss": float(np.mean(losses)), "dice": overlap / max(size, 1.0)}
    if judged:
        figures["pixels_right"] = right / judged
    return figures


if __name__ == "__main__":
    main()
