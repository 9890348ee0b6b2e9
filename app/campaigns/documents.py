"""The vendor's PDF with the partner's panel where the kit says: logo, name, address, phone and website, to be read and copied.

Pure: bytes in, PDF out. The vendor's pages stay as they are; the panel is laid on top of one of them.
"""

import base64
import io
from dataclasses import dataclass
from html import escape
from typing import Any

from app.campaigns import paper
from app.errors import Refused
from app.kits.pdf import MM, shown_size
from app.kits.pieces import Panel
from app.lazy import lazy
from app.render.filters import readable_on

pypdf = lazy("pypdf")

_PIXELS = 96 / 25.4  # CSS pixels in a millimetre
_SIZES = (14.0, 12.0, 11.0, 10.0, 9.0, 8.0, 7.0, 6.0, 5.5)  # points; the largest that fits
_WITHOUT = ((), ("postal_address",), ("postal_address", "email"), ("postal_address", "email", "website"))


@dataclass(frozen=True)
class Card:
    """Who hands it out. `logo` is PNG, JPEG or WebP as the library keeps it; what is empty is left out."""

    name: str
    color: str = "#15324b"
    logo: bytes | None = None
    logo_type: str = "image/png"
    postal_address: str = ""
    phone: str = ""
    email: str = ""
    website: str = ""


def panelled(pdf: bytes, panel: Panel, card: Card) -> bytes:
    """The document with the panel on its page. The check has seen that the page is there. Raises Refused where it isn't."""
    writer = pypdf.PdfWriter(clone_from=io.BytesIO(pdf))
    number = panel.page - 1 if panel.page > 0 else len(writer.pages) + panel.page
    if not 0 <= number < len(writer.pages):
        raise Refused("This document has no page for your panel. Tell the vendor who made the kit.")
    page = writer.pages[number]
    drawn = pypdf.PdfReader(io.BytesIO(draw(panel.width, panel.height, card))).pages[0]
    page.merge_transformed_page(drawn, pypdf.Transformation(_matrix(page, panel)))
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def _matrix(page: Any, panel: Panel) -> tuple[float, ...]:
    """Where the panel's lower left corner goes and how it turns, so that it stands upright on a page that is shown turned."""
    unit = float(page.get("/UserUnit", 1))
    box = page.cropbox
    left, low, right, top = (float(n) for n in (box.left, box.bottom, box.right, box.top))
    x, y, height = (length * MM / unit for length in (panel.x, panel.y, panel.height))
    s = 1 / unit
    return {
        0: (s, 0.0, 0.0, s, left + x, top - y - height),
        90: (0.0, s, -s, 0.0, left + y + height, low + x),
        180: (-s, 0.0, 0.0, -s, right - x, low + y + height),
        270: (0.0, -s, s, 0.0, right - y - height, top - x),
    }[page.rotation % 360]


def draw(width: float, height: float, card: Card) -> bytes:
    """A panel of this size in mm as a PDF of one page: as large as fits, the least needed left out where nothing else helps."""
    size, left_out = _fitting(width, height, card)
    html = _html(width, height, card, size, left_out)
    return paper.to_pdf(html)


def _fitting(width: float, height: float, card: Card) -> tuple[float, tuple[str, ...]]:
    """The largest letters, in points, with which everything fits; else what has to be left out."""
    sizes = [size for size in _SIZES if size < 0.2 * height * MM]
    for left_out in _WITHOUT:
        if not _fits(width, height, card, sizes[-1], left_out):
            continue
        low, high = 0, len(sizes) - 1  # sizes[high] fits
        while low < high:
            middle = (low + high) // 2
            low, high = (
                (low, middle) if _fits(width, height, card, sizes[middle], left_out) else (middle + 1, high)
            )
        return sizes[high], left_out
    return sizes[-1], _WITHOUT[-1]


def _fits(width: float, height: float, card: Card, size: float, left_out: tuple[str, ...]) -> bool:
    pages = paper.laid_out(_html(width, height, card, size, left_out, measured=True)).pages
    return len(pages) == 1 and bool(pages[0].anchors["end"][1] <= height * _PIXELS)


