"""Random crops of simulated fields, for the training of the U-Net."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import torch
from scipy import ndimage

from napari_cellid.cells.rescale import rescale_labels
from napari_cellid.channels.model_input import with_local_contrast
from napari_cellid.channels.normalisation import ROBUST, normalise
from napari_cellid.channels.resampling import rescale
from napari_cellid.segmentation.targets import IGNORE_INDEX
from napari_cellid.simulation.tissue import correlated_field
from tools.training.disturbances import disturbed

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from napari_cellid.channels.model_input import Combination

#: in memory, the target of sections too faint to be judged
_FAINT = 254


class Fields:
    """Normalised fields in memory; random augmented crops of both channels.

    In blurred fields, a share `faint` of the crops takes sections too faint to be
    judged for background, otherwise they are left out: what is never told to be
    background is outlined. In sharp fields people outline faint holes, too. In a share
    `unstained` of the crops, red shows no cell, as where few cells have the stain.
    """

    def __init__(
        self,
        paths: list[Path],
        combination: Combination,
        zoom: float = 1.0,
        faint: float = 0.0,
        often: Sequence[str] = (),
        unstained: float = 0.0,
    ) -> None:
        self.combination, self.zoom, self.faint = combination, zoom, faint
        self.unstained = unstained
        self.items = []
        # every kind is seen as often as the others, however many fields it has; those
        # in `often` twice as often
        kinds = np.array([path.name.partition("-")[0] for path in paths])
        names = np.unique(kinds)
        self.by_kind = [np.flatnonzero(kinds == kind) for kind in names]
        shares = np.where(np.isin(names, often), 2.0, 1.0)
        self.shares = shares / shares.sum()
        # green alone is drawn more often in flat fields, which are made for it
        self.lonely = np.where(kinds == "flat", 0.6, 0.3)
        self.sharp = []
        for path, one in zip(paths, kinds, strict=True):
            with np.load(path) as file:
                # flat fields are of both kinds
                settings = json.loads(str(file["settings"]))
                sharp = settings["sharp"] if one == "flat" else one == "sharp"
                self.sharp.append(sharp)
                red, green = (
                    normalise(file[name].astype(np.float32), ROBUST).astype(np.float16)
                    for name in ("red", "green")
                )
                kind = file["kind"]
                labels, target = file["labels"], file["target"]
                if not sharp:
                    target[target == IGNORE_INDEX] = _FAINT
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
    ) -> tuple[np.ndarray, np.ndarray, bool]:
        """One crop: images (channel, y, x), targets (kind and class, y, x), sharp."""
        kind = rng.choice(len(self.by_kind), p=self.shares)
        number = rng.choice(self.by_kind[kind])
        item = self.items[number]
        # declared pixel sizes are wrong by as much
        zoom = self.zoom ** rng.uniform(-1, 1)
        piece = round(side / zoom)
        top, left = (rng.integers(0, max(n - piece, 0) + 1) for n in item[0].shape)
        here = np.s_[top : top + piece, left : left + piece]
        red, green, target, alone, classes = (image[here] for image in item)
        faint = 0 if rng.random() < self.faint else IGNORE_INDEX
        target, alone = (
            np.where(image == _FAINT, faint, image) for image in (target, alone)
        )
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
        lonely = rng.random() < self.lonely[number]
        if not lonely and rng.random() < self.unstained:
            red, target, classes = unstained(green, rng), alone, without_red(classes)
        images = [disturbed(image, rng) for image in (red, green)]
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
        stack, targets = _fit(stack, side, 0.0), _fit(targets, side, IGNORE_INDEX)
        return stack, targets, self.sharp[number]

    def batch(
        self, rng: np.random.Generator, n: int, side: int
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Images, targets, and whether each crop is of a sharp field (n,)."""
        images, targets, sharp = zip(
            *(self.crop(rng, side) for _ in range(n)), strict=True
        )
        return (
            torch.from_numpy(np.stack(images).astype(np.float32)),
            torch.from_numpy(np.stack(targets).astype(np.int64)),
            torch.tensor(sharp),
        )


def unstained(green: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A red channel (y, x) without a cell: haze, texture, noise and some green.

    Parameters
    ----------
    green
        (y, x), normalised.
    rng
        Draws what is in it.
    """
    shape = green.shape[0], green.shape[1]
    size = rng.uniform(0.6, 6)
    haze = rng.uniform(0.02, 0.4) * correlated_field(shape, size, rng)
    noise = rng.uniform(0.01, 0.2) * rng.normal(size=shape)
    passed = rng.uniform(0, 0.4) * green
    image = normalise((1 + haze + noise + passed).astype(np.float32), ROBUST)
    # beyond the crop, stained cells can be the brightest
    return image * np.float32(rng.uniform(0.2, 1))


def without_red(classes: np.ndarray) -> np.ndarray:
    """Classes (y, x) of the same cells where nothing is red."""
    green_alone = np.where(classes == 0, 1, classes)
    return np.where(classes == 2, IGNORE_INDEX, green_alone).astype(np.uint8)


def _fit(image: np.ndarray, side: int, fill: float) -> np.ndarray:
    lack = [(0, 0)] * (image.ndim - 2) + [(0, side - n) for n in image.shape[-2:]]
    return np.ascontiguousarray(np.pad(image, lack, constant_values=fill))
