"""The docks as napari opens them: what they import is imported behind a sign.

The first dock needs pandas, scipy, dask and the like, which takes seconds on a slow
computer. They are imported in a thread, so that the window goes on drawing.
"""

from __future__ import annotations

import importlib
import sys
from functools import partial
from typing import Any

from napari_cellid.widgets._shared.waiting import wait_for

#: module of each dock, and how the dock is called
_DOCKS = {
    "IdentifyWidget": ("identify", "Identify cells"),
    "AnnotateWidget": ("annotate", "Annotate cells"),
    "GalleryWidget": ("gallery", "Cell gallery"),
    "AgreementWidget": ("agreement", "Agreement"),
    "RetrainWidget": ("retrain", "Retrain"),
    "TracesWidget": ("traces", "Traces"),
    "CellTableWidget": ("cell_table", "Cell table"),
}
__all__ = list(_DOCKS)


def __getattr__(name: str) -> Any:
    """The class of a dock."""
    if name not in _DOCKS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    package, title = _DOCKS[name]
    module = f"{__package__}.{package}.widget"
    if module not in sys.modules:
        load = partial(importlib.import_module, module)
        wait_for(load, f"Opening {title}…", at_once=True)
    return getattr(sys.modules[module], name)
