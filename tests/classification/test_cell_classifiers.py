"""The protocol of all classifiers, the loader, and the ensemble."""

from dataclasses import dataclass

import numpy as np
import pytest

from napari_cellid.cells.measure import measure
from napari_cellid.classification import (
    Ensemble,
    PatchClassifier,
    PixelClassifier,
    classify_cells,
    load_classifier,
)
from napari_cellid.classification.ensemble import average
from napari_cellid.config import ClassifyConfig, DeviceConfig, IdentifyConfig
from napari_cellid.device import choose_device
from napari_cellid.errors import InputError
from napari_cellid.identify import classify_labels, identify_cells
from napari_cellid.models.card import ModelCard
from napari_cellid.models.registry import SHIPPED_MODELS
from napari_cellid.models.store import load_card
from napari_cellid.progress import ProgressEvent, run_to_end
from napari_cellid.segmentation import load_segmenter

CLASSES = ("excitatory", "inhibitory", "glia")
DEVICE = choose_device(DeviceConfig(device="cpu", precision="fp32"))
IDENTIFY = IdentifyConfig(device=DeviceConfig(device="cpu", precision="fp32"))


@dataclass
class ByPosition:
    """A classifier of this test's own: cells of the upper half are A, others B."""

    classes: tuple[str, ...] = ("A", "B")
    uses_outlines: bool = False

    @property
    def card(self):
        return ModelCard(
            name="by position", task="classify", architecture="rule",
            classes=self.classes, combination="pair", pixel_size_um=1.0,
            weights_sha256="",
        )  # fmt: skip

    def classify(self, planes, labels, cells, config, device):
        yield ProgressEvent("Classifying cells", 0, len(cells))
        upper = cells["y"].to_numpy() < planes.shape[1] / 2
        return np.column_stack([upper, ~upper]).astype(np.float32)


@pytest.mark.parametrize("uses_outlines", [True, False])
def test_any_object_of_the_protocol_identifies_cells(
    recording, segmenter_folder, uses_outlines
):
    classifier = ByPosition(uses_outlines=uses_outlines)
    segmenter = load_segmenter(segmenter_folder)
    step = identify_cells(recording, segmenter, classifier, IDENTIFY)
    result = run_to_end(step)
    upper = result.cells["y"] < recording.shape[1] / 2
    assert upper.any() and not upper.all()
    assert result.classes == ("A", "B")
    assert list(result.cells["predicted"]) == list(np.where(upper, "A", "B"))
    assert result.run["models"]["classify"]["name"] == "by position"
    again = run_to_end(classify_labels(recording, result.labels, classifier, IDENTIFY))
    assert list(again.cells["predicted"]) == list(result.cells["predicted"])


def test_an_ensemble_averages_any_classifiers(planes, field):
    cells = measure(field.labels, planes)
    rule, patches = ByPosition(classes=CLASSES[:2]), ByPosition(classes=CLASSES[:2])
    patches.uses_outlines = True
    both = average(rule, patches)
    assert both.uses_outlines
    step = classify_cells(planes, field.labels, cells, both, ClassifyConfig(), DEVICE)
    assert set(run_to_end(step)["confidence"]) == {1.0}


def test_classifiers_of_different_classes_are_not_averaged():
    with pytest.raises(InputError, match="different classes"):
        average(ByPosition(classes=("A", "B")), ByPosition(classes=("A", "C")))


def test_the_shipped_ensemble_is_the_mean_of_both(planes, field):
    cells = measure(field.labels, planes).iloc[:6]
    both = load_classifier("both")
    inputs = planes, field.labels, cells
    first, second, mean = (
        run_to_end(classifier.classify(*inputs, ClassifyConfig(), DEVICE))
        for classifier in (*both.members, both)
    )
    np.testing.assert_allclose(mean, (first + second) / 2, atol=1e-6)


@pytest.mark.parametrize("name", ["inception", "inception_v3"])
def test_names_of_the_paper_s_classifier(name):
    classifier = load_classifier(name)
    assert isinstance(classifier, PatchClassifier)
    assert classifier.card.name == "inception_v3"


def test_one_pass_and_both_come_with_the_package():
    alone, both = load_classifier("one-pass"), load_classifier("both")
    assert load_classifier().card.name == both.card.name
    assert isinstance(alone, PixelClassifier)
    assert isinstance(both, Ensemble)
    assert both.uses_outlines
    assert both.card.classes == alone.card.classes == CLASSES
    assert both.card.name == "inception_v3 + one_pass"
    assert load_card(SHIPPED_MODELS / "one_pass").task == "classify"
