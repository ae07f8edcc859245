"""Importing torch into a process that has windows."""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import os
import sys
import time
from typing import TYPE_CHECKING

from napari_cellid.device import share_cores
from napari_cellid.progress import Progress

if TYPE_CHECKING:
    from napari_cellid.progress import Step

#: in this time (s) a window draws a line of text
_DRAW_S = 0.15


def announce_torch() -> Step[None]:
    """Say that PyTorch will be imported, and let the window show it before.

    The first import after the start of napari takes seconds, in which the window can
    hardly draw anything.
    """
    if "torch" not in sys.modules:
        yield Progress("Loading PyTorch…")
        time.sleep(_DRAW_S)


def import_torch() -> None:
    """Import torch and torchvision so that they do not crash beside OpenGL.

    On Linux torchvision imports triton, which brings an LLVM of its own. If the
    graphics driver has loaded another LLVM (Mesa: AMD cards, virtual machines, remote
    desktops), the two mix and the process dies with a segmentation fault. Here triton
    is loaded with RTLD_DEEPBIND, so that it resolves symbols within itself first.
    """
    share_cores()
    # only glibc has it
    deep_bind = getattr(os, "RTLD_DEEPBIND", 0)
    load_triton = "triton" not in sys.modules and importlib.util.find_spec("triton")
    if deep_bind and load_triton:
        flags = sys.getdlopenflags()
        sys.setdlopenflags(flags | deep_bind)
        try:
            # torch works without it
            with contextlib.suppress(ImportError):
                importlib.import_module("triton")
        finally:
            sys.setdlopenflags(flags)
    importlib.import_module("torch")
    importlib.import_module("torchvision")
