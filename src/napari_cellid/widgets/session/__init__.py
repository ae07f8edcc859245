"""The study that is open in a viewer, and what the viewer shows of it."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
