from .bleed_correction import correct_bleed_through as correct_bleed_through
from .bleed_through import BleedThrough as BleedThrough
from .bleed_through import bleed_through as bleed_through
from .bleed_through import estimate_bleed_through as estimate_bleed_through
from .model_input import Combination as Combination
from .model_input import InputFormat as InputFormat
from .model_input import combine as combine
from .model_input import plane_image as plane_image
from .normalisation import Normalisation as Normalisation
from .normalisation import contrast_limits as contrast_limits
from .normalisation import normalise as normalise
from .resampling import rescale as rescale

__all__ = [
    "BleedThrough",
    "Combination",
    "InputFormat",
    "Normalisation",
    "bleed_through",
    "combine",
    "contrast_limits",
    "correct_bleed_through",
    "estimate_bleed_through",
    "normalise",
    "plane_image",
    "rescale",
]
