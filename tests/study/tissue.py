"""Tissues with known cells, and studies that go through random changes of them."""

from __future__ import annotations

import random
import shutil
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache, partial
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from napari_cellid.annotation.all_answers import read_annotations
from napari_cellid.annotation.answer import Answer
from napari_cellid.annotation.journal import Journal
from napari_cellid.cells.measure import measure, with_classes
from napari_cellid.config import RecordingInfo
from napari_cellid.errors import InputError
from napari_cellid.identify import IdentifyResult
from napari_cellid.recording import MeanPlanes
from napari_cellid.study.classes import rename_class
from napari_cellid.study.csv_exchange import export_study_answers, import_study_answers
from napari_cellid.study.merge import merge_studies
from napari_cellid.study.replaced import bring_back, list_replaced
from napari_cellid.study.save_results import add_recording
from napari_cellid.study.study import Study

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

UM = 1.25
_HEIGHT, _WIDTH, _CELLS = 160, 200, 60
#: true cells are at least this far apart (px): two cells never share a place
_APART = 13.0
CLASSES = ("excitatory", "inhibitory", "glia")
START = datetime(2026, 1, 5, 9, tzinfo=UTC)


@dataclass(frozen=True)
class Tissue:
    """Cells at known places, and images of them."""

    number: int
    places: np.ndarray
    image: np.ndarray

    def outlines(self, rng: np.random.Generator) -> np.ndarray:
        """Outlines as a segmentation could give them: some missed, some superfluous."""
        labels = np.zeros((1, _HEIGHT, _WIDTH), np.int32)
        order = rng.permutation(len(self.places))
        for label, k in enumerate(order, 1):
            if rng.random() < 0.12:
                continue
            y, x = self.places[k] + rng.normal(0, 0.7, 2)
            _disc(labels[0], y, x, rng.uniform(3.5, 5), label)
        for label in range(1000, 1000 + int(rng.integers(0, 4))):
            y, x = rng.uniform(6, (_HEIGHT - 6, _WIDTH - 6))
            _disc(labels[0], y, x, 3, label, keep=True)
        return labels

    def cell_at(self, y: float, x: float) -> int:
        """Number of the true cell at a place; -1 if there is none."""
        distance = np.hypot(*(self.places - (y, x)).T)
        return int(distance.argmin()) if distance.min() <= _APART / 2 else -1


@cache
def tissue(number: int) -> Tissue:
    """A tissue by its number."""
    rng = np.random.default_rng(number)
    places: list[np.ndarray] = []
    while len(places) < _CELLS:
        place = rng.uniform(8, (_HEIGHT - 8, _WIDTH - 8))
        if all(np.hypot(*(place - other)) >= _APART for other in places):
            places.append(place)
    image = np.zeros((_HEIGHT, _WIDTH))
    for y, x in places:
        image[int(y), int(x)] = rng.uniform(0.5, 2)
    blobs = ndimage.gaussian_filter(image, 3) * 60
    tiny = ndimage.gaussian_filter(rng.normal(0, 1, image.shape), 2)
    return Tissue(number, np.array(places), (100 + 50 * blobs + 20 * tiny)[None])


def _disc(
    plane: np.ndarray, y: float, x: float, radius: float, label: int, keep: bool = False
) -> None:
    rows, columns = np.ogrid[:_HEIGHT, :_WIDTH]
    inside = (rows - y) ** 2 + (columns - x) ** 2 <= radius**2
    if keep:
        inside &= plane == 0
    plane[inside] = label


def identified(name: str, of: Tissue, rng: np.random.Generator) -> IdentifyResult:
    """A result of Identify for a tissue, with noise of its own."""
    noise = rng.normal(0, 3, of.image.shape)
    image = (of.image + noise).astype(np.float32)
    planes = MeanPlanes(name, image, image[:, ::-1].copy(), pixel_size_um=UM)
    labels = of.outlines(rng)
    cells = measure(labels, planes)
    cells = with_classes(cells, np.full((len(cells), 3), 1 / 3, np.float32), CLASSES)
    run = {"recording": name, "sources": [], "settings": {}, "models": {}}
    return IdentifyResult(planes, labels, cells, CLASSES, None, run)


