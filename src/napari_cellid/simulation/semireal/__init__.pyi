from .draw import draw_semireal as draw_semireal
from .field import SemirealField as SemirealField
from .field import simulate_red as simulate_red
from .green import MarkedGreen as MarkedGreen

__all__ = [
    "MarkedGreen",
    "SemirealField",
    "draw_semireal",
    "simulate_red",
]
