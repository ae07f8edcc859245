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
from torch import nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from napari_cellid.channels.model_input import N_IMAGES
from napari_cellid.classification.loader import load_classifier
from napari_cellid.models.registry import find_model
from napari_cellid.models.store import load_card
from napari_cellid.segmentation.predict import load_segmenter
from napari_cellid.segmentation.targets import IGNORE_INDEX
from napari_cellid.segmentation.unet import UNet, UNetConfig
from napari_cellid.simulation.tissue import CLASSES
from tools.training.checkpoints import keep, resume, split_fields, spread
from tools.training.field_crops import Fields
from tools.training.precision import mixed_precision

#: the weights of the first layer, which sees the images
FIRST = "down.0.0.weight"


def segmentation_loss(
    outputs: torch.Tensor,
    targets: torch.Tensor,
    kinds: int,
    dice_share: float = 0.5,
    class_share: float = 1.0,
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
        loss = loss + (class_share * telling if share.sum() else 0.0)
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
    parser.add_argument(
        "--faint",
        type=float,
        default=0.0,
        help="share of crops of blurred fields in which faint sections are background",
    )
    parser.add_argument(
        "--often", nargs="*", default=[], metavar="KIND", help="seen twice as often"
    )
    parser.add_argument(
        "--eager",
        type=float,
        default=0.0,
        help="how much larger cell outputs (logits) become in sharp fields",
    )
    parser.add_argument(
        "--unstained",
        type=float,
        default=0.0,
        help="share of crops whose red channel shows no cell",
    )
    parser.add_argument("--dice", type=float, default=0.5, help="its share in the loss")
    parser.add_argument(
        "--classes", action="store_true", help="predict cell classes, too"
    )
    parser.add_argument(
        "--class-share",
        type=float,
        default=1.0,
        help="share of the cell classes in the loss",
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
    weights[FIRST] = widened(weights[FIRST], n_images)
    for name, fresh in net.head.named_parameters(prefix="head"):
        # class outputs that the model has not begin at random, others are left out
        known = weights[name][: len(fresh)]
        weights[name] = torch.cat([known, fresh.detach()[len(known) :]])
    net.load_state_dict(weights)
    return net


def widened(first: torch.Tensor, n_images: int) -> torch.Tensor:
    """Weights of a first layer for as many images, with which it answers as before.

    The sum image is shared among them; the local contrast does nothing at first.
    """
    if first.shape[1] >= n_images:
        return first
    if first.shape[1] == 1:
        return first.repeat(1, n_images, 1, 1) / n_images
    more = n_images - first.shape[1]
    return torch.cat([first, torch.zeros_like(first[:, :1]).repeat(1, more, 1, 1)], 1)


def train(options: argparse.Namespace) -> None:
    known, held_out = split_fields(options.fields, options.held_out)
    known = spread(known, options.learn_from)
    training = Fields(
        known,
        options.combination,
        options.zoom,
        options.faint,
        options.often,
        options.unstained,
    )
    testing = Fields(held_out, options.combination, faint=options.faint)
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
        images, target, sharp = training.batch(rng, options.batch, options.side)
        net.train()
        with mixed_precision():
            logits = net(images.to(memory_format=torch.channels_last))
        logits = less_eager(logits, sharp, options)
        loss = segmentation_loss(
            logits, target, options.kinds, options.dice, options.class_share
        )
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


def less_eager(
    logits: torch.Tensor, sharp: torch.Tensor, options: argparse.Namespace
) -> torch.Tensor:
    """Cell outputs (batch, output, y, x) less what they are to exceed in sharp fields.

    A network whose loss is told this outlines more there: people take nearly every
    round hole of a sharp field for a cell, so that a miss costs more.
    """
    lower = torch.zeros(len(logits), logits.shape[1], 1, 1)
    lower[sharp, 1 : options.kinds] = options.eager
    return logits - lower


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
        images, targets, sharp = fields.batch(rng, options.batch, options.side)
        with mixed_precision():
            logits = net(images.to(memory_format=torch.channels_last))
        logits = less_eager(logits, sharp, options)
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
