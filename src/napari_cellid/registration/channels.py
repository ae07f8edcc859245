"""The shift, or the affine transform, by which red lies on green."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import ndimage, optimize

from napari_cellid.registration.block_correlation import BlockCorrelations
from napari_cellid.registration.structure import structure_maps

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_cellid.config.registration import TransformKind

#: largest shift that is looked for, in µm
MAX_SHIFT_UM = 40.0
#: largest part of a field that a shift may be, so that enough of it is left to compare
_LARGEST_PART = 0.2
#: scales along y and along x that are tried before the refinement
_SCALES = tuple(np.linspace(0.94, 1.06, 7).tolist())
#: peaks of the agreement within this distance (µm) of the best one belong to it
_PEAK_UM = 8.0
#: distance (px) that a refinement looks around the last estimate, and refinements
_NEAR_PX, _REFINEMENTS = 5, 3


@dataclass(frozen=True, eq=False)
class ChannelTransform:
    """Where red lies: what green has at (y, x), red has at `matrix @ (y, x, 1)`.

    Parameters
    ----------
    matrix
        (2, 3), in px.
    agreement
        Agreement of the structures at this transform: the sum of the squared
        correlations of all pairs of maps.
    chance
        The best agreement at another place, which chance explains.
    before
        The agreement without any transform.
    """

    matrix: NDArray[np.float64]
    agreement: float
    chance: float
    before: float

    def displacement(self, shape: tuple[int, int]) -> NDArray[np.float64]:
        """Displacement (y, x) in px of the middle of a field of a shape (y, x)."""
        middle = _middle(shape)
        return np.asarray(self.matrix @ [*middle, 1] - middle)


def find_channel_transform(
    red: NDArray[np.float32],
    green: NDArray[np.float32],
    pixel_size_um: float,
    kind: TransformKind = "shift",
) -> ChannelTransform:
    """Find where red lies, compared with green.

    Parameters
    ----------
    red, green
        (plane, y, x). All planes have one transform.
    pixel_size_um
        Edge of a pixel in µm.
    kind
        What is found: a shift; a shift and a scale; or also rotation and shear, and
        one scale along y and another along x.
    """
    fixed, moving = (structure_maps(image, pixel_size_um) for image in (green, red))
    shape = fixed.shape[2:]
    reach = min(round(MAX_SHIFT_UM / pixel_size_um), int(min(shape) * _LARGEST_PART))
    blocks = BlockCorrelations.of(fixed, moving, reach)
    best, chance, matrix = -1.0, 0.0, np.eye(2, 3)
    for linear in _linear_parts(kind):
        agreement = blocks.agreement(linear)
        peak = np.array(np.unravel_index(agreement.argmax(), agreement.shape))
        if agreement[tuple(peak)] > best:
            best = float(agreement[tuple(peak)])
            chance = _best_elsewhere(agreement, peak, round(_PEAK_UM / pixel_size_um))
            matrix = _about_middle(linear, peak - reach, shape)
    unmoved = float(blocks.agreement(np.eye(2))[reach, reach])
    if best <= 0:
        # one of the images is the same everywhere
        return ChannelTransform(np.eye(2, 3), 0.0, 0.0, 0.0)
    for _ in range(_REFINEMENTS):
        matrix = _refine(fixed, moving, matrix, kind)
    return ChannelTransform(matrix, best, chance, unmoved)


def _linear_parts(kind: TransformKind) -> list[NDArray[np.float64]]:
    """Linear parts that are tried before the refinement."""
    if kind == "shift":
        return [np.eye(2)]
    if kind == "scale":
        return [np.eye(2) * scale for scale in _SCALES]
    return [np.diag([y, x]) for y in _SCALES for x in _SCALES]


def warp(
    image: NDArray[np.float32], matrix: NDArray[np.float64]
) -> NDArray[np.float32]:
    """Bring red (plane, y, x) onto green; beyond its edges the edge goes on."""
    return _moved(image, matrix, mode="nearest")


def _best_elsewhere(
    agreement: NDArray[np.float64], peak: NDArray[np.intp], distance: int
) -> float:
    y, x = np.ogrid[: agreement.shape[0], : agreement.shape[1]]
    away = np.hypot(y - peak[0], x - peak[1]) > distance
    return float(agreement[away].max(initial=0))


def _about_middle(
    linear: NDArray[np.float64], shift: NDArray[Any], shape: tuple[int, ...]
) -> NDArray[np.float64]:
    middle = _middle(shape)
    return np.column_stack([linear, middle + shift - linear @ middle])


def _middle(shape: tuple[int, ...]) -> NDArray[np.float64]:
    return (np.asarray(shape, float) - 1) / 2


def _refine(
    fixed: NDArray[np.float32],
    moving: NDArray[np.float32],
    matrix: NDArray[np.float64],
    kind: TransformKind,
) -> NDArray[np.float64]:
    """Maximise the agreement to a part of a pixel, near an estimate."""
    shape = fixed.shape[2:]
    moved = np.stack([_moved(planes, matrix) for planes in moving])
    blocks = BlockCorrelations.of(fixed, moved, _NEAR_PX)
    surfaces = blocks.paired_surfaces()
    number = np.arange(len(surfaces))
    half = float(_middle(shape).mean())
    places = (blocks.middles - _middle(shape)) / half

    def loss(step: NDArray[np.float64]) -> float:
        shifts = step[:2] + places @ _linear_step(step[2:]).T
        at = np.clip(shifts + _NEAR_PX, 0, 2 * _NEAR_PX)
        inside = ndimage.map_coordinates(
            surfaces, [number, *at.T], order=3, prefilter=False, mode="nearest"
        )
        return -float(inside.sum())

    n = {"shift": 2, "scale": 3, "affine": 6}[kind]
    limits = [(-float(_NEAR_PX), float(_NEAR_PX))] * n
    # Powell needs no derivatives, and numbers of one size, here px at the edge
    step = optimize.minimize(
        loss, np.zeros(n), method="Powell", bounds=limits,
        options={"xtol": 1e-3, "ftol": 1e-7},
    ).x  # fmt: skip
    linear = np.eye(2) + _linear_step(step[2:]) / half
    # first the step within the frame of green, then the transform before
    there = _about_middle(linear, step[:2], shape)
    return np.asarray(matrix @ np.vstack([there, [0, 0, 1]]))


def _linear_step(numbers: NDArray[np.float64]) -> NDArray[np.float64]:
    """The linear part (2, 2) of a step: none, a scale, or four numbers."""
    if len(numbers) < 2:
        return np.eye(2) * (numbers[0] if len(numbers) else 0.0)
    return np.asarray(numbers.reshape(2, 2))


def _moved(
    planes: NDArray[np.float32], matrix: NDArray[np.float64], mode: str = "constant"
) -> NDArray[np.float32]:
    return np.stack(
        [
            ndimage.affine_transform(
                plane, matrix[:, :2], matrix[:, 2], order=3, mode=mode
            )
            for plane in planes
        ]
    )