def _html(
    width: float, height: float, card: Card, size: float, left_out: tuple[str, ...], measured: bool = False
) -> str:
    """The panel; `measured`: as high as it wants to be, with a mark at its end."""
    ink = str(readable_on(card.color))
    pad = min(5.0, height * 0.12)
    wide = width >= 2 * height
    logo_width, logo_height = (width * 0.32, height - 2 * pad) if wide else (width - 2 * pad, height * 0.34)
    tall = "" if measured else f"height: {height:g}mm;"
    css = f"""{paper.FONTS}
@page {{ size: {width:g}mm {height * (20 if measured else 1):g}mm; margin: 0 }}
html {{ background: #fff }}
body {{ margin: 0; font: {size:g}pt/1.3 {paper.TEXT}; color: #1c2b39 }}
.bar {{ position: absolute; left: 0; top: 0; width: 1.2mm; height: {height:g}mm; background: {ink} }}
table {{ border-spacing: 0; table-layout: fixed; margin-left: 1.2mm; width: {width - 1.2:g}mm; {tall} }}
td {{ box-sizing: border-box; {tall} padding: {pad:g}mm; vertical-align: {"middle" if wide else "top"}; overflow-wrap: break-word }}
td.mark {{ width: {logo_width:g}mm; padding-right: 0; line-height: 0 }}
img {{ max-width: {logo_width:g}mm; max-height: {logo_height:g}mm }} td div {{ line-height: 0; margin-bottom: 2mm }}
b {{ display: block; font-weight: 600; font-size: 1.3em; line-height: 1.2; color: {ink} }}
p {{ margin: 0 }} span {{ display: inline-block; max-width: 100%; margin-right: 1.2em }} a {{ color: {ink}; text-decoration: none }}"""
    logo = _mark(card)
    cells = f'<td class="mark">{logo}</td>' if logo and wide else ""
    above = f"<div>{logo}</div>" if logo and not wide else ""
    end = '<p id="end"></p>' if measured else ""
    return (
        f'<!doctype html><html><meta charset="utf-8"><style>{css}</style><body>'
        f'<div class="bar"></div><table><tr>{cells}<td>{above}{_words(card, left_out)}</td></tr></table>{end}'
    )


def _mark(card: Card) -> str:
    if not card.logo:
        return ""
    data = base64.b64encode(card.logo).decode()
    return f'<img src="data:{escape(card.logo_type)};base64,{data}" alt="">'


def _words(card: Card, left_out: tuple[str, ...]) -> str:
    shown = {
        name: str(getattr(card, name)).strip() for name in ("postal_address", "phone", "email", "website")
    }
    shown = {name: text for name, text in shown.items() if text and name not in left_out}
    lines = [f"<b>{escape(card.name)}</b>"]
    if "postal_address" in shown:
        lines.append(f"<p>{escape(shown['postal_address'])}</p>")
    reach = [escape(shown["phone"])] if "phone" in shown else []
    if "email" in shown:
        reach.append(f'<a href="mailto:{escape(shown["email"])}">{escape(shown["email"])}</a>')
    if "website" in shown:
        reach.append(_site(shown["website"]))
    lines += [f"<p>{' '.join(f'<span>{part}</span>' for part in reach)}</p>"] if reach else []
    return "".join(lines)


def _site(address: str) -> str:
    bare = address.partition("://")[2].rstrip("/") or address
    linked = address.startswith(("https://", "http://"))
    return f'<a href="{escape(address)}">{escape(bare)}</a>' if linked else escape(bare)


def page_of(pdf: bytes, panel: Panel) -> tuple[int, tuple[float, float]]:
    """Which page (from 1) shows the panel, and that page's size in mm."""
    pages = pypdf.PdfReader(io.BytesIO(pdf)).pages
    number = panel.page if panel.page > 0 else len(pages) + 1 + panel.page
    return number, shown_size(pages[number - 1])
