"""A window that shows pages of the documentation without a browser."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import Qt, QUrl
from qtpy.QtGui import QDesktopServices, QImage, QTextCursor, QTextDocument
from qtpy.QtWidgets import QDialog, QHBoxLayout, QPushButton, QTextBrowser, QVBoxLayout

from napari_cellid.widgets._shared.help_pages import slug

if TYPE_CHECKING:
    from qtpy.QtWidgets import QWidget

_SIZE = (820, 720)


class HelpWindow(QDialog):
    """Shows Markdown files, follows their links, and goes back.

    Parameters
    ----------
    folder
        Folder of the documentation.
    """

    def __init__(self, folder: Path, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("napari-cellid: help")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.browser = _Browser()
        self.browser.anchorClicked.connect(self._follow)
        self.back = QPushButton("Back")
        self.back.setEnabled(False)
        self.back.clicked.connect(self._go_back)
        self.home = QPushButton("All pages")
        self.home.clicked.connect(self._show_home)
        self._folder = folder
        self._visited: list[str] = []
        buttons = QHBoxLayout()
        buttons.addWidget(self.back)
        buttons.addWidget(self.home)
        buttons.addStretch(1)
        layout = QVBoxLayout(self)
        layout.addLayout(buttons)
        layout.addWidget(self.browser, 1)
        self.resize(*_SIZE)

    def show_page(self, address: str) -> None:
        """Show a page, from a heading on if the address has one.

        Parameters
        ----------
        address
            Path of a Markdown file, with or without "#" and the heading.
        """
        path, _, heading = address.partition("#")
        self._visited.append(address)
        self.back.setEnabled(len(self._visited) > 1)
        self.browser.show_file(Path(path))
        self.browser.go_to_heading(heading)

    def _follow(self, link: QUrl) -> None:
        address = link.toString()
        if link.scheme() in ("http", "https", "mailto"):
            QDesktopServices.openUrl(link)
            return
        here = Path(self._visited[-1].partition("#")[0])
        path, mark, heading = address.partition("#")
        target = (here.parent / path).resolve() if path else here
        if target.is_file():
            self.show_page(f"{target}{mark}{heading}")

    def _go_back(self) -> None:
        self._visited.pop()
        self.show_page(self._visited.pop())

    def _show_home(self) -> None:
        self.show_page(str(self._folder / "index.md"))


class _Browser(QTextBrowser):
    """Shows a file; images are no wider than the window."""

    def __init__(self) -> None:
        super().__init__()
        self.setOpenLinks(False)

    def show_file(self, path: Path) -> None:
        self._folder = path.parent
        self.setMarkdown(path.read_text(encoding="utf-8"))
        self.moveCursor(QTextCursor.MoveOperation.Start)

    def go_to_heading(self, wanted: str) -> None:
        block = self.document().begin()
        while wanted and block.isValid():
            if block.blockFormat().headingLevel() and slug(block.text()) == wanted:
                self.setTextCursor(QTextCursor(self.document().lastBlock()))
                self.setTextCursor(QTextCursor(block))
                return
            block = block.next()

    def loadResource(self, kind: int, name: QUrl) -> Any:
        if kind != QTextDocument.ResourceType.ImageResource.value:
            return super().loadResource(kind, name)
        image = QImage(str(self._folder / name.toString()))
        widest = max(self.viewport().width(), 400) - 40
        smooth = Qt.TransformationMode.SmoothTransformation
        return image if image.width() <= widest else image.scaledToWidth(widest, smooth)
