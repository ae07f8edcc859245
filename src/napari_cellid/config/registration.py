"""Settings of registration."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from napari_cellid.config.base import Config

RegisterWhat = Literal["off", "channels", "movie", "both"]
TransformKind = Literal["shift", "scale", "affine"]


class RegistrationConfig(Config):
    """Settings of registration."""

    registration: RegisterWhat = Field(
        "off",
        title="Registration",
        description="What is aligned before cells are outlined: channels brings red "
        "onto green, movie takes rigid motion out of a movie that was not motion-"
        "corrected, both does both. With off, channels that lie apart are noticed.",
    )
    channel_transform: TransformKind = Field(
        "shift",
        title="Channel transform",
        description="How red may lie compared with green: shift; scale, a shift and "
        "another magnification; affine, also turned and sheared. Less freedom finds "
        "the shift more exactly.",
    )
