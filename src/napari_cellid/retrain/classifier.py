"""From the answers of a study to a better classifier, and whether it is better."""

from __future__ import annotations

from dataclasses import dataclass, field
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
from napari_cellid.config import ClassifierTrainingConfig, DeviceConfig, SplitConfig
from napari_cellid.device import choose_device
from napari_cellid.errors import InputError
from napari_cellid.models.store import load_card
from napari_cellid.progress import ProgressEvent
from napari_cellid.retrain.active_model import current_model
from napari_cellid.retrain.classifier_comparison import compare_classifiers
from napari_cellid.retrain.dataset import (
    CELLS_FILE,
    check_images,
    load_labelled_cells,
    read_cells,
    split_decided_cells,
)
from napari_cellid.retrain.model_card import save_classifier
from napari_cellid.retrain.replay import can_replay, simulate_replay_cells
from napari_cellid.retrain.result import (
    RetrainResult,
    check_name,
    check_same_start,
    record_failure,
    stable_start_name,
)
from napari_cellid.retrain.stop_requests import (
    StopRequested,
    stopped_early,
    with_stop_requests,
)
from napari_cellid.study.consensus import write_csv
from napari_cellid.training.layout import HELD_OUT_FILE, MODEL_FOLDER, REPORT_FILE
from napari_cellid.training.run import Run, new_run_name

if TYPE_CHECKING:
    from napari_cellid.classification.base import CellClassifier
    from napari_cellid.classification.dataset import PatchDataset
    from napari_cellid.classification.training import TrainedClassifier
    from napari_cellid.config import VoteConfig
    from napari_cellid.device import Device
    from napari_cellid.models.store import ModelCard
    from napari_cellid.progress import Step
    from napari_cellid.retrain.dataset import DecidedCells
    from napari_cellid.study.study import Study


@dataclass(frozen=True)
class ClassifierRequest:
    """What is asked for.

    Parameters
    ----------
    start
        What to start from, as `load_starting_weights` takes it.
    settings
        How to train.
    split
        What is held out.
    rule
        How votes become one; None for the study's.
    name
        Of the run; "" for one made of the time.
    """

    start: str = ""
    settings: ClassifierTrainingConfig = field(default_factory=ClassifierTrainingConfig)
    split: SplitConfig = field(default_factory=SplitConfig)
    rule: VoteConfig | None = None
    name: str = ""


def begin(study: Study, request: ClassifierRequest) -> Run:
    """Check everything that can be checked, and make the folder of the run.

    Raises
    ------
    InputError
        If there is too little to train on, no such start, or the study cannot be
        written to.
    """
    decided = split_decided_cells(study, request.split, request.rule)
    _check_counts(decided)
    check_images(study, decided)
    start = load_starting_weights(
        request.start, decided.classes, request.settings.plan, study.models
    )
    name = check_name(request.name or new_run_name(study.runs, "classify"))
    about = {
        "name": name,
        "task": "classify",
        "start": {"asked": stable_start_name(request.start, study), **start.origin},
        "settings": request.settings.model_dump(mode="json"),
        "split": request.split.model_dump(mode="json"),
        "classes": list(decided.classes),
        "data": {**decided.about, "counts": decided.counts()},
        "old_model": str(current_model(study, "classify")),
    }
    run = Run.create(study.runs / name, about)
    write_csv(decided.table, run.folder / CELLS_FILE)
    return run


def go_on(study: Study, run: Run, device: DeviceConfig) -> Step[RetrainResult]:
    """Train a run that was begun, or was interrupted, and compare the result.

    Raises
    ------
    InputError
        If it cannot go on; the run says why, and no model is changed.
    """
    run.start()
    try:
        outcome = yield from _go_on(study, run, choose_device(device))
    except StopRequested:
        outcome = yield from stopped_early(run)
    except InputError as error:
        record_failure(run, str(error))
        raise
    except Exception as error:
        record_failure(run, f"The training failed ({error}).")
        raise
    run.end("stopped" if outcome.state == "stopped" else "finished")
    return outcome


def estimate(
    study: Study, request: ClassifierRequest, device: DeviceConfig
) -> dict[str, Any]:
    """Say how long a training would take, and on what; nothing is trained or written.

    Raises
    ------
    InputError
        As `begin`.
    """
    settings = request.settings
    decided = split_decided_cells(study, request.split, request.rule, keep=False)
    _check_counts(decided)
    start = load_starting_weights(
        request.start, decided.classes, settings.plan, study.models
    )
    dataset = ClassificationDataset(
        load_labelled_cells(study, decided, "train", start.card),
        load_labelled_cells(study, decided, "validation", start.card),
    )
    chosen = choose_device(device)
    seconds = estimate_seconds(dataset, start, settings, chosen)
    if settings.replay and can_replay(decided.classes):
        # as many patches more, and fields to be simulated
        seconds *= 1 + settings.replay / max(len(dataset.training), 1)
        seconds += settings.replay / 25
    return {
        "seconds": round(seconds, 1),
        "device": str(chosen),
        "measured_on": decided.about["held_out"],
        **decided.counts(),
    }


