from .plot import CellTraces as CellTraces
from .widget import TracesWidget as TracesWidget

__all__ = ["CellTraces", "TracesWidget"]
