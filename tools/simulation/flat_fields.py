"""Simulate flat fields to train on: discs and rings on a textured plane, no tissue.

    python -m tools.simulation.flat_fields --out WORK/fields --n 300 --seed 1

Unlike the simulator of the package there is no depth: a field is drawn in the plane, so
that what it holds can be set at once. Rings lie around the level of the neuropil, above
or below it; nuclei are darker. Bright specks (dendrites), vessels, capillaries, glow of
cells beside the plane and light that varies ten-fold are added. What people would see
is measured in the picture: in a sharp field a disc, rim or nucleus that differs from
its surroundings; in a blurred one something brighter than these. Fainter cells are left
out. The files are those of `simulated_set.py`, at its pixel size.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import dataclass
from functools import partial
from multiprocessing import Pool
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage
from tqdm import tqdm

from napari_cellid.segmentation.targets import pixel_targets
from napari_cellid.simulation.tissue import (
    EXCITATORY,
    GLIA,
    INHIBITORY,
    correlated_field,
)
from tools.simulation.simulated_set import at_half

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Image = NDArray[np.float64]
    Box = tuple[slice, slice]

SIDE = 320  # px
#: radius of somata (px of 1.17 µm)
_RADIUS = (3.2, 8.5)
#: room between middles, in radii
_APART = 1.75


@dataclass(frozen=True)
class Soma:
    """A cell: its middle and radii in px, its colours as shares of the neuropil."""

    y: float
    x: float
    radius: float
    nucleus: float
    ring: float
    dark: float
    filled: bool
    red: bool


class Plane:
    """An image of a plane, neuropil 1, and what is drawn into it."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.rng, self.image = rng, np.ones((SIDE, SIDE))

    def blob(
        self, y: float, x: float, radius: float, soft: float, oval: float = 0.15
    ) -> tuple[Box, Image]:
        """An uneven disc, 1 inside and 0 outside, within a box round it."""
        rng = self.rng
        box, down, right = _near(y, x, 1.6 * radius + 6 * soft)
        turn, stretch = rng.uniform(0, np.pi), 1 + rng.uniform(-oval, oval)
        along = right * np.cos(turn) + down * np.sin(turn)
        across = down * np.cos(turn) - right * np.sin(turn)
        angle = np.arctan2(across, along)
        waves = [
            rng.normal(0, 0.08) * np.cos(n * angle + rng.uniform(0, 2 * np.pi))
            for n in (2, 3)
        ]
        edge = radius * (1 + sum(waves))
        away = (np.hypot(along * stretch, across / stretch) - edge) / soft
        return box, 1 / (1 + np.exp(np.clip(away, -30, 30)))

    def darken(self, radius: float, by: float) -> None:
        """Draw a vessel that crosses the plane, anywhere."""
        soft = self.rng.uniform(0.4, 1.6)
        box, shape = self.blob(*self.anywhere(), radius, soft, oval=0.45)
        self.image[box] *= 1 - by * shape

    def glow(self, sd: float, height: float) -> None:
        """Draw light that falls off like a Gaussian, anywhere."""
        box, down, right = _near(*self.anywhere(), 4 * sd)
        self.image[box] += height * np.exp(-(down**2 + right**2) / (2 * sd**2))

    def anywhere(self) -> tuple[float, float]:
        y, x = self.rng.uniform(0, SIDE, 2).tolist()
        return y, x


def _near(y: float, x: float, reach: float) -> tuple[Box, Image, Image]:
    """The box within reach (px) of a place; how far down and right its pixels lie."""
    (top, bottom), (left, right) = (
        (max(int(c - reach), 0), min(int(c + reach) + 2, SIDE)) for c in (y, x)
    )
    rows, columns = np.mgrid[top : max(bottom, top), left : max(right, left)]
    return np.s_[top:bottom, left:right], rows - y, columns - x


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--n", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    work = partial(write_field, folder=options.out, seed=options.seed)
    with Pool(options.workers) as pool:
        for _ in tqdm(pool.imap_unordered(work, range(options.n)), total=options.n):
            pass


def write_field(number: int, folder: Path, seed: int) -> None:
    """Simulate a field and write it, unless it is there already."""
    path = folder / f"flat-{seed}-{number:04d}.npz"
    if path.exists():
        return
    rng = np.random.default_rng([seed, number])
    sharp = bool(rng.random() < 0.55)
    settings = json.dumps({"seed": [seed, number], "sharp": sharp})
    with path.with_suffix(".part").open("wb") as file:
        np.savez_compressed(file, settings=settings, **flat_field(rng, sharp))
    path.with_suffix(".part").replace(path)


