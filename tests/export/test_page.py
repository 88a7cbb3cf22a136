from __future__ import annotations

import re
from base64 import b64decode
from dataclasses import replace
from html.parser import HTMLParser
from io import BytesIO

import numpy as np
from PIL import Image

from napari_cpam_stroke.core import CTVolume
from napari_cpam_stroke.export import CaseResult, render_page


class Page(HTMLParser):
    """Collects text, sources and open tags."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.words: list[str] = []
        self.sources: list[str] = []
        self.open: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs) -> None:
        if tag not in {"meta", "img", "line", "rect"}:
            self.open.append(tag)
        self.sources += [value for name, value in attrs if name in {"src", "href"}]

    def handle_endtag(self, tag: str) -> None:
        if tag not in {"line", "rect"}:
            assert self.open.pop() == tag

    def handle_startendtag(self, tag: str, attrs) -> None:
        """Nothing stays open."""

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(self.words)


def test_it_is_whole_and_needs_nothing_else(result: CaseResult) -> None:
    page = Page(render_page(result))
    assert page.open == []
    assert page.sources
    assert all(source.startswith("data:image/png;base64,") for source in page.sources)
    assert "http" not in render_page(result)


def test_it_says_what_a_reader_must_know(result: CaseResult) -> None:
    text = Page(render_page(result)).text
    for words in (
        "Research use only", "0123456789ab", "0.81", "refers the case to a reader", "A slice is <missing>.",
        "Kernel soft.",
        "tiny 2.0", "ab" * 32, "cpu, float32, 1.2 s", "one slice at a time", "2 to 4", "0.7 ml", "4 to 8 mm",
    ):  # fmt: skip
        assert words in text, words


def test_text_from_outside_is_text(result: CaseResult, bare: CaseResult) -> None:
    page = render_page(result)
    assert "<missing>" not in page
    assert "Reader <1>" not in render_page(bare)
    assert "Reader &lt;1&gt;" in render_page(bare)


def test_pictures_show_the_marked_slices(result: CaseResult) -> None:
    page = Page(render_page(result))
    assert len(page.sources) == 3
    image = Image.open(BytesIO(b64decode(page.sources[0].partition(",")[2])))
    assert image.height == 384
    assert image.info == {}, "nothing but pixels"


def test_a_page_without_model_geometry_or_finding(bare: CaseResult) -> None:
    empty = replace(bare, mask=np.zeros_like(bare.mask))
    text = Page(render_page(empty)).text
    assert "The mask is empty." in text
    assert "no model was run" in text
    assert "no geometry" in text
    assert len(Page(render_page(empty)).sources) == 1


def test_no_word_of_a_finding_being_certain(result: CaseResult) -> None:
    text = Page(render_page(result)).text.lower()
    assert re.findall(r"\bdiagnos\w*", text) == ["diagnosis"], "only to say that it is none"
    assert "patient has" not in text


def test_slices_are_numbered_as_the_viewer_shows_them(volume: CTVolume, mask: np.ndarray) -> None:
    geometry = volume.geometry
    headfirst = replace(
        geometry, positions_mm=geometry.positions_mm * [1, 1, -1], column_direction=-geometry.column_direction
    )
    assert headfirst.display_flips[0]
    page = render_page(CaseResult(replace(volume, geometry=headfirst), mask, "MANUAL"))
    words = " ".join(Page(page).words)
    assert "3 to 5" in words, "of 6 slices those from 1 to 3, counted from 0 at the head"
    assert "1 is next to the feet" in words
