"""Pictures of the documentation, in as few bytes as they are seen with.

Every version of a picture stays in the history of the repository.
"""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING

from PIL import Image

from napari_cellid.files import atomic_write

if TYPE_CHECKING:
    from pathlib import Path

    from matplotlib.figure import Figure

#: curves, boxes and text need no more
_COLOURS = 256
#: of JPEG, at which text beside an image stays sharp
_QUALITY = 72


def save_picture(picture: Image.Image, path: Path) -> None:
    """Write JPEG for images, PNG of few colours for text, curves and boxes."""
    picture = picture.convert("RGB")
    with atomic_write(path) as temporary:
        if path.suffix == ".png":
            few = picture.quantize(_COLOURS, dither=Image.Dither.NONE)
            few.save(temporary, "PNG", optimize=True)
        else:
            # the edges of text are coloured, so that colours are not thinned out
            picture.save(
                temporary, "JPEG", quality=_QUALITY, optimize=True, subsampling=0
            )


def save_figure(figure: Figure, path: Path, dpi: int) -> None:
    """Write a figure of matplotlib as `save_picture` does."""
    # a figure that is made without pyplot has a canvas without pixels
    pixels = BytesIO()
    figure.savefig(pixels, format="png", dpi=dpi)
    save_picture(Image.open(pixels), path)
