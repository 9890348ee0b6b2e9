"""HTML of our own as PDF: fonts embedded, nothing loaded but our fonts and what is inside the text, the same bytes for the same text."""

import hashlib
import io
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

from app.lazy import lazy

ttlib = lazy("fontTools.ttLib")

_FONTS = Path(__file__).parents[2] / "static" / "dist" / "fonts"
_FACES = (
    ("Text", 400, "source-sans-3-latin-400-normal.woff2"),
    ("Text", 600, "source-sans-3-latin-600-normal.woff2"),
    ("Heads", 500, "newsreader-latin-500-normal.woff2"),
)
FONTS = "".join(
    f'@font-face {{ font-family: "Throughline {name}"; font-weight: {weight}; src: url("{(_FONTS / file).as_uri()}") }}\n'
    for name, weight, file in _FACES
)
"""The rules that name our fonts. What they lack (other scripts) comes from the machine's."""

TEXT = '"Throughline Text", "Noto Sans", "DejaVu Sans", sans-serif'
HEADS = '"Throughline Heads", "Noto Serif", "DejaVu Serif", serif'


def laid_out(html: str) -> Any:
    """The document as pages; `write_pdf` makes bytes of them."""
    return _weasyprint().HTML(string=html, url_fetcher=_fetcher()()).render()


def written(pages: Any, html: str) -> bytes:
    """The bytes of a document that was laid out from this text."""
    data: bytes = pages.write_pdf(pdf_identifier=hashlib.sha256(html.encode()).digest()[:16])
    return data


def to_pdf(html: str) -> bytes:
    """A whole document."""
    return written(laid_out(html), html)


@cache
def _weasyprint() -> Any:
    """WeasyPrint. Its import has Pillow forgive cut-off pictures in the whole process, uploads too: that is taken back."""
    module = import_module("weasyprint")
    images: Any = import_module("PIL.ImageFile")
    images.LOAD_TRUNCATED_IMAGES = False
    return module


@cache
def _unpacked(file: str) -> bytes:
    """A web font as the plain font that is in it: unpacking it takes longer than setting a page."""
    font = ttlib.TTFont(_FONTS / file)
    font.flavor = None
    out = io.BytesIO()
    font.save(out)
    return out.getvalue()


@cache
def _fetcher() -> Any:
    allowed = {(_FONTS / file).as_uri(): file for _, _, file in _FACES}

    urls = _weasyprint().urls
    base: Any = urls.URLFetcher

    class OurOwn(base):  # type: ignore[misc]
        """Gives our fonts and data inside the text, and nothing else: no file of the machine, no address of the net."""

        def fetch(self, url: str, headers: Any = None) -> Any:
            if url in allowed:
                return urls.URLFetcherResponse(url, _unpacked(allowed[url]), {"Content-Type": "font/ttf"})
            if not url.startswith("data:"):
                raise ValueError("nothing is loaded from elsewhere")
            return super().fetch(url, headers)

    return OurOwn
