"""Other names of the classes of a result that is shown already."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from napari_cellid.models.class_names import class_markers, name_classes
from napari_cellid.study.predicted_names import rename_classes

if TYPE_CHECKING:
    from napari_cellid.config import StudyConfig
    from napari_cellid.widgets.session.result_layer import ShownResult


def rename_result(
    result: ShownResult, config: StudyConfig, *, of_study: bool = False
) -> bool:
    """Name the classes of a result as a study or a labelling scheme does.

    Parameters
    ----------
    result
        Is changed.
    config
        Settings of the study or of the scheme.
    of_study
        Whether the model is one of the study's own.

    Returns
    -------
    Whether a name or a colour has changed.

    Raises
    ------
    InputError
        If a class may mean something else there, although its name is the same.
    """
    classifier = result.classifier
    if classifier is None or not result.run_result.classes:
        return False
    before, colours = classifier.card, result.colours
    card = name_classes(before, config, of_study=of_study)
    result.naming = config
    same_none = card.class_none == before.class_none
    if card.classes == before.classes and card.scheme == before.scheme and same_none:
        return result.colours != colours
    names = dict(zip(before.classes, card.classes, strict=True))
    changed: Any = classifier
    result.classifier = replace(changed, card=card)
    run = result.run_result
    about = {"classes": {"scheme": card.scheme, "markers": class_markers(card)}}
    result.run_result = replace(
        run,
        cells=rename_classes(run.cells, names),
        classes=card.classes,
        run=run.run | about,
        classifier_card=card,
    )
    result.labelled = replace(
        result.labelled, cells=rename_classes(result.labelled.cells, names)
    )
    if result.rois is not None:
        table = rename_classes(result.rois.table, names)
        result.rois = replace(result.rois, table=table)
    # a class of the study can be called `none`, or one that was is renamed
    result.apply_limits()
    return True
