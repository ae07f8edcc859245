"""Which models a study uses."""

import shutil
from dataclasses import replace

import pytest

from napari_cellid.config import StudyConfig
from napari_cellid.errors import InputError
from napari_cellid.models.registry import SHIPPED_MODELS
from napari_cellid.models.store import CARD_FILE, load_card
from napari_cellid.retrain import job
from napari_cellid.retrain.active_model import (
    activate_model,
    activate_run,
    current_model,
    resolve_model,
    study_models,
)
from napari_cellid.study.settings import read_settings
from napari_cellid.study.study import Study
from napari_cellid.training.layout import MODEL_FOLDER


@pytest.fixture
def run(study, quick):
    """A run that has a model, as if it were trained."""
    made = job.start(study, quick)
    shutil.copytree(study.models / "tiny", made.folder / MODEL_FOLDER)
    return made


def test_use_copies_the_model_and_the_old_one_stays(study, run):
    tiny = (study.models / "tiny" / CARD_FILE).read_bytes()
    after = activate_run(study, run)
    assert after.config.models.classify == "one"
    assert current_model(after, "classify") == study.models / "one"
    assert (study.models / "tiny" / CARD_FILE).read_bytes() == tiny
    card, copied = load_card(run.folder / MODEL_FOLDER), load_card(study.models / "one")
    assert copied == card
    assert Study.open(study.path).config.models.classify == "one"
    # the other task is as it was
    assert current_model(after, "segment") == SHIPPED_MODELS / "unet"

    assert activate_run(after, run).config.models.classify == "one"
    back = activate_model(after, "tiny", "classify")
    assert current_model(back, "classify") == study.models / "tiny"
    default = activate_model(back, "", "classify")
    assert current_model(default, "classify") == SHIPPED_MODELS / "inception_v3"


def test_models_of_a_study_by_task(study):
    assert [folder.name for folder, _ in study_models(study, "classify")] == ["tiny"]
    assert study_models(study, "segment") == []


def test_names_mean_models_of_the_study_first(study):
    own = str(study.models / "tiny")
    assert resolve_model(study, None, "classify") == own
    assert resolve_model(study, "tiny", "classify") == own
    assert resolve_model(study, "inception_v3", "classify") == "inception_v3"
    assert resolve_model(study, None, "segment") is None
    assert resolve_model(None, "unet", "segment") == "unet"
    assert resolve_model(None, None, "segment") is None


@pytest.mark.parametrize("name", ["../away", "a/b", ".hidden", "what?", "a:b"])
def test_names_that_are_no_folder(study, run, name):
    for use in (
        lambda: activate_run(study, run, name),
        lambda: activate_model(study, name, "classify"),
    ):
        with pytest.raises(InputError, match="cannot be the name of a model"):
            use()
    assert read_settings(study.path / "study.toml").config.models.classify == "tiny"


def test_a_run_without_a_model(study, quick):
    with pytest.raises(InputError, match="has no model yet"):
        activate_run(study, job.start(study, replace(quick, name="bare")))


def test_a_name_of_another_model(study, run):
    path = study.models / "tiny" / CARD_FILE
    path.write_text(
        path.read_text().replace('"weights_sha256": "', '"weights_sha256": "f')
    )
    with pytest.raises(InputError, match="has another model named 'tiny'"):
        activate_run(study, run, "tiny")


def test_a_study_that_changed_meanwhile_keeps_what_others_wrote(study, run):
    """Somebody else set another rule since this study was opened."""
    other = Study.open(study.path)
    vote = other.config.vote.model_copy(update={"min_annotators": 2})
    other.save_config(other.config.model_copy(update={"vote": vote}))
    assert activate_run(study, run).config.vote.min_annotators == 2


def test_old_settings_can_be_read_and_stay_as_they_were(tmp_path):
    study = Study.create(tmp_path / "new")
    text = (study.path / "study.toml").read_text("utf-8")
    assert "[models]" not in text
    assert Study.open(study.path).config == StudyConfig()
    assert "[models]" in (
        activate_model(study, "mine", "segment").path / "study.toml"
    ).read_text("utf-8")
    activate_model(study, "", "segment")
    assert (study.path / "study.toml").read_text("utf-8") == text