#: annotator, recording, number, row and column of a line, as it stands in a journal
Line = tuple[str, str, int, float, float]


@dataclass
class Soak:
    """A study, copies of it, and what is true of the answers in them."""

    folder: Path
    seed: int
    #: number of the tissue that each study shows under each name
    shown: dict[Path, dict[str, int]] = field(default_factory=dict)
    #: tissue and true cell of every line
    truth: dict[Line, tuple[int, int]] = field(default_factory=dict)
    n_answers: int = 0
    n_checked: int = 0

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)
        self.rng = np.random.default_rng(self.seed)
        self.clock = START
        self.main = self.folder / "study"
        Study.create(self.main)
        self.shown[self.main] = {}
        self.copies = 0
        for number, name in enumerate(("day1", "day2")):
            self._store(self.main, name, 10 * self.seed + number)

    def run(self, n_steps: int) -> None:
        """Go through random changes, and check the answers after each."""
        actions = (
            [self.answer] * 6
            + [self.identify_again] * 4
            + [self.undo, self.rename, self.restore, self.exchange]
            + [self.other_tissue, self.bring_back, self.copy_and_merge]
        )
        self.answer()
        for _ in range(n_steps):
            self.random.choice(actions)()
            self.check()

    def answer(self, path: Path | None = None, n: int = 12) -> None:
        """A person answers some cells."""
        path = path or self.main
        study = Study.open(path)
        person = self.random.choice(["Ann", "Bo", "Cem"])
        name = self.random.choice(study.recordings)
        cells = study.recording(name).cells()
        seed = self.random.randrange(9999)
        rows = cells.sample(min(n, len(cells)), random_state=seed)
        journal = Journal.open(study.annotations, person)
        for _, row in rows.iterrows():
            self.clock += timedelta(seconds=3)
            line = Answer(
                time=self.clock, annotator=person, recording=name,
                cell=int(row["cell"]), plane=0, y=float(row["y"]), x=float(row["x"]),
                answer=self.random.choice([*study.config.answers[:3], "unsure"]),
            )  # fmt: skip
            self._know(path, line)
            journal.add(line)
        journal.close()
        self.n_answers += len(rows)

    def identify_again(self, path: Path | None = None) -> None:
        """The same tissue is outlined anew."""
        path = path or self.main
        name = self.random.choice(list(self.shown[path]))
        self._store(path, name, self.shown[path][name])

    def other_tissue(self) -> None:
        """Other images are stored under a name; first it is asked, then it is said."""
        name = self.random.choice(list(self.shown[self.main]))
        other = self.random.randrange(1000, 9999)
        study = Study.open(self.main)
        result = identified(name, tissue(other), self.rng)
        try:
            add_recording(study, result, RecordingInfo(pixel_size_um=UM))
        except InputError:
            self._store(self.main, name, other)
            return
        raise AssertionError("other images were stored without a question")

    def bring_back(self) -> None:
        """A replaced recording comes back."""
        parent = self.main / "recordings"
        replaced = [one for one in list_replaced(parent) if one.other_images]
        if not replaced:
            return
        chosen = self.random.choice(replaced)
        bring_back(parent, chosen)
        image = Study.open(self.main).recording(chosen.name).planes().red
        self.shown[self.main][chosen.name] = self._tissue_of(image)

    def undo(self) -> None:
        """A person takes answers back, and perhaps gives one again."""
        study = Study.open(self.main)
        for path in study.annotations.glob("*.jsonl"):
            journal = Journal.open(study.annotations, path.stem)
            for _ in range(self.random.randrange(4)):
                journal.undo()
            if self.random.random() < 0.5:
                journal.redo()
            journal.close()

    def restore(self) -> None:
        """A person's answers go back to an earlier time."""
        study = Study.open(self.main)
        for path in list(study.annotations.glob("*.jsonl"))[:1]:
            journal = Journal.open(study.annotations, path.stem)
            back = timedelta(seconds=self.random.randrange(1, 60))
            journal.restore(self.clock - back)
            journal.close()

    def rename(self) -> None:
        """A class gets another name."""
        study = Study.open(self.main)
        chosen = self.random.choice(study.config.classes)
        name = f"{chosen.id} {self.random.randrange(10**6)}"
        study.edit_config(partial(rename_class, class_id=chosen.id, name=name))

    def exchange(self) -> None:
        """All answers go through a CSV file."""
        path = self.folder / "answers.csv"
        export_study_answers(Study.open(self.main), path)
        import_study_answers(Study.open(self.main), path)
        self._know_imported()

    def copy_and_merge(self) -> None:
        """A copy is worked on elsewhere, and merged into the study."""
        self.copies += 1
        copy = self.folder / f"copy {self.copies}"
        shutil.copytree(self.main, copy)
        self.shown[copy] = dict(self.shown[self.main])
        for path in (copy, self.main, copy):
            self.random.choice([self.answer, self.identify_again])(path)
        if self.random.random() < 0.2:
            self._refuse_other_tissue(copy)
        else:
            merge_studies(Study.open(self.main), Study.open(copy))
        shutil.rmtree(copy)

    def _refuse_other_tissue(self, copy: Path) -> None:
        """A copy that shows other tissue under a name of the study is not merged."""
        name = self.random.choice(list(self.shown[copy]))
        self._store(copy, name, self.random.randrange(1000, 9999))
        self.answer(copy)
        try:
            merge_studies(Study.open(self.main), Study.open(copy))
        except InputError:
            return
        raise AssertionError("a copy with other images was merged")

    def check(self) -> None:
        """No answer counts for another cell; none is lost without being listed."""
        study = Study.open(self.main)
        lines = read_annotations(study.annotations).all_answers
        matched = study.match_answers(lines)
        assert len(matched.all_answers) + len(matched.unmatched) == len(lines)
        for name, rows in matched.all_answers.groupby("recording"):
            cells = study.recording(str(name)).cells().set_index("cell")
            here = self.shown[self.main][str(name)]
            for row in rows.itertuples():
                self._check_row(row, cells.loc[row.cell], here)

    def _check_row(self, row: object, cell: pd.Series, here: int) -> None:
        line = (row.annotator, row.recording, row.given_cell, row.y, row.x)
        of_tissue, true_cell = self.truth[line]
        assert of_tissue == here, "an answer counts for other tissue"
        distance = np.hypot(cell["y"] - row.y, cell["x"] - row.x) * UM
        assert distance <= (12 if row.cell == row.given_cell else 6)
        now = tissue(here).cell_at(cell["y"], cell["x"])
        assert now == true_cell or -1 in (now, true_cell)
        self.n_checked += 1

    def _store(self, path: Path, name: str, number: int) -> None:
        result = identified(name, tissue(number), self.rng)
        info = RecordingInfo(pixel_size_um=UM)
        add_recording(Study.open(path), result, info, replace=True)
        self.shown[path][name] = number

    def _know(self, path: Path, line: Answer) -> None:
        number = self.shown[path][line.recording]
        true_cell = tissue(number).cell_at(line.y, line.x)
        key = (line.annotator, line.recording, line.cell, line.y, line.x)
        self.truth[key] = (number, true_cell)

    def _know_imported(self) -> None:
        """Lines that an import wrote are about the cells of the lines before."""
        lines = read_annotations(Study.open(self.main).annotations).all_answers
        for row in lines.itertuples():
            key = (row.annotator, row.recording, row.cell, row.y, row.x)
            if key in self.truth:
                continue
            near = [
                known
                for (person, name, _, y, x), known in self.truth.items()
                if (person, name) == (row.annotator, row.recording)
                and np.hypot(y - row.y, x - row.x) * UM < 6
            ]
            assert near, "an import wrote an answer that nobody gave"
            self.truth[key] = near[-1]

    def _tissue_of(self, image: np.ndarray) -> int:
        known = {number for number, _ in self.truth.values()}
        known |= {n for shown in self.shown.values() for n in shown.values()}
        return max(
            known,
            key=lambda n: np.corrcoef(tissue(n).image.ravel(), image.ravel())[0, 1],
        )


def soak(folder: Path, seed: int, n_steps: int) -> Soak:
    """Take one study through random changes."""
    run = Soak(folder, seed)
    run.run(n_steps)
    return run
