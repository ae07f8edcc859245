from .card import ModelCard, Task, check_matches_network, package_versions
from .registry import ALIASES, DEFAULTS, SHIPPED_MODELS, find_model
from .store import list_models, load_card, load_weights, save_model

__all__ = [
    "ALIASES",
    "DEFAULTS",
    "SHIPPED_MODELS",
    "ModelCard",
    "Task",
    "check_matches_network",
    "find_model",
    "list_models",
    "load_card",
    "load_weights",
    "package_versions",
    "save_model",
]
