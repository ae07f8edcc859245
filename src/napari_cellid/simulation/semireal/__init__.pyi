from .draw import draw_semireal as draw_semireal
from .field import SemirealField as SemirealField
from .field import relabel_from_one as relabel_from_one
from .field import simulate_red as simulate_red
from .green import MarkedGreen as MarkedGreen

__all__ = [
    "MarkedGreen",
    "SemirealField",
    "draw_semireal",
    "relabel_from_one",
    "simulate_red",
]
