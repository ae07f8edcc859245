"""Turn trained checkpoints into the model folders that the package ships.

    python -m tools.training.ship_models --fields WORK/fields --unet WORK/unet \
        --inception WORK/inception --start inception_v3_body.safetensors

The operating point is set on half of the held-out simulated fields (the last ones): the
U-Net's cell outputs are shifted by the constant with which a threshold of 0.7 finds
cells best, unless `--shift` gives one, and the classifier's outputs are divided by the
temperature with which its probabilities are calibrated. Neither changes the ranking of
pixels or classes. Figures are those of the other half; model.json says what they were
measured on.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from pathlib import Path

import numpy as np
import torch

from napari_cellid.channels.model_input import N_IMAGES
from napari_cellid.channels.normalisation import ROBUST
from napari_cellid.classification.loader import load_classifier
from napari_cellid.classification.networks import (
    Architecture,
    ClassifierConfig,
    build_network,
)
from napari_cellid.classification.temperature import apply_temperature, fit_temperature
from napari_cellid.models.registry import SHIPPED_MODELS
from napari_cellid.models.store import save_model
from napari_cellid.retrain.operating_point import average_weights
from napari_cellid.segmentation.starting_weights import shift_cell_logits
from napari_cellid.segmentation.unet import UNet, UNetConfig
from napari_cellid.simulation.conditions import KINDS
from tools.evaluation.model_figures import (
    STATES,
    best_shift,
    class_figures,
    detection_figures,
    held_out_probabilities,
)
from tools.simulation.simulated_set import PIXEL_SIZE_UM
from tools.training.changed_patches import PATCH, SPOTLIGHT_PX
from tools.training.checkpoints import halves, mean_weights, split_fields, steps_done
from tools.training.train_classifier import Cells, predict_patches
from tools.training.train_segmenter import FIRST, widened

THRESHOLD = 0.7
#: px of the enlarged patch; the small network is for quick answers
INPUT_SIZE: dict[Architecture, int] = {"inception_v3": 299, "resnet18": 151}
LICENCE: dict[Architecture, str] = {
    "inception_v3": "BSD-3-Clause; starting weights MIT (LICENSE-starting-weights.txt)",
    "resnet18": "BSD-3-Clause",
}
#: what sets a network apart, in the description that people read
BESIDE: dict[Architecture, str] = {
    "inception_v3": "",
    "resnet18": ", with a smaller network than inception_v3: quicker, to retrain, too",
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--fields", type=Path, required=True)
    parser.add_argument("--unet", type=Path)
    parser.add_argument("--base", type=int, default=24)
    parser.add_argument(
        "--combination", choices=["sum", "pair", "pair+local"], default="pair"
    )
    parser.add_argument("--held-out", type=Path, help="folder of other fields")
    parser.add_argument(
        "--kinds", nargs="+", choices=KINDS, default=["wide"], help="of the fields"
    )
    parser.add_argument("--outlined", choices=["cut", "visible"], default="cut")
    parser.add_argument("--unet-start", default="random weights", help="for the card")
    parser.add_argument("--unet-command", default="", help="for the card")
    parser.add_argument("--shift", type=float, help="of the U-Net's cell outputs")
    parser.add_argument(
        "--scales", type=float, nargs="+", default=(1.0,), help="of the U-Net's views"
    )
    parser.add_argument(
        "--before", type=Path, help="model of pixel classes to average weights with"
    )
    parser.add_argument(
        "--share",
        type=float,
        nargs=2,
        default=(1.0, 1.0),
        metavar=("UNET", "ONE_PASS"),
        help="of the trained weights in the average, in each of the two models",
    )
    parser.add_argument("--one-pass", type=Path, help="a U-Net trained with --classes")
    parser.add_argument("--one-pass-command", default="", help="for the card")
    parser.add_argument("--inception-command", default="", help="for the card")
    parser.add_argument("--inception", type=Path)
    parser.add_argument("--resnet18", type=Path)
    parser.add_argument("--resnet18-command", default="", help="for the card")
    parser.add_argument("--start", type=Path)
    parser.add_argument(
        "--steps", type=int, help="of Inception-v3, if trained in two turns"
    )
    parser.add_argument(
        "--ranges", type=Path, help="file of tools.training.known_ranges"
    )
    parser.add_argument("--out", type=Path, default=SHIPPED_MODELS)
    options = parser.parse_args()
    if options.unet:
        ship_unet(options)
    if options.one_pass:
        ship_one_pass(options)
    if options.inception:
        ship_patches("inception_v3", options.inception, options)
    if options.resnet18:
        ship_patches("resnet18", options.resnet18, options)


def trained_unet(work: Path, options: argparse.Namespace, *, classes: bool) -> UNet:
    """Network of the mean weights, with or without class outputs."""
    mean = mean_weights(work)
    if options.before:
        mean = averaged(mean, options.before, options.share[classes])
    config = UNetConfig(
        base=options.base,
        in_channels=N_IMAGES[options.combination],
        class_outputs=len(STATES) if classes else 0,
    )
    kept = config.out_channels + config.class_outputs
    for name in ("head.weight", "head.bias"):
        mean[name] = mean[name][:kept]
    net = UNet(config)
    net.load_state_dict(mean)
    return net.eval()


def averaged(
    weights: dict[str, torch.Tensor], before: Path, share: float
) -> dict[str, torch.Tensor]:
    """Average of trained weights and of those of the model that they began with.

    What a model could do is lost less, while most of what it learned stays (Wortsman et
    al. 2022, Robust fine-tuning of zero-shot models).
    """
    other = load_classifier(str(before)).net.state_dict()
    other[FIRST] = widened(other[FIRST], weights[FIRST].shape[1])
    return average_weights(other, weights, share)


def ship_unet(options: argparse.Namespace) -> None:
    net = trained_unet(options.unet, options, classes=False)
    config = net.config
    training, testing = split_fields(options.fields, options.held_out)
    setting, judging = halves(testing)
    shift = options.shift
    if shift is None:
        shift = best_shift(net, setting, options.combination, options.scales)
    figures = detection_figures(
        net, judging, options.combination, shift, options.scales
    )
    shift_cell_logits(net, shift)
    card = {
        "name": "unet",
        "task": "segment",
        "description": "Outlines cells from both channels, or from one alone. Trained "
        "on simulated fields.",
        "architecture": "unet",
        "settings": config.model_dump(),
        "classes": ("background", "rim", "core"),
        "combination": options.combination,
        "normalisation": ROBUST,
        "simulated_kinds": options.kinds,
        "simulated_outlines": options.outlined,
        "pixel_size_um": PIXEL_SIZE_UM,
        "scales": options.scales,
        "threshold": THRESHOLD,
        "training": {
            "data": origin_of_fields(options),
            "fields": len(training),
            "fields_sha256": digest(options.fields),
            "steps": steps_done(options.unet),
            "start": options.unet_start,
            "cell_output_shift": round(shift, 3),
            "command": options.unet_command,
        },
        "metrics": figures,
        "known_range": known_range(options),
        "licence": "BSD-3-Clause",
    }
    print(json.dumps(figures, indent=1))
    save_model(options.out / "unet", card, net.state_dict())


def ship_one_pass(options: argparse.Namespace) -> None:
    net = trained_unet(options.one_pass, options, classes=True)
    training, testing = split_fields(options.fields, options.held_out)
    setting, judging = halves(testing)
    temperature = fitted_temperature(
        *held_out_probabilities(net, setting, options.combination)
    )
    probabilities, truth = held_out_probabilities(net, judging, options.combination)
    figures = class_figures(apply_temperature(probabilities, temperature), truth)
    card = {
        "name": "one_pass",
        "task": "classify",
        "description": "Tells cells that are red and green, green alone and red alone, "
        "pixel by pixel in one pass over the plane. Trained on simulated fields.",
        "architecture": "unet",
        "settings": net.config.model_dump(),
        "classes": STATES,
        "markers": STATES,
        "combination": options.combination,
        "normalisation": ROBUST,
        "simulated_kinds": options.kinds,
        "simulated_outlines": options.outlined,
        "pixel_size_um": PIXEL_SIZE_UM,
        "temperature": round(temperature, 4),
        "training": {
            "data": f"{origin_of_fields(options)}; classes are what both colours "
            "show, ambiguous cells left out",
            "fields": len(training),
            "fields_sha256": digest(options.fields),
            "steps": steps_done(options.one_pass),
            "start": options.unet_start,
            "command": options.one_pass_command,
        },
        "metrics": figures,
        "known_range": known_range(options),
        "licence": "BSD-3-Clause",
    }
    print(json.dumps(figures, indent=1))
    save_model(options.out / "one_pass", card, net.state_dict())


def ship_patches(
    network: Architecture, work: Path, options: argparse.Namespace
) -> None:
    """Ship a patch classifier."""
    config = ClassifierConfig(
        architecture=network, scaling="unit", spotlight_px=SPOTLIGHT_PX
    )
    net = build_network(config)
    net.load_state_dict(mean_weights(work))
    size = INPUT_SIZE[network]  # px of the enlarged patch
    training, testing = split_fields(options.fields, options.held_out)
    setting, judging = halves(testing)
    temperature = fitted_temperature(*clear_cells(net, Cells(setting), size))
    probabilities, truth = clear_cells(net, Cells(judging), size)
    figures = class_figures(apply_temperature(probabilities, temperature), truth)
    card = {
        "name": network,
        "task": "classify",
        "description": "Tells cells that are red and green, green alone and red alone, "
        f"from a patch of 118 µm{BESIDE[network]}. Trained on simulated fields.",
        "architecture": network,
        "settings": config.model_dump(),
        "classes": STATES,
        "markers": STATES,
        "combination": "rgb",
        "normalisation": ROBUST,
        "simulated_kinds": options.kinds,
        "simulated_outlines": options.outlined,
        "pixel_size_um": PIXEL_SIZE_UM,
        "patch_size": PATCH,
        "input_size": size,
        "temperature": round(temperature, 4),
        "training": {
            "data": f"{origin_of_fields(options)}; classes are what both colours "
            "show, ambiguous cells left out",
            "fields": len(training),
            "fields_sha256": digest(options.fields),
            "steps": steps_done(work),
            "batch": 32,
            "trained": "everything",
            **course_of(network, options),
        },
        "metrics": figures,
        "known_range": known_range(options),
        "licence": LICENCE[network],
    }
    print(json.dumps(figures, indent=1))
    save_model(options.out / network, card, net.state_dict())


def course_of(network: Architecture, options: argparse.Namespace) -> dict[str, object]:
    """What a network began with, and the commands that trained it, for the card."""
    if network == "resnet18":
        return {"start": "random weights", "command": options.resnet18_command}
    start = options.start.read_bytes() if options.start else b""
    in_all = {"steps": options.steps} if options.steps else {}
    return in_all | {
        "start": "Inception-v3 body of the npm package nsfwjs 4.4.0 (MIT): Keras "
        "ImageNet weights rounded to 8 bit, later blocks fine-tuned on content "
        "moderation; its head was removed",
        "start_sha256": hashlib.sha256(start).hexdigest() if start else "",
        "command": options.inception_command,
    }


def clear_cells(
    net: torch.nn.Module, cells: Cells, size: int
) -> tuple[np.ndarray, np.ndarray]:
    """Class probabilities (cell, class) and true classes of all clear cells."""
    every_row = np.arange(len(cells.rows))
    logits = predict_patches(net, cells, every_row, size)
    return logits.softmax(1).numpy(), cells.rows[:, 3]


def fitted_temperature(probabilities: np.ndarray, truth: np.ndarray) -> float:
    """Temperature with which probabilities (cell, class) are calibrated."""
    logits = np.log(np.maximum(probabilities, 1e-12))
    return fit_temperature(torch.from_numpy(logits), truth)


def known_range(options: argparse.Namespace) -> dict[str, list[float]]:
    """Ranges of recordings that the models were trained on, for the card."""
    return json.loads(options.ranges.read_text("utf-8")) if options.ranges else {}


def origin_of_fields(options: argparse.Namespace) -> str:
    """What the networks learned from, for the card."""
    truth = {"cut": "cells that the plane cuts", "visible": "what stands out"}
    flat = any(options.fields.glob("flat-*.npz"))
    more = ", and flat fields of tools.simulation.flat_fields" if flat else ""
    return (
        f"simulated by napari_cellid.simulation, kinds {', '.join(options.kinds)}{more}"
        f"; outlined: {truth[options.outlined]}"
    )


def digest(fields: Path) -> str:
    """Hash of the names and settings of all fields, in order."""
    total = hashlib.sha256()
    for path in sorted(fields.glob("*.npz")):
        with np.load(path) as file:
            total.update(path.name.encode() + str(file["settings"]).encode())
    return total.hexdigest()


if __name__ == "__main__":
    main()
