"""The columns of the cell table: titles, tooltips and texts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from napari_cellid.annotation.answer import answer_text
from napari_cellid.config import NO_CLASS, NO_CLASS_TEXT
from napari_cellid.report.table import NONE
from napari_cellid.retrain.verdict import decimal_text

if TYPE_CHECKING:
    import pandas as pd

#: column of the annotator's own answers, never that of a model's predictions
ANSWER = "answer"
PREDICTED = "predicted"
CONFIDENCE = "confidence"


@dataclass(frozen=True)
class Column:
    """One column.

    Parameters
    ----------
    name
        Its name in the cell table.
    title
        What its head says.
    tip
        What the head's tooltip says.
    digits
        Decimals of its numbers; None for texts and whole numbers.
    of_model
        Whether it says what a model says, which somebody blind must not see.
    """

    name: str
    title: str
    tip: str
    digits: int | None = None
    of_model: bool = False

    @property
    def is_text(self) -> bool:
        """Whether it holds texts."""
        return self.name in TEXTS

    def text(self, value: Any) -> str:
        """Text of one of its values."""
        if value is None or value != value or value == "":
            return "" if self.is_text else NONE
        if self.digits is not None:
            return decimal_text(float(value), self.digits)
        if self.name == PREDICTED and value == NO_CLASS:
            return NO_CLASS_TEXT
        return answer_text(value) if self.name == ANSWER else str(value)


COLUMNS = (
    Column("cell", "Cell", "Number of the cell; it stays when outlines change."),
    Column(PREDICTED, "Model", "Class that the model gives the cell.", None, True),
    Column(
        CONFIDENCE,
        "Conf.",
        "Confidence: the probability that the model gives this class.",
        2,
        True,
    ),
    Column(ANSWER, "My answer", "Your own answer, which is kept in the study."),
    Column("area_um2", "Area", "Area of the outline (µm²).", 0),
    Column(
        "red_contrast",
        "Red",
        "Contrast of red: mean in the cell over the mean around it, less 1.",
        2,
    ),
    Column(
        "green_contrast",
        "Green",
        "Contrast of green: mean in the cell over the mean around it, less 1.",
        2,
    ),
    Column("plane", "Plane", "Plane of the stack; the first one is 0."),
    Column("recording", "Recording", "Name of the recording."),
    Column("animal", "Animal", "Animal, as it is named in the study."),
)
#: columns that hold texts
TEXTS = (PREDICTED, ANSWER, "recording", "animal")
#: columns whose ranges can be narrowed, and their names in sentences
RANGES = {
    CONFIDENCE: "Confidence",
    "red_contrast": "Red contrast",
    "green_contrast": "Green contrast",
    "area_um2": "Area (µm²)",
}


def columns_of(cells: pd.DataFrame, *, blind: bool) -> tuple[Column, ...]:
    """The columns that are shown of a table.

    Parameters
    ----------
    cells
        A cell table with `recording` and `answer`.
    blind
        Whether what a model says is left out.
    """
    several = {"recording": cells["recording"].nunique() > 1}
    if "animal" in cells:
        several["animal"] = bool(cells["animal"].astype(str).ne("").any())
    if "plane" in cells:
        several["plane"] = cells["plane"].nunique() > 1
    shown = (column for column in COLUMNS if column.name in cells)
    return tuple(
        column
        for column in shown
        if several.get(column.name, True) and not (blind and column.of_model)
    )
