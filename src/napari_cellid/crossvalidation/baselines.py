"""Simple methods: what a deep network must beat."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from napari_cellid.config.classes import STATES
from napari_cellid.retrain.threshold_baseline import fit_thresholds, predict_classes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from napari_cellid.classification.dataset import PatchDataset
    from napari_cellid.crossvalidation.folds import Fold
    from napari_cellid.crossvalidation.methods import BaselineName

#: side (px) of the centre that the small network sees, its passes, and its batch
_CENTRE, _EPOCHS, _BATCH = 31, 30, 32
#: trees of the random forest
_TREES = 300


def predict_baseline(
    name: BaselineName,
    features: NDArray[np.float64],
    target: NDArray[np.int64],
    fold: Fold,
    state_index: Mapping[str, int],
    seed: int,
) -> NDArray[np.float64] | None:
    """Fit a baseline on the training cells of a fold, and classify its test cells.

    Parameters
    ----------
    name
        The baseline; all but the small network.
    features
        (cell, feature) of all cells, see `hand_features`.
    target
        Class of each cell.
    fold
        Rows of the cells.
    state_index
        Number of the class with each marker state; empty if the classes are others.
    seed
        Seed of the random forest.

    Returns
    -------
    Probabilities (cell, class); None if the two thresholds do not apply.
    """
    n_classes = int(target.max()) + 1
    # inner cells belong to the training groups: nothing else is chosen with them here
    known = np.concatenate([fold.train, fold.inner])
    x, y, unseen = features[known], target[known], features[fold.test]
    if name == "majority":
        share = np.bincount(y, minlength=n_classes) / len(y)
        return np.tile(share, (len(unseen), 1))
    if name == "two thresholds":
        return _by_thresholds(x, y, unseen, state_index)
    model = _model(name, seed).fit(x, y)
    found = np.zeros((len(unseen), n_classes))
    found[:, model.classes_] = model.predict_proba(unseen)
    return found


def _by_thresholds(
    x: NDArray[np.float64],
    y: NDArray[np.int64],
    unseen: NDArray[np.float64],
    state_index: Mapping[str, int],
) -> NDArray[np.float64] | None:
    if len(state_index) < len(STATES) or y.max() >= len(STATES):
        return None
    limits = fit_thresholds(x[:, :2], y, state_index)
    if limits is None:
        return None
    # a rule has no probabilities: its class has probability 1
    return np.eye(len(STATES))[predict_classes(unseen[:, :2], limits, state_index)]


def _model(name: BaselineName, seed: int) -> Any:
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    if name == "random forest":
        return RandomForestClassifier(_TREES, random_state=seed)
    # the scaler learns its mean and spread from the training cells alone
    return make_pipeline(StandardScaler(), LogisticRegression(max_iter=5000))


def predict_small_network(
    cells: PatchDataset, target: NDArray[np.int64], fold: Fold, seed: int
) -> NDArray[np.float64]:
    """Train a small network on the centre of the patches, and classify the test cells.

    Parameters
    ----------
    cells
        Patches of all cells, 0 to 1.
    target
        Class of each cell.
    fold
        Rows of the cells.
    seed
        Seed of its weights and of the order of the cells.

    Returns
    -------
    Probabilities (cell, class).
    """
    import torch
    from torch.nn.functional import cross_entropy

    known = np.concatenate([fold.train, fold.inner])
    first = cells.patch_size // 2 - _CENTRE // 2
    inside = slice(max(first, 0), max(first, 0) + _CENTRE)
    images, unseen = (
        torch.from_numpy(np.ascontiguousarray(cells.cut(rows)[:, :2, inside, inside]))
        for rows in (known, fold.test)
    )
    labels = torch.from_numpy(target[known])
    rng = np.random.default_rng(seed)
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        net = _small_network(int(target.max()) + 1)
        optimiser = torch.optim.AdamW(net.parameters(), 2e-3, weight_decay=1e-2)
        net.train()
        for _ in range(_EPOCHS):
            order = rng.permutation(len(known))
            for start in range(0, len(order) - 1, _BATCH):
                which = torch.from_numpy(order[start : start + _BATCH])
                batch = images[which]
                # cells have no direction
                turned = torch.rot90(batch, int(rng.integers(4)), (2, 3))
                optimiser.zero_grad()
                loss = cross_entropy(net(turned), labels[which])
                torch.autograd.backward(loss)
                optimiser.step()
        net.eval()
        with torch.no_grad():
            found: NDArray[np.float64] = net(unseen).softmax(1).double().numpy()
    return found


def _small_network(n_classes: int) -> Any:
    from torch import nn

    layers: list[nn.Module] = []
    for before, after in ((2, 16), (16, 32), (32, 64)):
        layers += [
            nn.Conv2d(before, after, 3, padding=1), nn.GroupNorm(4, after), nn.ReLU(),
            nn.MaxPool2d(2),
        ]  # fmt: skip
    return nn.Sequential(
        *layers, nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Dropout(0.3),
        nn.Linear(256, n_classes),
    )  # fmt: skip
