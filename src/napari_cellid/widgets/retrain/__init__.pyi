from .widget import RetrainWidget as RetrainWidget

__all__ = ["RetrainWidget"]