def flat_field(rng: np.random.Generator, sharp: bool) -> dict[str, NDArray[np.generic]]:
    """Images, outlines, targets and cells, as `simulated_set` writes them.

    Parameters
    ----------
    rng
        Draws everything.
    sharp
        Whether rims can be told from nuclei and neuropil.
    """
    radius = rng.uniform(*_RADIUS)
    green = _neuropil(rng, sharp, radius)
    somata = _draw_somata(green, sharp, radius)
    for _ in range(rng.poisson(0.35 * len(somata))):
        green.glow(radius * rng.uniform(0.9, 1.7), rng.lognormal(-1.3, 0.5))
    most = min(2.4, 0.35 * radius)
    focus = rng.uniform(0.3, 0.9) if sharp else rng.uniform(0.8, max(most, 1.2))
    seen = ndimage.gaussian_filter(np.maximum(green.image, 0.02), focus)
    level, spread = _surroundings(seen, somata, radius)
    grades = [_grade(seen, level, spread, soma, sharp) for soma in somata]
    red = _red(rng, somata, green.image)
    red = ndimage.gaussian_filter(np.maximum(red, 0.02), focus)
    return {
        "red": at_half(_photographed(rng, red, sharp)),
        "green": at_half(_photographed(rng, seen, sharp)),
        **_truth(somata, grades),
    }


def _neuropil(rng: np.random.Generator, sharp: bool, radius: float) -> Plane:
    """Texture, specks, vessels and capillaries."""
    plane = Plane(rng)
    shape, fine = plane.image.shape, 1.0 if sharp else 0.4
    for sds, heights in (((0.6, 1.2), (0.05, 0.25)), ((2, 6), (0.03, 0.18))):
        height = fine * rng.uniform(*heights)
        plane.image += height * correlated_field(shape, rng.uniform(*sds), rng)
        fine = 1.0
    parts = SIDE**2 / 96**2
    for _ in range(rng.poisson(parts * rng.uniform(3, 60))):
        plane.glow(rng.uniform(0.6, 1.4), rng.lognormal(-0.7, 0.6))
    for _ in range(rng.poisson(0.4 * parts)):
        plane.darken(rng.uniform(5, 18), rng.uniform(0.3, 0.9))
    often = (0.0, 1.0, 3.0) if sharp else (0.0, 3.0, 9.0, 16.0)
    for _ in range(rng.poisson(rng.choice(often) * parts / 1.8)):
        plane.darken(rng.uniform(0.35, 0.95) * radius, rng.uniform(0.15, 0.8))
    if rng.random() < 0.5:
        _draw_long_vessel(plane)
    return plane


def _draw_long_vessel(plane: Plane) -> None:
    rng, turn = plane.rng, plane.rng.uniform(0, np.pi)
    (y, x), width = plane.anywhere(), plane.rng.uniform(2, 7)
    rows, columns = np.mgrid[:SIDE, :SIDE]
    away = np.abs((columns - x) * np.sin(turn) + (rows - y) * np.cos(turn))
    inside = 1 / (1 + np.exp(np.clip(away - width, -30, 30)))
    plane.image *= 1 - rng.uniform(0.2, 0.7) * inside


def _draw_somata(plane: Plane, sharp: bool, radius: float) -> list[Soma]:
    """Draw cells into green; none lies on another."""
    rng = plane.rng
    filled = rng.beta(0.5, 2.0) if sharp else rng.beta(0.8, 1.0)
    level = rng.uniform(0, 0.45)
    spread = rng.uniform(0.25, 0.6) if sharp else rng.uniform(0.35, 0.9)
    stained, glia = rng.random(), rng.beta(0.5, 3.0)
    somata: list[Soma] = []
    density = SIDE**2 / 128**2 * rng.uniform(10, 130) * (5 / radius) ** 2
    for _ in range(rng.poisson(density)):
        y, x = rng.uniform(-3, SIDE + 3, 2).tolist()
        if any(np.hypot(y - o.y, x - o.x) < _APART * radius for o in somata):
            continue
        own = radius * max(rng.normal(1, 0.1), 0.7)
        only_red = rng.random() < glia
        soma = Soma(
            y=y,
            x=x,
            radius=0.8 * own if only_red else own,
            nucleus=own * rng.uniform(0.5, 0.78),
            ring=0.0 if only_red else float(np.exp(rng.normal(level, spread))),
            dark=rng.uniform(0.25, 0.95) if sharp else rng.uniform(0.6, 1.0),
            filled=bool(rng.random() < filled),
            red=bool(only_red or rng.random() < stained),
        )
        somata.append(soma)
        if soma.ring:
            _draw_soma(plane, soma, sharp)
    return somata


def _draw_soma(plane: Plane, soma: Soma, sharp: bool) -> None:
    rng = plane.rng
    soft = 0.35 if sharp else rng.uniform(0.4, 1.2)
    box, body = plane.blob(soma.y, soma.x, soma.radius, soft)
    inside = np.full(body.shape, soma.ring * rng.uniform(1.0, 1.3))
    if not soma.filled:
        moved = np.hypot(*_near(soma.y, soma.x, 1.6 * soma.radius + 6 * soft)[1:])
        core = 1 / (1 + np.exp(np.clip((moved - soma.nucleus) / soft, -30, 30)))
        inside = (1 - core) * soma.ring + core * soma.dark * min(1.0, soma.ring)
    grain = 1 + 0.07 * rng.normal(size=body.shape)
    plane.image[box] = plane.image[box] * (1 - body) + body * inside * grain


