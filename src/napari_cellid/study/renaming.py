"""Giving a recording of a study a title, see `study.titles`."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from napari_cellid.errors import InputError
from napari_cellid.naming import check_name, clean_name, name_key
from napari_cellid.study.settings import (
    RECORDING_FILE,
    STUDY_FILE,
    StudySettings,
    edit_settings,
    read_recording_info,
    table_name,
)

if TYPE_CHECKING:
    from napari_cellid.study.study import Study

#: longest title (characters) that lists and tables can show
LONGEST_TITLE = 100


def rename_recording(study: Study, name: str, title: str) -> Study:
    """Give a recording a title, under which people see it; its name stays.

    Parameters
    ----------
    study
        The study.
    name
        Name of the recording.
    title
        The title; "" or the name itself takes the title away.

    Returns
    -------
    The study, opened again.

    Raises
    ------
    InputError
        If there is no such recording, another one has this name or title, it cannot be
        a title, or it cannot be written.
    """
    study.check_present()
    # titles that another computer has taken away since the study was read are free
    now = study.with_current_settings()
    folder = now.recording(name).folder
    checked = _checked(name, title)
    own = read_recording_info(folder / RECORDING_FILE, {}).title

    def edit(before: StudySettings) -> StudySettings:
        # and another one may just have been given
        _check_free(now, before, name, checked)
        return _with_title(before, name, checked, own)

    path = study.path / STUDY_FILE
    edit_settings(path, StudySettings(study.config), edit)
    return type(study).open(study.path)


def _checked(name: str, title: str) -> str:
    """A title in its clean form; "" for none."""
    checked = check_name(title, "recording")
    if checked == clean_name(name):
        return ""
    if len(checked) > LONGEST_TITLE:
        raise InputError(
            f"A title of {len(checked)} characters is too long for lists and tables; "
            f"give {name} one of at most {LONGEST_TITLE}."
        )
    return checked


def _check_free(study: Study, settings: StudySettings, name: str, title: str) -> None:
    for other, info in study.recording_infos().items():
        table = settings.overrides.get(table_name(settings.overrides, other), {})
        own = str(table.get("title", info.title))
        if title and other != name and name_key(title) in map(name_key, (other, own)):
            raise InputError(
                f"{name} cannot be called '{title}', because the recording {other} of "
                "this study is called so; choose another title."
            )


def _with_title(
    settings: StudySettings, name: str, title: str, own: str
) -> StudySettings:
    """The settings with a title; `own` is one that the recording's own file says."""
    overrides = {key: dict(table) for key, table in settings.overrides.items()}
    name = table_name(overrides, name)
    table = overrides.setdefault(name, {})
    table.pop("title", None)
    if title != own:
        table["title"] = title
    if not table:
        del overrides[name]
    return replace(settings, overrides=overrides)
