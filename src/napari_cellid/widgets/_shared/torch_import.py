"""Importing torch into a process that draws windows."""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import os
import sys

from napari_cellid.device import share_cores


def import_torch() -> None:
    """Import torch and torchvision, without the crash beside OpenGL.

    On Linux torchvision imports triton, which brings an LLVM of its own. Where the
    graphics driver has loaded another LLVM (Mesa: AMD cards, virtual machines, remote
    desktops) the two mix and the process dies with a segmentation fault. Loaded so
    that it looks for symbols in itself first, triton does not meet the other one.
    """
    share_cores()
    deep = getattr(os, "RTLD_DEEPBIND", 0)
    wanted = "triton" not in sys.modules and importlib.util.find_spec("triton")
    if deep and wanted:
        flags = sys.getdlopenflags()
        sys.setdlopenflags(flags | deep)
        try:
            # torch works without it
            with contextlib.suppress(ImportError):
                importlib.import_module("triton")
        finally:
            sys.setdlopenflags(flags)
    importlib.import_module("torch")
    importlib.import_module("torchvision")