def _surroundings(
    seen: Image, somata: list[Soma], radius: float
) -> tuple[Image, float]:
    """Level of the neuropil (y, x), and the SD of what is not a soma about it."""
    free = np.ones(seen.shape, bool)
    for soma in somata:
        box, down, right = _near(soma.y, soma.x, 1.2 * soma.radius)
        free[box] &= np.hypot(down, right) >= 1.1 * soma.radius
    weight = ndimage.gaussian_filter(free.astype(float), 1.5 * radius) + 1e-3
    level = ndimage.gaussian_filter(seen * free, 1.5 * radius) / weight
    rest = (seen - level)[free]
    return level, float(rest.std()) if rest.size > 50 else 0.1


def _grade(seen: Image, level: Image, spread: float, soma: Soma, sharp: bool) -> int:
    """0 not seen, 1 perhaps, 2 what a person would outline in green."""
    box, down, right = _near(soma.y, soma.x, soma.radius)
    away, image = np.hypot(down, right), seen[box]
    disc = away < soma.radius
    rim, core = disc & (away > 0.95 * soma.nucleus), away < 0.7 * soma.nucleus
    if not soma.ring:
        return 0
    if rim.sum() < 5 or core.sum() < 3 or disc.sum() < 1.2 * soma.radius**2:
        return 1
    beside = float(level[box][disc].mean())
    of_rim, of_disc = image[rim].mean() - beside, image[disc].mean() - beside
    hole = image[rim].mean() - image[core].mean()
    sd = max(spread, 0.04 * beside)
    up = max(of_rim, of_disc)
    if not sharp:
        if up / sd > 0.7 and up / beside > 0.06:
            return 2
        return int(up / sd > 0.35)
    score = max(of_rim, of_disc, 0.8 * hole) / sd
    share = max(abs(of_disc), abs(of_rim), hole) / beside
    if score > 0.9 and share > 0.12:
        return 2
    return int(score > 0.45 or share > 0.08)


def _red(rng: np.random.Generator, somata: list[Soma], green: Image) -> Image:
    """The red image before the optics: stains, haze, texture, bleed-through."""
    plane = Plane(rng)
    plane.image *= rng.uniform(0.2, 1.5)
    texture = correlated_field(green.shape, rng.uniform(0.8, 5), rng)
    plane.image *= np.exp(rng.uniform(0.02, 0.2) * texture)
    nuclear = rng.random() < 0.6
    for soma in somata:
        if not soma.red:
            continue
        size = soma.nucleus if nuclear and soma.ring else soma.radius
        box, body = plane.blob(soma.y, soma.x, size, rng.uniform(0.35, 1.0))
        plane.image[box] += body * plane.image.mean() * rng.lognormal(0.9, 0.5)
    for _ in range(rng.poisson(0.2 * len(somata))):
        plane.glow(rng.uniform(5, 14), plane.image.mean() * rng.lognormal(-1, 0.5))
    if rng.random() < 0.4:
        plane.image += rng.uniform(0, 0.2) * plane.image.mean() * (green - 1)
    return plane.image


def _photographed(rng: np.random.Generator, image: Image, sharp: bool) -> Image:
    """Uneven light, photons, and what programs do to an image."""
    if rng.random() < 0.7:
        uneven = correlated_field(image.shape, rng.uniform(15, 50), rng)
        light = np.exp(rng.uniform(0.1, 1.0) * uneven)
        image = image * np.clip(light / light.max(), 0.03, 1)
    photons = 10 ** rng.uniform(1.3, 4)
    image = rng.poisson(image * photons) / photons
    if not sharp and rng.random() < 0.5:
        image = ndimage.gaussian_filter(image, rng.uniform(0.3, 0.8))
    if rng.random() < 0.25:
        ends = rng.uniform(0, 5), rng.uniform(97, 100)
        low, high = np.percentile(image, ends)
        share = np.clip((image - low) / max(high - low, 1e-6), 0, 1)
        image = np.round(255 * share)
    return image.astype(np.float32)


def _kind(red: bool, grade: int) -> int:
    """Excitatory, inhibitory or glia, as numbers in `tissue.CLASSES`."""
    return INHIBITORY if not red else (EXCITATORY if grade else GLIA)


def _truth(somata: list[Soma], grades: list[int]) -> dict[str, NDArray[np.generic]]:
    labels = np.zeros((SIDE, SIDE), np.int32)
    unsure = np.zeros(labels.shape, bool)
    rows = []
    for soma, grade in zip(somata, grades, strict=True):
        box, down, right = _near(soma.y, soma.x, soma.radius)
        disc = np.hypot(down, right) < soma.radius
        if grade < 2 and not soma.red:
            unsure[box] |= disc & (grade == 1)
        elif disc.any():
            rows.append((soma.y, soma.x, _kind(soma.red, grade), grade == 1))
            labels[box][disc] = len(rows)
    table = np.array(rows, float).reshape(-1, 4)
    return {
        "labels": labels,
        "target": pixel_targets(labels, unsure),
        "place": table[:, :2].astype(np.float32),
        "kind": table[:, 2].astype(np.int8),
        "ambiguous": table[:, 3].astype(bool),
    }


if __name__ == "__main__":
    main()
