from .widget import CellTableWidget as CellTableWidget

__all__ = ["CellTableWidget"]
