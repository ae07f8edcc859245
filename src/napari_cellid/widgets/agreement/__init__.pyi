from .widget import AgreementWidget as AgreementWidget

__all__ = ["AgreementWidget"]
