"""The reference compiler (mjml 4.18 on npm) beside ours: its HTML, what two pages have in common, and how far their pictures differ."""

import io
import json
import re
import shutil
import subprocess
from functools import cache
from pathlib import Path

import lxml.html
import pytest
from PIL import Image, ImageChops
from playwright.sync_api import Browser, Page, Route

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).parent
OWN = sorted((HERE / "mjml").glob("*.mjml"))
PUBLIC = sorted((ROOT.parent / "shared" / "data" / "mjml").glob("*.mjml"))
WIDTHS = (600, 390)
TOLERANCE = 16  # of 255: a pixel differs where red, green or blue is further apart than this
LIMIT = 0.01  # of all pixels; what one picture has beyond the other's edge counts as different
_DICED = ("id", "for")
_CONDITIONAL = re.compile(r"<!--\[if[^\]]*\]>.*?<!\[endif\]-->", re.DOTALL)
_TAG = re.compile(r"<(/?[\w:-]+)((?:[^>\"']|\"[^\"]*\"|'[^']*')*)>")
_PAIR = re.compile(r"([\w:-]+)\s*=\s*\"([^\"]*)\"")


@cache
def reference(sources: tuple[str, ...]) -> list[str]:
    """The reference's HTML of each source; one start of node for all."""
    node = shutil.which("node")
    if not node or not (ROOT / "node_modules" / "mjml").exists():
        pytest.skip("the reference compiler is not installed: npm ci")
    done = subprocess.run(
        [node, str(HERE / "reference.js")], input=json.dumps(sources), capture_output=True, text=True, cwd=ROOT, check=True
    )  # fmt: skip
    found: list[str] = json.loads(done.stdout)
    return found


def outline(html: str) -> list[str]:
    """What a browser makes of a page, line by line, whatever the order of attributes and the spaces between tags.

    Names that the reference rolls dice for (of carousels and menus) are left out, and how it writes spaces in styles.
    """
    page = lxml.html.document_fromstring(_CONDITIONAL.sub("", html))
    lines: list[str] = []
    for element in page.find("body").iter():
        if isinstance(element.tag, str):
            given = {
                name: _value(name, value) for name, value in element.attrib.items() if name not in _DICED
            }
            lines.append(f"{element.tag} {sorted(item for item in given.items() if item[1])}")
        lines += [" ".join(text.split()) for text in (element.text, element.tail) if text and text.strip()]
    return lines


def for_outlook(html: str) -> list[str]:
    """The tags that only Outlook reads, in their order."""
    return [
        f"{name} {sorted((key, _value(key, value)) for key, value in _PAIR.findall(rest) if value and key not in _DICED)}"
        for comment in _CONDITIONAL.findall(html.partition("<body")[2])
        for name, rest in _TAG.findall(comment)
    ]


def _value(name: str, value: str) -> str:
    if name == "style":
        return "; ".join(
            sorted(re.sub(r"\s*([:,])\s*", r"\1", part.strip()) for part in value.split(";") if part.strip())
        )
    if name == "class" or "mj-" in value:
        return " ".join(
            sorted(re.sub(r"mj-carousel-(radio-)?([0-9a-f]{16}|c\d+)", "mj-", word) for word in value.split())
        )
    return value


def shot(page: Page, html: str, width: int) -> Image.Image:
    """The whole page as a picture; what it loads is the same few pixels for every address, and no font."""
    page.set_viewport_size({"width": width, "height": 60})
    page.set_content(html, wait_until="load")
    return Image.open(io.BytesIO(page.screenshot(full_page=True))).convert("RGB")


def offline(browser: Browser, **options: str) -> Page:
    """A page without a network."""
    page = browser.new_page(**options)
    page.route("**/*", _answer)
    return page


@cache
def _picture() -> bytes:
    across, down = (
        Image.linear_gradient("L").resize((400, 240)),
        Image.linear_gradient("L").rotate(90).resize((400, 240)),
    )
    out = io.BytesIO()
    Image.merge("RGB", (across, down, Image.new("L", (400, 240), 128))).save(out, "PNG")
    return out.getvalue()


def _answer(route: Route) -> None:
    if route.request.resource_type == "image":
        route.fulfill(body=_picture(), content_type="image/png")
    else:
        route.abort()


def difference(first: Image.Image, second: Image.Image) -> float:
    """The share of pixels that differ, from 0 to 1."""
    width, height = max(first.width, second.width), max(first.height, second.height)
    common = (0, 0, min(first.width, second.width), min(first.height, second.height))
    red, green, blue = ImageChops.difference(first.crop(common), second.crop(common)).split()
    furthest = ImageChops.lighter(ImageChops.lighter(red, green), blue)
    differ = sum(furthest.histogram()[TOLERANCE + 1 :])
    return (differ + width * height - common[2] * common[3]) / (width * height)