def _go_on(study: Study, run: Run, device: Device) -> Step[RetrainResult]:
    settings = ClassifierTrainingConfig.model_validate(run.about["settings"])
    classes = tuple(run.about["classes"])
    decided = read_cells(run.folder, classes, run.about["data"])
    start = load_starting_weights(_asked(run), classes, settings.plan, study.models)
    check_same_start(run, start.origin)
    card = start.card
    training = load_labelled_cells(study, decided, "train", card)
    validation = load_labelled_cells(study, decided, "validation", card)
    check_dataset(ClassificationDataset(training, validation), classes)
    training = yield from with_stop_requests(
        _with_replay(training, settings, classes, card), run
    )
    summary = {"task": "classify", **decided.counts()}
    step = train_classifier(
        ClassificationDataset(training, validation, summary),
        start,
        settings,
        run,
        device,
    )
    trained = yield from with_stop_requests(step, run)
    save_classifier(run, decided, trained, None)
    report = yield from _compared(study, run, decided, trained, device)
    done = trained.trained
    end = {
        "state": done.state,
        "best_epoch": done.best_epoch,
        "model": str(run.folder / MODEL_FOLDER),
        "report": str(run.folder / REPORT_FILE),
        "message": _in_words(report, done.state),
    }
    run.log({"event": "end", **end})
    yield ProgressEvent("Training", 1, 1, event="end", values=end)
    return RetrainResult(run, done.state, report, tuple(report["notes"]))


def _compared(
    study: Study,
    run: Run,
    decided: DecidedCells,
    trained: TrainedClassifier,
    device: Device,
) -> Step[dict[str, Any]]:
    """Compare the new model with the one before; writes the figures into the run."""
    new = load_classifier(run.folder / MODEL_FOLDER)
    old, note = _old_model(run, decided.classes)
    compared = yield from compare_classifiers(study, decided, (new, old), device)
    report = compared.report
    report["notes"] += [*trained.notes, *([note] if note else [])]
    save_classifier(run, decided, trained, report)
    try:
        write_csv(compared.cells, run.folder / HELD_OUT_FILE)
    except OSError as error:
        raise InputError(
            f"{run.folder / HELD_OUT_FILE} cannot be written "
            f"({error.strerror or error}); make room, or close programs that have it "
            "open, and resume the training."
        ) from error
    run.write_json(REPORT_FILE, report)
    return report


def _with_replay(
    training: PatchDataset,
    settings: ClassifierTrainingConfig,
    classes: tuple[str, ...],
    card: ModelCard,
) -> Step[PatchDataset]:
    """Mix simulated cells in, which count as much beside real ones as is asked."""
    if not (settings.replay and can_replay(classes)):
        return training
    simulated = yield from simulate_replay_cells(
        settings.replay, classes, card, settings.seed
    )
    share = min(1.0, len(training) / max(len(simulated), 1))
    return concatenate(training, simulated.weighted(settings.replay_weight * share))


def _old_model(run: Run, classes: tuple[str, ...]) -> tuple[CellClassifier | None, str]:
    """The model that the study had, or why it is not compared."""
    folder = Path(run.about["old_model"])
    try:
        card = load_card(folder, "classify")
        if set(card.classes) != set(classes):
            return None, (
                f"The model before, {card.name}, tells other classes "
                f"({', '.join(card.classes)}), so it is not compared."
            )
        return load_classifier(folder), ""
    except InputError as error:
        return None, f"The model before is not compared: {error}"


def _asked(run: Run) -> str:
    asked = str(run.about["start"]["asked"])
    return "" if asked == "shipped" else asked


def _check_counts(decided: DecidedCells) -> None:
    """Refuse early what `training.checked` would refuse late."""
    counts = decided.counts()["train"]["by_class"]
    few = {name: n for name, n in counts.items() if n < 2}
    if few:
        name, n = next(iter(few.items()))
        cells = "1 decided cell" if n == 1 else f"{n} decided cells"
        raise InputError(
            f"The class {name} has {cells} to train on, but at least 2 are "
            "needed beside those that are held out; answer more cells of it, or take "
            "the class out of the study."
        )


def _in_words(report: dict[str, Any], state: str) -> str:
    new, change = report["new"]["balanced_accuracy"], report["difference"]
    said = "Stopped; the best epoch is kept." if state == "stopped" else "Finished."
    if new is None:
        return f"{said} Nothing was held out to measure it on."
    said += f" Balanced accuracy {new:.3f} on {report['n_cells']} held-out cells"
    if change is None:
        return said + "."
    one = change["balanced_accuracy"]
    return (
        f"{said}, {one['value']:+.3f} beside the model before (95 % interval "
        f"{one['low']:+.3f} to {one['high']:+.3f})."
    )
