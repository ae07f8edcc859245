"""Retraining a classifier on the cells that people decided."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_cellid.classification.dataset import (
    ClassificationDataset,
    check_dataset,
    concatenate,
)
from napari_cellid.classification.loader import load_classifier
from napari_cellid.classification.starting_weights import load_starting_weights
from napari_cellid.classification.training import estimate_seconds, train_classifier
from napari_cellid.config import ClassifierTrainingConfig
from napari_cellid.errors import InputError, file_reason
from napari_cellid.io.tables import write_cells
from napari_cellid.models.class_names import name_classes
from napari_cellid.models.store import load_card
from napari_cellid.retrain.classifier_comparison import compare_classifiers
from napari_cellid.retrain.dataset import (
    CELLS_FILE,
    check_images,
    load_labelled_cells,
    read_cells,
    split_decided_cells,
)
from napari_cellid.retrain.model_card import NewModel, card_metrics, save_new_model
from napari_cellid.retrain.replay import simulate_replay_cells, simulated_names
from napari_cellid.retrain.run_images import KEY, check_same_images, digest_images
from napari_cellid.retrain.stop_requests import with_stop_requests
from napari_cellid.retrain.task import (
    PreparedRun,
    TaskResult,
    TrainingEstimate,
    check_same_start,
    old_model_missing,
)
from napari_cellid.study.scheme import require_scheme
from napari_cellid.training.layout import HELD_OUT_FILE, MODEL_FOLDER

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari_cellid.classification.base import CellClassifier
    from napari_cellid.classification.dataset import PatchDataset
    from napari_cellid.classification.training import TrainedClassifier
    from napari_cellid.config import StudyConfig
    from napari_cellid.device import Device
    from napari_cellid.models.card import ModelCard, Task
    from napari_cellid.progress import Step
    from napari_cellid.retrain.dataset import DecidedCells
    from napari_cellid.retrain.request import ClassifierRequest
    from napari_cellid.study.study import Study
    from napari_cellid.training.run import Run

#: simulated cells that are replayed per second
_REPLAYED_PER_SECOND = 25


class ClassifierTask:
    """Training of a classifier, as the job runs it."""

    name: Task = "classify"

    def prepare(self, study: Study, request: ClassifierRequest) -> PreparedRun:
        """Check the request, and collect the decided cells with their roles."""
        require_scheme(study.config)
        decided = split_decided_cells(study, request.split, request.rule)
        _check_counts(decided)
        check_images(study, decided)
        start = load_starting_weights(
            request.start,
            decided.classes,
            request.settings.plan,
            study.models,
            study.config,
        )
        description = {
            "classes": list(decided.classes),
            "data": {
                **decided.about,
                "counts": decided.counts(),
                KEY: digest_images(study, decided.table["recording"]),
            },
        }
        return PreparedRun(start.origin, description, {CELLS_FILE: decided.table})

    def estimate(
        self, study: Study, request: ClassifierRequest, device: Device
    ) -> Step[TrainingEstimate]:
        """Estimate the duration from two seconds of training."""
        settings = request.settings
        # an estimate must not decide for ever which animals are held out
        decided = split_decided_cells(study, request.split, request.rule, keep=False)
        _check_counts(decided)
        start = load_starting_weights(
            request.start, decided.classes, settings.plan, study.models, study.config
        )
        dataset = ClassificationDataset(
            load_labelled_cells(study, decided, "train", start.card),
            load_labelled_cells(study, decided, "validation", start.card),
        )
        seconds = yield from estimate_seconds(dataset, start, settings, device)
        if settings.replay and simulated_names(decided.classes, study.config):
            # as many patches more, and fields to be simulated
            seconds *= 1 + settings.replay / max(len(dataset.training), 1)
            seconds += settings.replay / _REPLAYED_PER_SECOND
        return TrainingEstimate(seconds, decided.about["held_out"], decided.counts())

    def run(self, study: Study, run: Run, device: Device) -> Step[TaskResult]:
        """Train, save the model, and compare it on the held-out cells."""
        settings = ClassifierTrainingConfig.model_validate(run.about["settings"])
        classes = tuple(run.about["classes"])
        # not those of the study: answers given since must not change a resumed training
        decided = read_cells(run.folder, classes, run.about["data"])
        check_same_images(study, run)
        start = load_starting_weights(
            _requested_start(run), classes, settings.plan, study.models, study.config
        )
        check_same_start(run, start.origin)
        card = start.card
        training = load_labelled_cells(study, decided, "train", card)
        validation = load_labelled_cells(study, decided, "validation", card)
        # before the replay, whose simulated cells would hide a lack of real ones
        check_dataset(ClassificationDataset(training, validation), classes)
        training = yield from with_stop_requests(
            _with_replay(training, settings, classes, study.config, card), run
        )
        summary = {"task": "classify", **decided.counts()}
        dataset = ClassificationDataset(training, validation, summary)
        trained = yield from with_stop_requests(
            train_classifier(dataset, start, settings, run, device), run
        )
        report = yield from _save_and_compare(study, run, decided, trained, device)
        done = trained.trained
        return TaskResult(done.state, done.best_epoch, report)


def _save_and_compare(
    study: Study,
    run: Run,
    decided: DecidedCells,
    trained: TrainedClassifier,
    device: Device,
) -> Step[dict[str, Any]]:
    """Save the new model, compare it with the one before, and save its figures."""
    material = f"{len(decided.part('train'))} cells"
    labelling = _labelling(study.config, decided.classes)
    card = {**trained.card, **labelling}
    model = NewModel(trained.net, trained.trained, card, material)
    # before the comparison, so that a model exists even if that is interrupted
    save_new_model(run, model, {})
    # its names are those of the training; classes may have been renamed since
    new = load_classifier(run.folder / MODEL_FOLDER)
    old, note = load_old_model(study, run, decided.classes)
    compared = yield from compare_classifiers(study, decided, (new, old), device)
    report = compared.report
    report["notes"] += [*trained.notes, *([note] if note else [])]
    save_new_model(run, model, card_metrics(report))
    try:
        write_cells(run.folder / HELD_OUT_FILE, compared.cells)
    except OSError as error:
        raise InputError(
            f"{run.folder / HELD_OUT_FILE} cannot be written "
            f"({file_reason(error)}); make room, or close programs that have it "
            "open, and resume the training."
        ) from error
    return report


def load_old_model(
    study: Study, run: Run, classes: tuple[str, ...]
) -> tuple[CellClassifier | None, str]:
    """Load the model that the study used when the run began.

    Returns
    -------
    The classifier, or None and the sentence why it is not compared.
    """
    folder = Path(run.about["old_model"])
    try:
        of_study = folder.parent == study.models
        card = name_classes(
            load_card(folder, "classify"), study.config, of_study=of_study
        )
        if set(study.config.translate(card.classes, classes)) != set(classes):
            return None, (
                f"The earlier model, {card.name}, has other classes "
                f"({', '.join(card.classes)}), so it is not compared."
            )
        return load_classifier(folder, study.config, study.models), ""
    except InputError as error:
        return None, old_model_missing(error)


def _with_replay(
    training: PatchDataset,
    settings: ClassifierTrainingConfig,
    classes: tuple[str, ...],
    config: StudyConfig,
    card: ModelCard,
) -> Step[PatchDataset]:
    """Add simulated cells, weighted relative to the real ones as the settings say."""
    names = simulated_names(classes, config)
    if not settings.replay or names is None:
        return training
    simulated = yield from simulate_replay_cells(
        settings.replay, classes, names, card, settings.seed
    )
    # many simulated cells together weigh no more than the real ones
    share = min(1.0, len(training) / max(len(simulated), 1))
    return concatenate(training, simulated.weighted(settings.replay_weight * share))


def _labelling(config: StudyConfig, classes: Sequence[str]) -> dict[str, Any]:
    """What the card of a trained model tells of the classes of its study."""
    by_name = {name: one for one in config.classes for name in one.names}
    trained_on = [by_name.get(name) for name in classes]
    if not all(trained_on):
        return {}
    return {
        "scheme": config.scheme,
        "markers": [one.markers for one in trained_on if one],
        "class_ids": [one.id for one in trained_on if one],
    }


def _requested_start(run: Run) -> str:
    requested = str(run.about["start"]["asked"])
    return "" if requested == "shipped" else requested


def _check_counts(decided: DecidedCells) -> None:
    """Refuse early what the training itself would refuse late."""
    counts = decided.counts()["train"]["by_class"]
    few = {name: n for name, n in counts.items() if n < 2}
    if few:
        name, n = next(iter(few.items()))
        cells = "1 decided cell" if n == 1 else f"{n} decided cells"
        raise InputError(
            f"The class {name} has {cells} to train on, but at least 2 are needed "
            "beside those that are held out; answer more cells of it, or remove the "
            "class from the study."
        )
