"""The loop: what is best, when it ends, stop and resume, disks that fail."""

import errno
import math
import os
from pathlib import Path

import pytest
import torch
from tiny import TinyLearner, digest

from napari_cellid.errors import InputError
from napari_cellid.progress import Progress, ProgressEvent, run_to_end
from napari_cellid.training import checkpoint
from napari_cellid.training.checkpoint import load_tensors, save_tensors
from napari_cellid.training.layout import BEST_FILE, CHECKPOINT_FILE
from napari_cellid.training.learner import StepMetrics
from napari_cellid.training.loop import LoopConfig, train
from napari_cellid.training.run import Run


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return Run.create(tmp_path / "run", {"task": "tiny"})


def _run(learner, run, loop):
    """Train to the end; what was yielded, too."""
    said = []
    return run_to_end(train(learner, run, loop), said.append), said


def _steps_only(said):
    return [one for one in said if not isinstance(one, ProgressEvent)]


def test_it_learns_and_tells_what_happens(run):
    learner = TinyLearner()
    trained, said = _run(learner, run, LoopConfig(5, begin={"task": "tiny"}))
    assert [e["epoch"] for e in trained.history] == [1, 2, 3, 4, 5]
    losses = [e["validation"]["loss"] for e in trained.history]
    assert losses[-1] < losses[0]
    assert trained.best_epoch == 1 + losses.index(min(losses))
    assert trained.history[0]["train"]["accuracy"] == 0.5
    assert (trained.state, trained.last_epoch, learner.ended) == ("finished", 5, 1)
    news = [one for one in said if isinstance(one, ProgressEvent)]
    assert [one.event for one in news] == ["begin"] + ["epoch"] * 6
    assert news[0].values["steps_per_epoch"] == 4
    assert news[0].values["task"] == "tiny"
    assert news[0].values["first_epoch"] == 1
    # what is logged is what is yielded, with the time
    logged = run.events()
    assert all(e.pop("time") for e in logged)
    assert logged == [{"event": one.event, **one.values} for one in news]
    done = _steps_only(said)
    assert [one.done for one in done] == list(range(1, 21))
    assert done[-1] == Progress("Training", 20, 20)


def test_progress_says_how_long_it_takes(run):
    run_to_end(train(TinyLearner(), run, LoopConfig(1)))
    run.write_progress({}, now=True)
    assert run.progress()["beat"] > 0
    told = train(TinyLearner(), Run.create(run.folder.parent / "b", {}), LoopConfig(2))
    for one in told:
        if not isinstance(one, ProgressEvent):
            break
    progress = Run.open(run.folder.parent / "b").progress()
    assert progress["done"] == 1
    assert progress["total"] == 8
    assert progress["seconds_left"] == pytest.approx(7 * progress["seconds"], abs=0.5)
    told.close()


@pytest.mark.parametrize(
    ("losses", "best"), [((9, 3, 2, 5, 7), 2), ((9, 3, 3, 3, 4), 1), ((1, 4, 3, 2), 3)]
)
def test_the_best_epoch_is_kept(run, losses, best):
    learner = TinyLearner(losses=losses)
    trained, _ = _run(learner, run, LoopConfig(len(losses) - 1))
    assert trained.best_epoch == best
    again = TinyLearner()
    for epoch in range(1, best + 1):
        for index in range(4):
            again.step(epoch, index)
    assert digest(trained.weights) == digest(again.weights())
    # the learner holds them, too
    assert digest(learner.weights()) == digest(again.weights())


@pytest.mark.parametrize(
    ("losses", "error", "best"),
    [
        # the last one that is no more than an error above the lowest
        ((9, 3, 3.5, 3.9, 4.1), 1.0, 3),
        # once it falls again the new lowest one counts
        ((9, 3, 5, 2, 3.1), 1.0, 3),
        ((9, 3, 5, 2, 2.9), 1.0, 4),
        ((9, 3, 3.1), 0.0, 1),
    ],
)
def test_where_the_figure_is_rough_longer_training_is_preferred(
    run, losses, error, best
):
    learner = TinyLearner(losses=losses, error=error)
    assert _run(learner, run, LoopConfig(len(losses) - 1))[0].best_epoch == best


def test_more_can_be_better(run):
    loop = LoopConfig(3, metric="loss", higher=True)
    assert _run(TinyLearner(losses=(9, 3, 8, 5)), run, loop)[0].best_epoch == 2


def test_patience(run):
    learner = TinyLearner(losses=(9, 3, 2, 4, 5, 1, 1))
    trained, _ = _run(learner, run, LoopConfig(6, patience=2))
    assert (trained.best_epoch, trained.last_epoch) == (2, 4)
    assert trained.state == "finished"


