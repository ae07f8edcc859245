"""Layers are removed in a real window; run by test_removal_window.py under Xvfb."""

from __future__ import annotations

import os
import sys
import time

import napari
import numpy as np
from qtpy.QtGui import QOpenGLContext
from qtpy.QtWidgets import QApplication
from vispy.gloo import glir

from napari_cellid.widgets.session.session import session_of


def draw(times: int) -> None:
    for _ in range(times):
        QApplication.processEvents()
        time.sleep(0.01)


def main() -> None:
    # the OpenGL context that is current when a program is deleted
    contexts = []
    delete = glir.GlirProgram.delete

    def note(program: glir.GlirProgram) -> None:
        contexts.append(QOpenGLContext.currentContext())
        delete(program)

    glir.GlirProgram.delete = note
    viewer = napari.Viewer()
    viewer.window._qt_window.resize(800, 600)
    session_of(viewer)
    images = np.random.default_rng(0).random((2, 3, 64, 64)).astype("float32")
    for image in images:
        viewer.add_image(image, blending="additive")
    draw(20)
    for _ in range(3):
        # without the session, this ends in a segmentation fault
        viewer.layers.pop(0)
        draw(1)
        viewer.add_image(images[0], blending="additive")
        draw(2)
    own = viewer.window._qt_viewer.canvas._scene_canvas.native.context()
    assert len(contexts) >= 3, contexts
    assert all(context == own for context in contexts), (own, contexts)
    sys.stdout.write("all removed\n")
    sys.stdout.flush()
    # closing is not what is looked at
    os._exit(0)


if __name__ == "__main__":
    main()
