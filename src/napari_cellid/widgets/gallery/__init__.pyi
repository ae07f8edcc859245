from .widget import GalleryWidget as GalleryWidget

__all__ = ["GalleryWidget"]
