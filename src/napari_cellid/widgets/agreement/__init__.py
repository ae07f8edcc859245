"""The Agreement dock: how far annotators agree, and cells that they dispute."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