def test_stopping_in_the_middle_keeps_the_best(run):
    learner, said = TinyLearner(losses=(9, 3, 4, 5)), []
    step = train(learner, run, LoopConfig(3))
    try:
        while True:
            said.append(next(step))
            if len(_steps_only(said)) == 10:
                run.request_stop()
    except StopIteration as end:
        trained = end.value
    assert len(learner.taken) == 10
    assert (trained.state, trained.best_epoch, trained.last_epoch) == ("stopped", 1, 2)
    weights, about = load_tensors(run.folder / BEST_FILE)
    assert digest(weights) == digest(trained.weights)
    assert about["epoch"] == 1


@pytest.mark.parametrize("after", [1, 3, 4, 5, 8, 9])
def test_stopped_and_resumed_equals_uninterrupted(tmp_path, after):
    plain, _ = _run(TinyLearner(), Run.create(tmp_path / "a", {}), LoopConfig(4))
    run, taken = Run.create(tmp_path / "b", {}), 0
    step = train(TinyLearner(), run, LoopConfig(4))
    try:
        while True:
            taken += not isinstance(next(step), ProgressEvent)
            if taken == after:
                run.request_stop()
    except StopIteration as end:
        assert end.value.state == "stopped"
    run.end("stopped")
    again = Run.open(run.folder)
    assert not again.stop_requested()
    learner = TinyLearner()
    trained, said = _run(learner, again, LoopConfig(4))
    assert digest(trained.weights) == digest(plain.weights)
    first = 1 + after // 4
    assert said[0].values["first_epoch"] == first
    assert learner.taken[0] == (first, 0)
    for one, other in zip(trained.history, plain.history, strict=True):
        assert {**one, "seconds": 0} == {**other, "seconds": 0}
    epochs = [e["epoch"] for e in again.events() if e["event"] == "epoch"]
    assert epochs == [0, 1, 2, 3, 4]


def test_one_that_is_finished_is_not_trained_again(run):
    trained, _ = _run(TinyLearner(), run, LoopConfig(2))
    learner = TinyLearner()
    again, _ = _run(learner, run, LoopConfig(2))
    assert learner.taken == []
    assert digest(again.weights) == digest(trained.weights)
    assert again.best_epoch == trained.best_epoch


@pytest.mark.parametrize("bad", [math.nan, math.inf])
@pytest.mark.parametrize("at", [(1, 0), (2, 3)])
def test_a_loss_that_is_no_number(run, monkeypatch, bad, at):
    learner = TinyLearner()
    good = learner.step
    monkeypatch.setattr(
        learner,
        "step",
        lambda *where: StepMetrics(bad, 6) if where == at else good(*where),
    )
    with pytest.raises(InputError, match=rf"not finite in epoch {at[0]},"):
        _run(learner, run, LoopConfig(3))
    assert (run.folder / BEST_FILE).exists() == (at[0] > 1)


def test_a_validation_loss_that_is_no_number(run):
    with pytest.raises(InputError, match="not finite in epoch 1"):
        _run(TinyLearner(losses=(1, math.nan)), run, LoopConfig(3))
    assert "NaN" not in (run.folder / "log.jsonl").read_text()


def test_a_full_disk_leaves_the_checkpoint_before(run, monkeypatch):
    """The second checkpoint does not fit; resumed later, all is as without it."""
    sound, calls = checkpoint.atomic_write, []

    def full(path):
        if path.name == CHECKPOINT_FILE:
            calls.append(path)
            if len(calls) == 2:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return sound(path)

    monkeypatch.setattr(checkpoint, "atomic_write", full)
    with pytest.raises(InputError, match=r"No space left.*make room") as told:
        _run(TinyLearner(), run, LoopConfig(3))
    assert CHECKPOINT_FILE in str(told.value)
    assert load_tensors(run.folder / CHECKPOINT_FILE)[1]["epoch"] == 1
    trained, _ = _run(TinyLearner(), run, LoopConfig(3))
    plain, _ = _run(
        TinyLearner(), Run.create(run.folder.parent / "plain", {}), LoopConfig(3)
    )
    assert digest(trained.weights) == digest(plain.weights)


def test_tensors_come_back_to_the_bit(tmp_path):
    tensors = {
        "half": torch.randn(3, 4).half(),
        "last": torch.randn(2, 3, 4, 5).to(memory_format=torch.channels_last),
        "part": torch.arange(10)[::2],
        "shared": torch.ones(3).expand(2, 3),
        "one": torch.tensor(7.0),
    }
    save_tensors(tmp_path / "a", tensors, {"epoch": 3, "said": "ü"})
    found, about = load_tensors(tmp_path / "a")
    assert about == {"epoch": 3, "said": "ü"}
    assert found.keys() == tensors.keys()
    for name, tensor in tensors.items():
        assert found[name].dtype == tensor.dtype
        assert torch.equal(found[name], tensor)


@pytest.mark.parametrize("size", [0, 5, 40, -3])
def test_a_checkpoint_that_is_cut_short_is_refused(run, size):
    run_to_end(train(TinyLearner(), run, LoopConfig(1)))
    path = run.folder / CHECKPOINT_FILE
    path.write_bytes(path.read_bytes()[:size])
    with pytest.raises(InputError, match="not a readable checkpoint"):
        _run(TinyLearner(), run, LoopConfig(2))
