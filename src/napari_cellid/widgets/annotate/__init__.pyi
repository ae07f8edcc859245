from .widget import AnnotateWidget as AnnotateWidget

__all__ = ["AnnotateWidget"]
