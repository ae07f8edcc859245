from .widget import IdentifyWidget as IdentifyWidget

__all__ = ["IdentifyWidget"]
