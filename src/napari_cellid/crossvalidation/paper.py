"""The values that the paper prints, and what follows from them.

Seong & Park, Tables 1 and 2. The confusion matrix is the sum of the ten validation
folds of Inception-v3 (139) at epoch 11; its rows are the true classes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from napari_cellid.config import PlanName


@dataclass(frozen=True)
class PaperRow:
    """A row of the paper's Table 1; accuracies in percent.

    Parameters
    ----------
    number
        Number of the row.
    plan
        The plan that trains the same layers.
    method
        Name in the paper; the number in brackets is that of the last frozen layer.
    saturation, best
        Mean accuracy over the folds at the saturation epoch and at the best epoch.
    sd
        Standard deviation over the folds.
    epochs
        Saturation epoch.
    """

    number: int
    plan: PlanName
    method: str
    saturation: float
    best: float
    sd: float
    epochs: int


TABLE_1 = (
    PaperRow(1, "resnet18_69", "U+ResNet18 (69)", 80.630, 80.634, 6.701, 8),
    PaperRow(2, "resnet18_66", "U+ResNet18 (66)", 82.190, 82.930, 5.536, 8),
    PaperRow(3, "resnet50_174", "U+ResNet50 (174)", 81.370, 84.886, 4.635, 8),
    PaperRow(4, "resnet50_161", "U+ResNet50 (161)", 87.880, 90.792, 5.424, 8),
    PaperRow(5, "resnet50_151", "U+ResNet50 (151)", 86.860, 92.493, 5.583, 8),
    PaperRow(6, "resnet50_139", "U+ResNet50 (139)", 88.950, 93.447, 6.065, 8),
    PaperRow(7, "inceptionv3_311", "U+Inception-v3 (311)", 77.370, 79.580, 11.61, 11),
    PaperRow(8, "inceptionv3_294", "U+Inception-v3 (294)", 84.670, 87.640, 6.986, 11),
    PaperRow(9, "inceptionv3_249", "U+Inception-v3 (249)", 87.200, 93.120, 4.473, 11),
    PaperRow(10, "inceptionv3_139", "U+Inception-v3 (139)", 91.250, 96.170, 4.792, 11),
)
#: our readings of the numbers that fall inside a block
BLOCK_PLANS: tuple[PlanName, ...] = (
    "resnet18_res5b",
    "inceptionv3_294_block",
    "inceptionv3_139_block",
)
#: classes of Table 2, in its order
TABLE_2_CLASSES = ("excitatory", "glia", "inhibitory")
#: counts of Table 2 (true class, predicted class)
TABLE_2 = np.array([[159, 4, 13], [1, 185, 3], [12, 1, 21]], np.int64)
#: the printed sensitivities and accuracy (percent)
TABLE_2_PRINTED = {
    "excitatory": 90.34, "glia": 97.88, "inhibitory": 61.76, "accuracy": 91.48
}  # fmt: skip
#: plans that train the same parameters, so that one of them is run
SAME_AS: dict[PlanName, PlanName] = {"resnet18_66": "resnet18_69"}
