"""A training where red marks something else than in the paper.

Before there were labelling schemes, a last layer was kept, and simulated cells were
rehearsed, where the names of the classes were the same: in a laboratory whose red
marks interneurons, a model of the opposite meaning was the start.
"""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from simulated_study import answer, make_request, put, small

from napari_cellid.classification.loader import load_classifier
from napari_cellid.classification.starting_weights import load_starting_weights
from napari_cellid.config import StudyConfig, parse_scheme
from napari_cellid.errors import InputError
from napari_cellid.models.store import load_card, load_weights
from napari_cellid.progress import run_to_end
from napari_cellid.retrain.active_model import activate_model, activate_run
from napari_cellid.retrain.job import resume, start
from napari_cellid.retrain.replay import simulated_names
from napari_cellid.simulation.field import simulate
from napari_cellid.study.scheme import set_scheme
from napari_cellid.study.study import Study
from napari_cellid.training.layout import MODEL_FOLDER

INTERNEURONS = parse_scheme("red-interneurons")
RED_HERE = StudyConfig.of_scheme(INTERNEURONS)
#: what simulated cells of each class are called there
CALLED = dict(
    zip(StudyConfig().class_names, RED_HERE.class_names, strict=True)
)  # both, green alone, red alone


def unknown() -> StudyConfig:
    values = [one.model_dump() | {"markers": ""} for one in StudyConfig().classes]
    return StudyConfig(classes=values)


def rows(folder: Path) -> np.ndarray:
    return load_weights(folder, load_card(folder))["fc.weight"].numpy()


def test_the_output_of_a_class_is_that_of_what_its_cells_show(classifier_folder):
    """Excitatory cells are green alone here: the model's output for that is kept."""
    given = RED_HERE.class_names
    start = load_starting_weights(
        str(classifier_folder), given, "resnet18_69", None, RED_HERE
    )
    assert start.head_kept
    both, green, red = rows(classifier_folder)
    head = start.net.fc.weight.detach().numpy()
    by_name = dict(zip(given, head, strict=True))
    np.testing.assert_array_equal(by_name["inhibitory"], both)
    np.testing.assert_array_equal(by_name["excitatory"], green)
    np.testing.assert_array_equal(by_name["inhibitory without GCaMP"], red)


def test_the_paper_s_names_with_another_meaning_are_no_start(classifier_folder):
    """The trap: a study of excitatory, inhibitory and glia where red is inhibitory."""
    config = set_scheme(unknown(), INTERNEURONS, {"excitatory", "glia"})
    paper = StudyConfig().class_names
    # as if nobody used the class for cells that are red alone
    start = load_starting_weights(
        str(classifier_folder), paper, "resnet18_69", None, config
    )
    assert not start.head_kept
    assert simulated_names(paper, config) is None
    assert simulated_names(config.class_names, config) is None


def test_while_nobody_has_said_it_nothing_is_trained(study, quick):
    study = study.save_config(
        unknown().model_copy(update={"vote": study.config.vote, "scheme": None})
    )
    with pytest.raises(InputError, match="does not say what red marks"):
        start(study, quick)
    assert not list(study.runs.glob("*"))


@pytest.fixture(scope="module")
def lab(tmp_path_factory, classifier_folder, device):
    """A study where red marks interneurons, and its training with rehearsed cells."""
    folder = tmp_path_factory.mktemp("red") / "study"
    rule = {"rule": "majority", "min_annotators": 1}
    config = RED_HERE.model_copy(update={"vote": RED_HERE.vote.model_copy(update=rule)})
    study = Study.create(folder, config)
    for seed in range(4):
        field = run_to_end(simulate(small(seed)))
        put(study, field, f"r{seed}", f"animal{seed}")
        renamed = field.cells.assign(**{"class": field.cells["class"].map(CALLED)})
        answer(study, f"r{seed}", replace(field, cells=renamed), most=14, wrong=0.0)
    shutil.copytree(classifier_folder, study.models / "tiny")
    activate_model(study, "tiny", "classify")
    request = make_request(epochs=1)
    settings = request.settings.model_copy(update={"replay": 6})
    study = Study.open(folder)
    run = start(study, replace(request, settings=settings))
    return study, run, run_to_end(resume(study, run, device))


def test_a_training_carries_what_red_marks(lab):
    _, run, result = lab
    assert result.state == "finished"
    card = load_card(run.folder / MODEL_FOLDER)
    assert card.scheme == "red-interneurons"
    assert card.classes == RED_HERE.class_names
    assert dict(zip(card.classes, card.markers, strict=True)) == {
        one.name: one.markers for one in RED_HERE.classes
    }
    assert card.class_ids == tuple(one.id for one in RED_HERE.classes)
    # the earlier model is compared by what it says of the same cells
    assert result.report["classes"] == list(RED_HERE.class_names)
    assert result.report["old"] is not None
    # and so are the two thresholds, which know red and green alone
    assert result.report["floor"]["balanced_accuracy"] > 0.5


def test_its_model_is_used_there_and_named_elsewhere(lab):
    study, run, _ = lab
    study = activate_run(study, run)
    folder = study.models / run.name
    here = load_classifier(folder, study.config, study.models).card
    assert (here.classes, here.naming) == (RED_HERE.class_names, "")
    elsewhere = load_classifier(folder, StudyConfig()).card
    assert elsewhere.classes == StudyConfig().class_names
    assert "trained where red marks interneurons" in elsewhere.naming
