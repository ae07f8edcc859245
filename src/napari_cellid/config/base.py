"""Base class of all settings."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Config(BaseModel):
    """Frozen settings; unknown names and values out of range are errors.

    Every field has a title, a description and bounds, from which the forms, the
    tooltips, `--help` and the JSON of a run are made.
    """

    # frozen, so that settings can be keys of a dict; no extra keys, because a setting
    # with a misspelt key would silently keep its default
    model_config = ConfigDict(frozen=True, extra="forbid")
