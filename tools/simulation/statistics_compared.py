"""Statistics of simulated and recorded fields beside one another.

Used by `simulated_beside_real.py`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import stats

#: one laboratory, and the kinds that the default models learn from
KINDS = ("nominal", "wide", "broad", "sharp")
#: those of the training
TRAINED_ON = KINDS[1:]
#: percentiles between which a recorded value counts as inside
INSIDE = (5, 95)
#: of each statistic: what it is and how it is written
TITLES: dict[str, tuple[str, str]] = {
    "green.slope": ("spectrum: slope, 0.03–0.2 /µm", ".2f"),
    "green.power_0.02": ("spectrum: log10 power at 0.02 /µm", ".2f"),
    "green.power_0.05": ("spectrum: log10 power at 0.05 /µm", ".2f"),
    "green.power_0.1": ("spectrum: log10 power at 0.1 /µm", ".2f"),
    "green.power_0.2": ("spectrum: log10 power at 0.2 /µm", ".2f"),
    "green.power_0.4": ("spectrum: log10 power at 0.4 /µm", ".2f"),
    "green.coarse": ("variance in periods above 40 µm", ".2f"),
    "green.field_wide": ("variance in periods above 100 µm", ".2f"),
    "green.q10": ("histogram: 10th percentile", ".3f"),
    "green.q50": ("histogram: median", ".3f"),
    "green.q90": ("histogram: 90th percentile", ".3f"),
    "green.q98": ("histogram: 98th percentile", ".3f"),
    "green.skew": ("histogram: skew", ".2f"),
    "green.noise": ("high-frequency floor", ".4f"),
}
_CELLS: dict[str, tuple[str, str]] = {
    "ring": ("rim over centre, median", ".3f"),
    "ring_high": ("rim over centre, 90th percentile", ".3f"),
    "rings": ("share with rim brighter than centre", ".2f"),
    "rim_low": ("rim over surroundings, 10th percentile", ".3f"),
    "rim": ("rim over surroundings, median", ".3f"),
    "rim_high": ("rim over surroundings, 90th percentile", ".3f"),
    "density": ("cells per mm²", ".0f"),
    "diameter": ("diameter, median (µm)", ".1f"),
    "diameter_sd": ("diameter, SD (µm)", ".1f"),
    "neighbour": ("nearest neighbour, median (µm)", ".1f"),
    "regularity": ("nearest neighbour over chance", ".2f"),
}
for _what in ("marked", "found"):
    TITLES |= {f"{_what}.{name}": title for name, title in _CELLS.items()}
TITLES |= {
    name.replace("green", "red"): title
    for name, title in list(TITLES.items())
    if name.startswith("green")
}
TITLES |= {
    "nuclei.nucleus_low": ("nucleus over surroundings, 10th percentile", ".3f"),
    "nuclei.nucleus": ("nucleus over surroundings, median", ".3f"),
    "nuclei.nucleus_high": ("nucleus over surroundings, 90th percentile", ".3f"),
    "nuclei.density": ("red nuclei per mm²", ".0f"),
}


def compare(
    drawn: dict[str, list[dict[str, Any]]], real: dict[str, list[dict[str, Any]]]
) -> list[dict[str, Any]]:
    """One row a statistic: simulated ranges, recorded values and where they fall.

    Of a recording measured in parts, the value is the median of the parts.
    """
    rows = []
    for name in TITLES:
        simulated = {
            kind: values[~np.isnan(values)]
            for kind, fields in drawn.items()
            if not np.isnan(values := _values(fields, name)).all()
        }
        recorded = {
            field: _recorded(values, simulated)
            for field, parts in real.items()
            if not np.isnan(values := _values(parts, name)).all()
        }
        ranges = {
            kind: {
                "inside": np.percentile(values, INSIDE).tolist(),
                "all": [float(values.min()), float(values.max())],
            }
            for kind, values in simulated.items()
        }
        if ranges:
            rows.append({"statistic": name, "simulated": ranges, "real": recorded})
    return rows


def _recorded(parts: np.ndarray, simulated: dict[str, np.ndarray]) -> dict[str, Any]:
    value = float(np.nanmedian(parts))
    return {
        "value": value,
        "parts": [float(np.nanmin(parts)), float(np.nanmax(parts))],
        **{kind: _where(value, values) for kind, values in simulated.items()},
    }


def _where(value: float, simulated: np.ndarray) -> str:
    """`in`, `below` or `above`; `below all` where no simulated field is as low."""
    low, high = np.percentile(simulated, INSIDE)
    if low <= value <= high:
        return "in"
    if value < low:
        return "below all" if value < simulated.min() else "below"
    return "above all" if value > simulated.max() else "above"


def _values(fields: list[dict[str, Any]], name: str) -> np.ndarray:
    return np.array([f["statistics"].get(name, np.nan) for f in fields], float)


def together(
    drawn: dict[str, list[dict[str, Any]]], real: dict[str, list[dict[str, Any]]]
) -> dict[str, dict[str, float]]:
    """Whether there is a simulated field like a recording in all of green at once.

    Distance to the nearest simulated field in the statistics of the image, each over
    its SD, and the share of simulated fields as far from the nearest other one.
    """
    names = [n for n in TITLES if n.startswith("green.") and n != "green.power_0.4"]

    def table(fields: list[dict[str, Any]]) -> np.ndarray:
        return np.array([_values(fields, n) for n in names]).T

    found: dict[str, dict[str, float]] = {}
    for kind, fields in drawn.items():
        simulated_ = table(fields)
        scale = np.maximum(simulated_.std(0), 1e-9)
        pairs = np.linalg.norm((simulated_[:, None] - simulated_[None]) / scale, axis=2)
        np.fill_diagonal(pairs, np.inf)
        own = pairs.min(1)
        for field, parts in real.items():
            away = np.linalg.norm((table(parts)[:, None] - simulated_) / scale, axis=2)
            near = float(np.median(away.min(1)))
            found[f"{field}, {kind}"] = {
                "distance": near,
                "simulated_median": float(np.median(own)),
                "share_as_far": float((own >= near).mean()),
            }
    return found


def drivers(fields: list[dict[str, Any]]) -> dict[str, list[tuple[str, float]]]:
    """The three settings that go most with each statistic (rank correlation)."""
    settings = {
        name: np.array([f["settings"][name] for f in fields], float)
        for name, first in fields[0]["settings"].items()
        if isinstance(first, int | float) and name not in ("seed", "height", "width")
    }
    varied = {n: v for n, v in settings.items() if len(np.unique(v)) > 1}
    found = {}
    for name in TITLES:
        values = _values(fields, name)
        known = ~np.isnan(values)
        if known.sum() < 10:
            continue
        strength = {
            setting: float(stats.spearmanr(values[known], drawn[known]).statistic)
            for setting, drawn in varied.items()
        }
        ordered = sorted(strength.items(), key=lambda item: -abs(item[1]))
        found[name] = ordered[:3]
    return found
