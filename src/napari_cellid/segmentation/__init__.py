"""From mean images to outlined cells: a U-Net, its predictions and its training."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
