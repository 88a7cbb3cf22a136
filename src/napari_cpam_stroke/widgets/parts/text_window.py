"""A window of text beside napari: the list of keys, a model's card."""

from __future__ import annotations

from pathlib import Path

from qtpy.QtWidgets import QDialog, QTextBrowser, QVBoxLayout, QWidget


class TextWindow(QDialog):
    """Text that can be read, copied and closed; napari stays usable while it is open."""

    def __init__(self, parent: QWidget | None, *, title: str, size: tuple[int, int]) -> None:
        super().__init__(parent)
        self.setWindowTitle(title)
        self.text = QTextBrowser()
        QVBoxLayout(self).addWidget(self.text)
        self.resize(*size)

    def show_html(self, html: str) -> None:
        """Show a text in HTML."""
        self.text.setHtml(html)
        self._come_forward()

    def show_markdown(self, markdown: str, *, folder: Path) -> None:
        """Show a text in Markdown; `folder` is where its pictures lie."""
        self.text.setSearchPaths([str(folder)])
        self.text.setMarkdown(markdown)
        self._come_forward()

    def _come_forward(self) -> None:
        self.show()
        self.raise_()
