from .channels import ChannelTransform as ChannelTransform
from .channels import find_channel_transform as find_channel_transform
from .movie import MovieShifts as MovieShifts
from .movie import find_movie_shifts as find_movie_shifts
from .register import Registration as Registration
from .register import register_channels as register_channels
from .register import register_movie as register_movie

__all__ = [
    "ChannelTransform",
    "MovieShifts",
    "Registration",
    "find_channel_transform",
    "find_movie_shifts",
    "register_channels",
    "register_movie",
]
