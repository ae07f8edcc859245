"""How well confidence, energy and contrast tell outlines of no cell from clear cells.

    python -m tools.evaluation.none_of_these --n 4 --out none.csv
    python -m tools.evaluation.none_of_these --read none.csv \
        --card WORK/models/inception_v3 WORK/models/one_pass

Classifies four groups of outlines in simulated fields: those of the default U-Net that
lie on a clear cell (`clear`), on no cell (`no cell`) or on a section too faint to judge
(`faint`), and discs of the size of a soma at places without a cell (`empty`), some of
them on vessels (`vessel`). For each measure it prints the area under the ROC curve of
clear cells against each other group, and which share of the group would be `none` at
the limit that takes 2 % of the clear cells. The limit is set on every other field and
used on the remaining ones, and the other way round. All fields are simulated.
`--card` writes the limit of confidence that a model's card holds.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy import ndimage
from skimage.draw import disk

from napari_cellid.batches import run_batches
from napari_cellid.cells.measure import measure
from napari_cellid.cells.numbering import sum_by_label
from napari_cellid.channels.model_input import plane_image
from napari_cellid.classification.loader import load_classifier
from napari_cellid.classification.preprocess import Patches
from napari_cellid.classification.temperature import apply_temperature
from napari_cellid.classification.upsampling import UpsamplingClassifier
from napari_cellid.config import DeviceConfig, SegmentConfig
from napari_cellid.device import choose_device
from napari_cellid.models.store import load_card
from napari_cellid.progress import run_to_end
from napari_cellid.segmentation.predict import load_segmenter, segment
from napari_cellid.simulation.conditions import KINDS, draw_config
from napari_cellid.simulation.field import simulate
from tools.evaluation.class_scores import match_cells
from tools.training.cards import change_card

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_cellid.recording import MeanPlanes
    from napari_cellid.simulation.field import SimulatedField

SEED = 31_900
FIELD_UM = 420.0
#: outlines on clear cells that are taken of a field, at most
MOST_CLEAR = 40
#: discs of each kind in a field; their diameter, and how far they stay from every cell
#: (µm)
N_DISCS, DISC_UM, FREE_UM = 16, 12.0, 9.0
#: of the light of its surroundings, what a vessel leaves at most
VESSEL_LIGHT = 0.5
CLEAR, OTHERS = "clear", ("no cell", "faint", "empty", "vessel")
#: share of clear cells that a limit takes
LOST = 0.02
#: the same of the limit in a card, which takes fewer: a cell is worse lost than debris
#: kept
LOST_BY_CARD = 0.005
#: measure of the confidence of a model, by its name
CONFIDENCE = {
    "inception_v3": "m_confidence, inception",
    "one_pass": "m_confidence, one-pass",
}
DEVICE = DeviceConfig(device="cpu", precision="fp32")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--n", type=int, default=4, help="fields of each kind")
    parser.add_argument("--kinds", nargs="+", default=list(KINDS))
    parser.add_argument("--inception", default="inception", help="name or folder")
    parser.add_argument("--one-pass", default="one-pass", help="name or folder")
    parser.add_argument("--out", type=Path)
    parser.add_argument("--read", type=Path, nargs="+")
    parser.add_argument("--card", type=Path, nargs="+", default=[], metavar="MODEL")
    options = parser.parse_args()
    if options.read:
        tables = [pd.read_csv(path) for path in options.read]
        rows = pd.concat(tables, ignore_index=True)
    else:
        rows = _measured(options)
    print(rows.groupby(["kind", "group"]).size().unstack(fill_value=0).to_string())
    print(summary(rows).to_string(index=False, float_format="%.3f"))
    for folder in options.card:
        limits = card_limits(rows, load_card(folder).name)
        print(folder.name, limits)
        change_card(folder, limits)


def card_limits(rows: pd.DataFrame, model: str) -> dict[str, float | None]:
    """Limits that the card of a model holds: of confidence, none of contrast.

    In sharp fields most cells that people outline are dark holes without contrast, so
    that a limit of contrast would take them.
    """
    clear = rows[rows["group"] == CLEAR]
    least = float(clear[CONFIDENCE[model]].quantile(LOST_BY_CARD))
    return {"least_confidence": round(least, 3), "least_contrast": None}


def summary(rows: pd.DataFrame) -> pd.DataFrame:
    """For each measure the area under the curve and the share that becomes `none`."""
    lines = []
    sets = [("all", rows), *rows.groupby("kind")]
    for kind, part in sets:
        for name in [c for c in rows if c.startswith("m_")]:
            none = _below_limits(rows, name)[part.index]
            of_group = {g: part["group"] == g for g in (CLEAR, *OTHERS)}
            line: dict[str, Any] = {"kind": kind, "measure": name[2:]}
            line["clear lost"] = none[of_group[CLEAR]].mean()
            clear = part.loc[of_group[CLEAR], name]
            for group in OTHERS:
                line[f"{group} AUC"] = _area(clear, part.loc[of_group[group], name])
                line[f"{group} none"] = none[of_group[group]].mean()
            lines.append(line)
    return pd.DataFrame(lines)


def _below_limits(rows: pd.DataFrame, name: str) -> pd.Series[bool]:
    """Which outlines become `none`, at the limit of the other half of the fields."""
    half, clear = rows["field"] % 2, rows["group"] == CLEAR
    limits = [rows.loc[clear & (half != k), name].quantile(LOST) for k in (0, 1)]
    return rows[name] < half.map(dict(enumerate(limits)))


def _area(clear: pd.Series[float], other: pd.Series[float]) -> float:
    """Probability that a clear cell has the higher value (area under the ROC curve)."""
    if not len(clear) or not len(other):
        return float("nan")
    ranks = pd.concat([clear, other]).rank().to_numpy()[: len(clear)]
    above = ranks.sum() - len(clear) * (len(clear) + 1) / 2
    return float(above / (len(clear) * len(other)))


def _measured(options: argparse.Namespace) -> pd.DataFrame:
    models = _Models(options.inception, options.one_pass)
    tables: list[pd.DataFrame] = []
    for kind in options.kinds:
        for k in range(options.n):
            table = models.measures(_field(kind, k))
            tables.append(table.assign(kind=kind, field=k))
            rows = pd.concat(tables, ignore_index=True)
            if options.out:
                rows.to_csv(options.out, index=False, float_format="%.6g")
    return rows


@dataclass(frozen=True, eq=False)
class _Field:
    """A simulated field of one plane, and its green light (y, x) before noise."""

    field: SimulatedField
    green_light: NDArray[np.float64]

    @property
    def planes(self) -> MeanPlanes:
        return self.field.mean_planes("field")


def _field(kind: Any, k: int) -> _Field:
    rng = np.random.default_rng([SEED, KINDS.index(kind), k])
    config = draw_config(kind, rng, n_planes=1, outlined="visible")
    side = round(FIELD_UM / config.pixel_size_um)
    config = config.model_copy(update={"height": side, "width": side})
    lights: list[NDArray[np.float64]] = []
    field = run_to_end(
        simulate(config, lambda plane, tissue, light, scan: lights.append(light.green))
    )
    return _Field(field, lights[0])


class _Models:
    """The default U-Net and two classifiers."""

    def __init__(self, inception: str, one_pass: str) -> None:
        self.device = choose_device(DEVICE)
        self.segmenter = load_segmenter()
        self.patch: Any = load_classifier(inception)
        self.pixel: Any = load_classifier(one_pass)

    def measures(self, given: _Field) -> pd.DataFrame:
        """Group and measures of each outline of a field."""
        outlines = run_to_end(
            segment(given.planes, self.segmenter, SegmentConfig(), self.device)
        )
        cells = measure(outlines.labels, given.planes)
        cells["group"] = _groups(cells, given.field)
        clear = cells[cells["group"] == CLEAR]
        chosen = clear.sample(min(len(clear), MOST_CLEAR), random_state=0)
        cells = pd.concat([chosen, cells[cells["group"].isin(OTHERS)]])
        table = self._of(given, outlines.labels, outlines.probability, cells)
        discs, kinds = _discs(given)
        empty = measure(discs, given.planes).assign(group=kinds)
        empty = self._of(given, discs, outlines.probability, empty)
        return pd.concat([table, empty], ignore_index=True).dropna()

    def _of(
        self,
        given: _Field,
        labels: NDArray[np.int32],
        probability: NDArray[np.float32],
        cells: pd.DataFrame,
    ) -> pd.DataFrame:
        planes, rows = given.planes, cells["label"].to_numpy() - 1
        patch = self._patch_logits(planes, cells)
        pixel = {k: v[rows] for k, v in self._pixel(planes, labels).items()}
        n = int(labels.max())
        one = apply_temperature(pixel["p"], self.pixel.card.temperature)
        two = _softmax(patch / self.patch.card.temperature)
        contrasts = cells[["red_contrast", "green_contrast"]].to_numpy(float)
        area = sum_by_label(labels, n + 1)[1:][rows]
        inside = sum_by_label(labels, n + 1, probability)[1:][rows]
        values = {
            "confidence, inception": two.max(1),
            "confidence, one-pass": one.max(1),
            "confidence, both": ((one + two) / 2).max(1),
            "energy, inception": np.log(np.exp(patch).sum(1)),
            "energy, one-pass": pixel["energy"],
            "contrast": contrasts.max(1),
            "contrast, red": contrasts[:, 0],
            "contrast, green": contrasts[:, 1],
            "contrast, either way": np.abs(contrasts).max(1),
            "cell, U-Net": inside / np.maximum(area, 1),
            "cell, one-pass": pixel["cell"],
        }
        about = {"group": cells["group"].to_numpy(), "area": cells["area_um2"]}
        measures = {f"m_{name}": value for name, value in values.items()}
        return pd.DataFrame(about | measures)

    def _patch_logits(
        self, planes: MeanPlanes, cells: pd.DataFrame
    ) -> NDArray[np.float64]:
        import torch

        if not len(cells):
            return np.zeros((0, 3))
        model = self.patch
        patches = Patches(planes, cells, model.card)
        net = UpsamplingClassifier(model.net, model.card.input_size, model.config)
        step = run_batches(
            net,
            lambda start, stop: torch.from_numpy(patches.cut(start, stop)),
            len(cells),
            self.device,
            "Classifying cells",
            16,
        )
        return torch.cat(run_to_end(step)).double().numpy()

    def _pixel(
        self, planes: MeanPlanes, labels: NDArray[np.int32]
    ) -> dict[str, NDArray[Any]]:
        """Means over each outline: class probabilities, energy, and cell or not."""
        import torch

        model = self.pixel
        image = plane_image(planes, 0, model.card)
        margin = [(0, -n % 16) for n in image.shape[1:]]
        padded = np.pad(image, [(0, 0), *margin], "reflect")
        with torch.inference_mode():
            out = model.net(torch.from_numpy(padded)[None])[0]
        out = out[:, : image.shape[1], : image.shape[2]]
        n = model.net.config.out_channels
        maps = torch.cat(
            [
                out[n:].softmax(0),
                out[n:].logsumexp(0, keepdim=True),
                1 - out[:n].softmax(0)[:1],
            ]
        ).numpy()
        maps = model.to_recording_scale(maps, planes)
        size = int(labels.max()) + 1
        area = np.maximum(sum_by_label(labels[0], size)[1:], 1)
        means = np.stack([sum_by_label(labels[0], size, m)[1:] / area for m in maps], 1)
        return {"p": means[:, :-2], "energy": means[:, -2], "cell": means[:, -1]}


def _softmax(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    powers = np.exp(logits - logits.max(1, keepdims=True, initial=-np.inf))
    return np.asarray(powers / powers.sum(1, keepdims=True))


def _groups(cells: pd.DataFrame, field: SimulatedField) -> list[str | None]:
    """Group of each outline; None on a cell whose colours do not show its class."""
    found, true = match_cells(cells, field.cells, field.config.pixel_size_um)
    group: list[str | None] = ["no cell"] * len(cells)
    places = cells[["y", "x"]].round().to_numpy(int)
    for k, (y, x) in enumerate(places):
        if field.unsure[0, y, x]:
            group[k] = "faint"
        elif field.labels[0, y, x]:
            # a piece of a cell, or two cells in one outline
            group[k] = None
    ambiguous = field.cells["ambiguous"].to_numpy(bool)
    for k, cell in zip(found, true, strict=True):
        group[k] = None if ambiguous[cell] else CLEAR
    return group


def _discs(given: _Field) -> tuple[NDArray[np.int32], list[str]]:
    """Discs (plane, y, x) at places without a cell, and whether each is on a vessel."""
    field, pixel = given.field, given.field.config.pixel_size_um
    taken = (field.labels[0] > 0) | field.unsure[0]
    smooth = ndimage.gaussian_filter(given.green_light, 2 / pixel)
    around = ndimage.gaussian_filter(given.green_light, 40 / pixel)
    on_vessel = smooth < VESSEL_LIGHT * around
    rng = np.random.default_rng([SEED, field.config.seed])
    labels, kinds = np.zeros(field.labels.shape, np.int32), []
    for kind, where in (("vessel", on_vessel), ("empty", ~on_vessel)):
        for _ in range(N_DISCS):
            away = ndimage.distance_transform_edt(~taken) * pixel
            y, x = np.nonzero((away > FREE_UM) & where)
            if not len(y):
                break
            k = int(rng.integers(len(y)))
            kinds.append(kind)
            shape = disk((y[k], x[k]), DISC_UM / 2 / pixel, shape=taken.shape)
            labels[0][shape] = len(kinds)
            taken[shape] = True
    return labels, kinds


if __name__ == "__main__":
    main()
