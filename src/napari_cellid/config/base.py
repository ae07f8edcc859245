"""What all settings share."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Config(BaseModel):
    """Frozen settings; unknown names and values out of range are refused.

    Every field has a title, a description and bounds, from which the form, the
    tooltip, `--help` and the JSON of a run are made.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
