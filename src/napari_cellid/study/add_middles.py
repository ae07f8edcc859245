"""Cells of a study from their middles alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from napari_cellid.cells.middles import check_middles, median_diameter
from napari_cellid.errors import InputError
from napari_cellid.progress import subprogress
from napari_cellid.segmentation.grow_cell import grow_cells
from napari_cellid.study.added_cells import add_cells
from napari_cellid.study.probability_map import read_probability
from napari_cellid.study.recording_edit import OpenRecording
from napari_cellid.study.run_models import classify_with, run_settings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari_cellid.cells.middles import Middle
    from napari_cellid.progress import Step
    from napari_cellid.study.run_models import RunModels
    from napari_cellid.study.study import Study


@dataclass(frozen=True)
class AddedCells:
    """Cells that were added.

    Parameters
    ----------
    numbers
        Their permanent numbers.
    from_map
        How many have their outline from the probability map; the others are discs.
    """

    numbers: tuple[int, ...]
    from_map: int


def add_middles(
    study: Study,
    name: str,
    middles: Sequence[Middle],
    annotator: str,
    models: RunModels,
) -> Step[AddedCells]:
    """Outline, measure, classify and add the cells around some middles, all or none.

    Parameters
    ----------
    study
        The study.
    name
        Name of the recording.
    middles
        Middles of missed cells.
    annotator
        Who gives them.
    models
        They outline and classify the cells. Without a U-Net the map that the study has
        of the recording is used, if it has one.

    Raises
    ------
    InputError
        If there are no middles, one of them is refused (`check_middles`), or the cells
        cannot be added (`added_cells.add_cells`).
    """
    stored = study.recording(name)
    if not middles:
        raise InputError("There are no middles of cells; give at least one.")
    planes, labels = stored.planes(), stored.labels()
    recording = OpenRecording(study, name, planes, stored.cells())
    diameter = median_diameter(recording.cells, planes)
    # before the slow work
    check_middles(middles, labels, diameter)
    run, probability = stored.run(), None
    if models.segmenter is None and not models.discs:
        probability = read_probability(stored.folder, planes)
    if models.segmenter is not None:
        # torch is loaded only here
        from napari_cellid.device import choose_device
        from napari_cellid.segmentation.predict import predict_cell_maps

        config = run_settings(run)
        step = predict_cell_maps(
            planes, models.segmenter, config.segment, choose_device(config.device)
        )
        probability, _ = yield from subprogress(step, 0, 2)
    grown = list(grow_cells(labels, middles, diameter, probability))
    classify = classify_with(models.classifier, run) if models.classifier else None
    numbers = yield from add_cells(recording, grown, annotator, classify)
    return AddedCells(numbers, sum(cell.source == "map" for cell in grown))
