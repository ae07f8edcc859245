"""What the pictures of the documentation show, step by step.

Each scene has a window of its own and operates it by the texts that a user reads, so
that a button that was renamed is an error here, and the pages are looked at again.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

from napari_cellid.widgets.annotate.open_study import add_study_docks
from napari_cellid.widgets.gallery.thumbnails import ThumbnailCache
from tools.docs.simulated_study import NEWCOMER, STUDY, answer_half
from tools.docs.window import Window

_SAMPLE = ("napari-cellid", "simulated_field")


def identify(window: Window, _: Path) -> None:
    """The sample, its cells, some of them in detail, and what red marks."""
    window.viewer.open_sample(*_SAMPLE)
    dock = window.dock("Identify cells")
    window.picture("identify-before.jpg")
    window.click("Identify cells", dock)
    window.wait(lambda: window.can_click("Save results", dock), "the cells")
    window.show_whole_field()
    window.picture("identify-after.jpg")
    window.show_whole_field(zoom=3)
    # a cell in the middle of the sample
    window.point_at(0.465, 0.514)
    window.picture("cells-in-detail.jpg")
    window.choose("interneurons", dock)
    window.picture("red-interneurons.png", dock)


def annotate(window: Window, study: Path) -> None:
    """One cell after another."""
    add_study_docks(window.viewer, study, NEWCOMER)
    dock = window.dock("Annotate cells")
    window.press("EIG")
    window.show_whole_field()
    window.picture("annotate.jpg")
    window.press("?")
    window.picture("shortcuts.png", window.shortcut_list())
    window.press("?")
    window.click("Order of the cells", dock)
    window.picture("annotate-classes.jpg", dock)


def gallery(window: Window, study: Path) -> None:
    """All cells of a class side by side."""
    add_study_docks(window.viewer, study, "Ann")
    window.check("Blind", window.dock("Annotate cells"), on=False)
    dock = window.dock("Cell gallery")
    window.choose("by consensus", dock)
    window.choose("excitatory", dock)
    (thumbnails,) = dock.findChildren(ThumbnailCache)
    window.wait(lambda: not thumbnails.worker.busy, "the images of all recordings")
    window.picture("gallery.jpg", dock)


def cell_table(window: Window, study: Path) -> None:
    """All cells in a table, one class of them listed and plotted."""
    add_study_docks(window.viewer, study, "Ann")
    window.check("Blind", window.dock("Annotate cells"), on=False)
    dock = window.dock("Cell table")
    window.wait(lambda: window.can_click("excitatory (", dock), "the cells")
    window.check("glia (", dock, on=False)
    window.click_first_row(dock)
    window.picture("cell-table.png", dock)


def agreement(window: Window, study: Path) -> None:
    """Recordings of a study; figures, vote rule and disputed cells of three people."""
    add_study_docks(window.viewer, study, "Ann")
    annotate_dock = window.dock("Annotate cells")
    window.check("Blind", annotate_dock, on=False)
    window.open_dialog("Recordings", annotate_dock, "recordings.png")
    dock = window.dock("Agreement")
    window.wait(lambda: window.shows("Krippendorff", dock), "the figures")
    window.picture("agreement.png", dock)
    window.open_tab("Vote rule", dock)
    window.picture("vote-rule.png", dock)
    window.open_tab("Disputed cells", dock)
    window.click_first_row(dock)
    window.show_whole_field()
    window.picture("disputed.jpg")


def retrain(window: Window, study: Path) -> None:
    """Setting up a training, and whether it helped."""
    add_study_docks(window.viewer, study, "Ann")
    dock = window.dock("Retrain")
    # the network that a laptop can retrain
    window.choose("resnet18", dock)
    window.wait(lambda: window.shows("on this computer", dock), "the time of training")
    window.picture("retrain-setup.png", dock)
    window.open_tab("Curves", dock)
    window.picture("curves.png", dock)
    window.open_tab("Did it help?", dock)
    window.picture("did-it-help.png", dock)


_SCENES = (identify, annotate, gallery, cell_table, agreement, retrain)


def run(name: str, work: Path, pictures: Path) -> None:
    """Run the scene of this name, on a copy of the study.

    Parameters
    ----------
    name
        Name of a function above.
    work
        Folder that may have the study.
    pictures
        Folder for the pictures.
    """
    # a fixed place, because pictures show it
    study = Path(tempfile.gettempdir()) / "napari-cellid-docs" / STUDY
    shutil.rmtree(study, ignore_errors=True)
    if (work / STUDY).exists():
        shutil.copytree(work / STUDY, study)
    if name == annotate.__name__:
        answer_half(study, work)
    window = Window(pictures)
    scenes = {one.__name__: one for one in _SCENES}
    scenes[name](window, study)
    window.close()
    shutil.rmtree(study, ignore_errors=True)


if __name__ == "__main__":
    scene, work_folder, picture_folder = sys.argv[1:]
    run(scene, Path(work_folder), Path(picture_folder))
