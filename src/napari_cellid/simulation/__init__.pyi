from .animals import Cohort as Cohort
from .conditions import KINDS as KINDS
from .conditions import draw_config as draw_config
from .field import SimulatedField as SimulatedField
from .field import simulate as simulate
from .movie import Movie as Movie
from .movie import simulate_movie as simulate_movie
from .sample import simulated_field as simulated_field

__all__ = [
    "KINDS",
    "Cohort",
    "Movie",
    "SimulatedField",
    "draw_config",
    "simulate",
    "simulate_movie",
    "simulated_field",
]
