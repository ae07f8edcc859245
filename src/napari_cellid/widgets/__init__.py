"""Dock widgets of napari, the only part of the package that uses Qt and napari."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
