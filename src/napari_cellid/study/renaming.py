"""Giving a recording of a study a title, see `study.titles`."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from napari_cellid.errors import InputError
from napari_cellid.naming import check_name, name_key
from napari_cellid.study.settings import STUDY_FILE, StudySettings, edit_settings

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
    study.recording(name)
    study.check_present()
    checked = _checked(name, title)

    def edit(before: StudySettings) -> StudySettings:
        # another computer may have given titles since the study was read
        _check_free(study, before, name, checked)
        return _with_title(before, name, checked)

    path = study.path / STUDY_FILE
    edit_settings(path, StudySettings(study.config), edit)
    return type(study).open(study.path)


def _checked(name: str, title: str) -> str:
    """A title in its clean form; "" for none."""
    checked = check_name(title, "recording")
    if len(checked) > LONGEST_TITLE:
        raise InputError(
            f"A title of {len(checked)} characters is too long for lists and tables; "
            f"give {name} one of at most {LONGEST_TITLE}."
        )
    return "" if checked == name else checked


def _check_free(study: Study, settings: StudySettings, name: str, title: str) -> None:
    for other, info in study.recording_infos().items():
        own = str(settings.overrides.get(other, {}).get("title", info.title))
        if title and other != name and name_key(title) in map(name_key, (other, own)):
            raise InputError(
                f"{name} cannot be called '{title}', because the recording {other} of "
                "this study is called so; choose another title."
            )


def _with_title(settings: StudySettings, name: str, title: str) -> StudySettings:
    overrides = {key: dict(table) for key, table in settings.overrides.items()}
    table = overrides.setdefault(name, {})
    table.pop("title", None)
    if title:
        table["title"] = title
    if not table:
        del overrides[name]
    return replace(settings, overrides=overrides)
