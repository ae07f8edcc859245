"""The template of a movie, in which its frames are found."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import fft, ndimage

from napari_cellid.progress import Progress

if TYPE_CHECKING:
    from collections.abc import Mapping

    import dask.array as da
    from numpy.typing import NDArray

    from napari_cellid.progress import Step

#: largest shift of a frame that is looked for (µm), and its part of a side
_MAX_SHIFT_UM, _LARGEST_PART = 30.0, 0.2
#: SDs (µm) between which structures count: noise is finer, changes of light are coarser
_FINE_UM, _COARSE_UM = 1.0, 15.0
#: frames of a sample, and the bytes that it may have
_SAMPLE, _SAMPLE_BYTES = 120, 128 << 20
#: how often the template is made anew from the frames that were found in the last one
_ROUNDS = 4
#: pixels at the edges of what two images both show that do not count, and over which
#: the weight rises
_EDGE_PX, _RAMP_PX = 2, 6
#: rows and columns below which an overlap tells nothing
_LEAST_OVERLAP = 16
#: agreements within this distance (px) of the best one belong to it
_PEAK_PX = 6
#: a shift is believed whose agreement is this many times the best one elsewhere, and
#: this many SDs of noise
_LEAST_LEAD, _LEAST_NOISES = 1.1, 6.0


class MatchedTemplate:
    """Finds a frame (y, x) in the mean images of some channels.

    Parameters
    ----------
    means
        Image (y, x) of each channel.
    noise
        Variance of a pixel of a frame of each channel.
    pixel_size_um
        Edge of a pixel in µm.
    """

    def __init__(
        self,
        means: Mapping[str, NDArray[np.float32]],
        noise: Mapping[str, float],
        pixel_size_um: float,
    ) -> None:
        self._shape = next(iter(means.values())).shape
        room = int(min(self._shape) * _LARGEST_PART)
        self._reach = max(1, min(round(_MAX_SHIFT_UM / pixel_size_um), room))
        self._size = [fft.next_fast_len(n, real=True) for n in self._shape]
        # each channel by its noise, as is best where noise is the same everywhere
        self._structures = {
            name: _structures(mean, pixel_size_um) / np.float32(noise[name])
            for name, mean in means.items()
        }
        # twice as much is cut off at the edges as a frame can be shifted, so that the
        # template is compared whole at every shift
        window = np.outer(*(_window(n, self._reach, self._reach) for n in self._shape))
        weighted = {
            name: _windowed(image, window) for name, image in self._structures.items()
        }
        #: SD of the agreement with a frame of noise alone
        self._noise = float(
            np.sqrt(sum((w**2).sum() * noise[name] for name, w in weighted.items()))
        )
        self._spectra = {
            name: np.conj(fft.rfft2(image, self._size))
            for name, image in weighted.items()
        }

    def locate(
        self, images: Mapping[str, NDArray[Any]]
    ) -> tuple[NDArray[np.float64], float]:
        """Find a frame.

        Parameters
        ----------
        images
            The frame (y, x) in each channel.

        Returns
        -------
        The shift (y, x) in px, and how far the best agreement exceeds what chance
        gives: above 1 the shift can be believed.
        """
        filled = {name: _filled(image) for name, image in images.items()}
        spectrum = sum(
            fft.rfft2(filled[name], self._size) * template
            for name, template in self._spectra.items()
        )
        agreement = fft.irfft2(spectrum, self._size)
        steps = np.arange(-self._reach, self._reach + 1)
        near = agreement[np.ix_(steps, steps)]
        peak = np.array(np.unravel_index(near.argmax(), near.shape))
        y, x = np.ogrid[: near.shape[0], : near.shape[1]]
        away = np.hypot(y - peak[0], x - peak[1]) > _PEAK_PX
        top, other = float(near[tuple(peak)]), float(near[away].max(initial=0))
        by_chance = max(_LEAST_LEAD * other, _LEAST_NOISES * self._noise, 1e-30)
        shift = peak - self._reach
        return shift + self._part_of_pixel(filled, shift), top / by_chance

    def _part_of_pixel(
        self, images: Mapping[str, NDArray[np.float32]], shift: NDArray[np.intp]
    ) -> NDArray[np.float64]:
        """How far from a whole shift (y, x) the best agreement lies, in px.

        Everything that the template and the frame both show is compared. That is twice
        what can be compared at all shifts, in a frame of 256 x 256 px.
        """
        overlap, window = [], []
        for n, step in zip(self._shape, shift.tolist(), strict=True):
            here = slice(_EDGE_PX + max(-step, 0), n - _EDGE_PX - max(step, 0))
            if here.stop - here.start < _LEAST_OVERLAP:
                return np.zeros(2)
            overlap.append(here)
            window.append(_window(here.stop - here.start, 0, _RAMP_PX))
        weight = np.outer(*window).astype(np.float32)
        scores = np.zeros((3, 3))
        for name, structures in self._structures.items():
            template = _windowed(structures[tuple(overlap)], weight).ravel()
            image = images[name] - images[name].mean()
            for y, x in np.ndindex(3, 3):
                rows, columns = (
                    slice(part.start + step, part.stop + step)
                    for part, step in zip(
                        overlap,
                        (shift + np.array([y - 1, x - 1])).tolist(),
                        strict=True,
                    )
                )
                scores[y, x] += template @ image[rows, columns].ravel()
        return _paraboloid_peak(scores)


def make_template(
    channels: dict[str, da.Array], pixel_size_um: float
) -> Step[list[MatchedTemplate]]:
    """Make the template of each plane from a sample of the frames of a movie."""
    first = next(iter(channels.values()))
    n_times, n_planes = first.shape[:2]
    image_bytes = 4 * len(channels) * int(np.prod(first.shape[2:], dtype=np.int64))
    n = int(np.clip(_SAMPLE_BYTES // image_bytes, 5, _SAMPLE))
    times = np.unique(np.linspace(0, n_times - 1, min(n, n_times)).astype(int))
    templates = []
    for plane in range(n_planes):
        # one plane after the other, so that the sample of one alone needs memory
        sample: dict[str, list[NDArray[np.float32]]] = {name: [] for name in channels}
        for k, time in enumerate(times.tolist()):
            yield Progress("Sampling frames", plane * len(times) + k,
                           n_planes * len(times))  # fmt: skip
            for name, array in channels.items():
                frame = array[time, plane].compute(scheduler="synchronous")
                sample[name].append(np.asarray(frame, np.float32))
        stacks = {name: np.stack(frames) for name, frames in sample.items()}
        templates.append((yield from _of_sample(stacks, pixel_size_um)))
    return templates


def _of_sample(
    stacks: dict[str, NDArray[np.float32]], pixel_size_um: float
) -> Step[MatchedTemplate]:
    """Find the frames in one of them, then in their mean, a few times."""
    noise = {name: _noise(stack) for name, stack in stacks.items()}
    n = len(next(iter(stacks.values())))
    means = {name: stack[n // 2] for name, stack in stacks.items()}
    for _ in range(_ROUNDS):
        yield Progress("Making the template")
        template = MatchedTemplate(means, noise, pixel_size_um)
        found = [
            template.locate({name: stack[k] for name, stack in stacks.items()})
            for k in range(n)
        ]
        shifts = np.array([shift for shift, _ in found])
        # the frames of the middle decide where the template lies
        shifts -= np.median(shifts, axis=0)
        means = {name: _mean_at(stack, shifts) for name, stack in stacks.items()}
    return MatchedTemplate(means, noise, pixel_size_um)


def _mean_at(
    stack: NDArray[np.float32], shifts: NDArray[np.float64]
) -> NDArray[np.float32]:
    total = np.zeros(stack.shape[1:])
    for frame, shift in zip(stack, shifts, strict=True):
        total += ndimage.shift(_filled(frame), -shift, order=1, mode="nearest")
    return (total / len(stack)).astype(np.float32)


def _noise(stack: NDArray[np.float32]) -> float:
    """Mean variance of a pixel: half of that between frames that follow one another."""
    if len(stack) < 2:
        return 1.0
    steps = [_filled(b) - _filled(a) for a, b in pairwise(stack)]
    return max(float(np.mean([step.var() for step in steps])) / 2, 1e-12)


def _filled(image: NDArray[Any]) -> NDArray[np.float32]:
    image = np.asarray(image, np.float32)
    finite = np.isfinite(image)
    if finite.all():
        return image
    usual = float(np.median(image[finite])) if finite.any() else 0.0
    return np.where(finite, image, np.float32(usual))


def _structures(mean: NDArray[np.float32], pixel_size_um: float) -> NDArray[np.float32]:
    fine, coarse = _FINE_UM / pixel_size_um, _COARSE_UM / pixel_size_um
    image = _filled(mean)
    band = ndimage.gaussian_filter(image, fine) - ndimage.gaussian_filter(image, coarse)
    return np.asarray(band)


def _windowed(
    image: NDArray[np.float32], window: NDArray[np.floating]
) -> NDArray[np.float32]:
    """Weight an image so that nothing of the mean of a frame counts."""
    weighted = image * window
    weighted -= window * (weighted.sum() / window.sum())
    return np.asarray(weighted, np.float32)


def _window(n: int, edge: int, ramp: int) -> NDArray[np.float64]:
    """0 within `edge` px of the ends, 1 farther inside, smooth over `ramp` px."""
    place = np.arange(n)
    from_edge = np.minimum(place, place[::-1]) + 1
    part = np.clip((from_edge - edge) / ramp, 0, 1)
    return np.asarray(np.sin(part * np.pi / 2) ** 2)


def _paraboloid_peak(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """Where the paraboloid through 3 x 3 scores is highest (y, x), from the middle."""
    y, x = (place.ravel() - 1.0 for place in np.mgrid[:3, :3])
    terms = np.stack([np.ones(9), y, x, y * y, x * x, y * x], axis=1)
    _, slope_y, slope_x, yy, xx, yx = np.linalg.lstsq(terms, scores.ravel())[0]
    curvature = np.array([[2 * yy, yx], [yx, 2 * xx]])
    if not (np.linalg.eigvalsh(curvature) < 0).all():
        return np.zeros(2)
    peak = -np.linalg.solve(curvature, [slope_y, slope_x])
    return np.asarray(np.clip(peak, -1, 1))
