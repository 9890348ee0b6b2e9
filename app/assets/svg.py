"""From an SVG that anybody may have written to a PNG: cleaned to plain drawing, then drawn by a process that can hurt nobody.

The SVG itself is never stored and never served. What is left of it after cleaning names no file, no address and no program.
"""

import atexit
import base64
import binascii
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from app.assets.images import clean_image
from app.assets.svg_child import FAMILY
from app.errors import Invalid
from app.lazy import lazy

if TYPE_CHECKING:
    from lxml import etree  # type: ignore[import-untyped]
else:
    etree = lazy("lxml.etree")
ttlib = lazy("fontTools.ttLib")

MAX_SVG = 1024 * 1024
MAX_ELEMENTS = 20_000
MAX_PICTURES = 8
SECONDS = 5  # of CPU; a logo takes some hundredths
_FOLDER = Path(__file__).resolve().parents[2] / "static" / "dist" / "fonts"
FONTS = (_FOLDER / "inter-latin-wght-normal.woff2", _FOLDER / "inter-latin-ext-wght-normal.woff2")
_CHILD = Path(__file__).with_name("svg_child.py")
_SVG = "http://www.w3.org/2000/svg"
_XLINK = "{http://www.w3.org/1999/xlink}href"
_MEND = "Export it once more as a plain SVG, or save the logo as PNG, 400 pixels wide or more."
_NAMES = (
    "svg g defs use symbol switch a title desc path rect circle ellipse line polyline polygon text tspan textPath image style"
    " linearGradient radialGradient stop pattern clipPath mask marker filter feBlend feColorMatrix feComponentTransfer feComposite"
    " feConvolveMatrix feDiffuseLighting feDisplacementMap feDistantLight feDropShadow feFlood feFuncA feFuncB feFuncG feFuncR"
    " feGaussianBlur feImage feMerge feMergeNode feMorphology feOffset fePointLight feSpecularLighting feSpotLight feTile"
    " feTurbulence"
)
_DRAWN = frozenset(_NAMES.split())
_WORDS = frozenset(("text", "tspan", "textPath"))
_AWAY = re.compile(r"url\s*\(\s*[\"']?\s*(?!#)|@import|@font-face|\\", re.IGNORECASE)
_DATA = re.compile(r"data:image/(png|jpe?g|webp)\s*;\s*base64\s*,", re.IGNORECASE)
_LENGTH = re.compile(r"\s*([0-9]*\.?[0-9]+(?:e[+-]?[0-9]+)?)\s*(px|pt|pc|mm|cm|in)?\s*", re.IGNORECASE)
_PIXELS = {"px": 1, "pt": 4 / 3, "pc": 16, "mm": 96 / 25.4, "cm": 96 / 2.54, "in": 96}


@dataclass(frozen=True)
class Drawing:
    """A cleaned SVG, drawn `width` × `height` pixels large; `has_words`: some of it is text that needs a font."""

    xml: bytes
    width: int
    height: int
    has_words: bool


def looks_like_svg(name: str, data: bytes) -> bool:
    """Whether a file is meant as an SVG, by its name or its first characters."""
    return name.lower().endswith((".svg", ".svgz")) or b"<svg" in data[:2048].lower()


def draw(data: bytes, across: int, down: int) -> tuple[bytes, bool]:
    """The SVG as a PNG that fills `across` × `down` pixels on one side, ground transparent; and whether words stand in it.

    Raises Invalid with the mend for what is no SVG, too large, or takes too long to draw.
    """
    drawing = clean(data, across, down)
    return rasterise(drawing), drawing.has_words


def clean(data: bytes, across: int, down: int) -> Drawing:
    """Parse without entities, files or network; keep only drawing; set the size. Raises Invalid with the mend."""
    root = _parsed(_decoded(data))
    width, height, box = _size(root)
    scale = min(across / width, down / height)
    size = (max(round(width * scale), 1), max(round(height * scale), 1))
    for child in list(root.iter()):
        if not isinstance(child.tag, str) or not _is_drawn(child):
            _take_out(child)
    elements = list(root.iter())
    if len(elements) > MAX_ELEMENTS:
        raise Invalid(f"This SVG has {len(elements):,} shapes; {MAX_ELEMENTS:,} is the most. {_MEND}")
    pictures = 0
    for element in elements:
        pictures += _tidy(element)
    if pictures > MAX_PICTURES:
        raise Invalid(f"This SVG holds {pictures} photos; {MAX_PICTURES} is the most. {_MEND}")
    root.attrib.update({"width": str(size[0]), "height": str(size[1]), "viewBox": box})
    words = any(_local(element) in _WORDS and _says(element) for element in elements)
    return Drawing(etree.tostring(root, encoding="unicode").encode(), *size, has_words=words)


def rasterise(drawing: Drawing, seconds: int = SECONDS) -> bytes:
    """Have a process without privileges of time, memory and (where no font is needed) files draw it. Raises Invalid."""
    fonts, letters = _fonts_there() if drawing.has_words else ((), frozenset[int]())
    # The same words look the same on every server, whatever fonts it has; those are for letters that ours lack.
    which = "own" if all(ord(c) in letters or c.isspace() for c in drawing.xml.decode()) else "all"
    try:
        # Our own interpreter and file; what others wrote goes to its standard input alone.
        done = subprocess.run(
            [sys.executable, "-I", str(_CHILD), str(seconds), which, *fonts],
            input=drawing.xml, capture_output=True, timeout=2 * seconds + 5, check=False, env={}, cwd="/",
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        raise _too_much() from None
    if done.returncode < 0:
        raise _too_much()
    if done.returncode or not done.stdout.startswith(b"\x89PNG"):
        raise Invalid(f"This SVG can’t be drawn. {_MEND}")
    return done.stdout


def _too_much() -> Invalid:
    return Invalid(f"Drawing this SVG takes too long or too much memory. {_MEND}")


def _fonts_there() -> tuple[tuple[str, ...], frozenset[int]]:
    """The fonts for words, made anew where something has swept the temporary folder."""
    if not all(Path(file).is_file() for file in _word_fonts()[0]):
        _word_fonts.cache_clear()
    return _word_fonts()


@cache
def _word_fonts() -> tuple[tuple[str, ...], frozenset[int]]:
    """Our web fonts as the plain fonts that the drawing library reads, and all their letters; made once a process."""
    folder = Path(tempfile.mkdtemp(prefix="throughline-fonts-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    files, letters = [], set[int]()
    for number, path in enumerate(FONTS):
        font = ttlib.TTFont(path)
        font.flavor = None
        for record in font["name"].names:
            if record.nameID in (1, 16):  # the first is the family; the others lend it the letters it lacks
                record.string = FAMILY if number == 0 else f"{FAMILY} {number}"
        files.append(str(folder / f"{number}.ttf"))
        font.save(files[-1])
        letters |= set(font.getBestCmap())
    return tuple(files), frozenset(letters)


def _decoded(data: bytes) -> str:
    if len(data) > MAX_SVG:
        raise Invalid(f"This SVG has {len(data) / 1024 / 1024:.1f} MB; 1 MB is the most. {_MEND}")
    if data.startswith(b"\x1f\x8b"):
        raise Invalid(f"This SVG is compressed. {_MEND}")
    try:
        text = data.decode("utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig")
    except UnicodeDecodeError:
        raise Invalid(f"This SVG isn’t in UTF-8. {_MEND}") from None
    if re.search(r"<!ENTITY", text, re.IGNORECASE):
        raise Invalid(f"This SVG defines words of its own (entities), which we don’t read. {_MEND}")
    return re.sub(r"^\s*<\?xml[^>]*\?>", "", text, count=1)  # what it says of its encoding is no longer so


def _parsed(text: str) -> "etree._Element":
    parser = etree.XMLParser(
        resolve_entities=False, load_dtd=False, no_network=True, huge_tree=False, remove_comments=True,
        remove_pis=True, encoding="utf-8",
    )  # fmt: skip
    try:
        root = etree.fromstring(text.strip().encode(), parser)
    except (etree.XMLSyntaxError, ValueError):
        raise Invalid(f"This SVG is broken or nested too deep. {_MEND}") from None
    if root.tag != f"{{{_SVG}}}svg":
        raise Invalid(f"This file is no SVG. {_MEND}")
    return root


def _local(element: "etree._Element") -> str:
    return str(element.tag).rpartition("}")[2]


def _is_drawn(element: "etree._Element") -> bool:
    return str(element.tag).startswith(f"{{{_SVG}}}") and _local(element) in _DRAWN


def _take_out(element: "etree._Element") -> None:
    parent = element.getparent()
    if parent is not None:
        tail = element.tail or ""
        before = element.getprevious()
        if tail and before is not None:
            before.tail = (before.tail or "") + tail
        elif tail:
            parent.text = (parent.text or "") + tail
        parent.remove(element)


def _says(element: "etree._Element") -> bool:
    return bool("".join(str(part) for part in element.itertext()).strip())


def _tidy(element: "etree._Element") -> int:
    """Take away what leads outside, or runs. Returns 1 for a photo that stays, drawn anew."""
    link = element.attrib.pop(_XLINK, None)
    link = element.attrib.pop("href", link)
    for name, value in list(element.attrib.items()):
        local = str(name).rpartition("}")[2].lower()
        if local.startswith("on") or local in ("base", "src", "from", "to") or _AWAY.search(str(value)):
            del element.attrib[name]
    if _local(element) == "style":
        _tidy_sheet(element)
    if link is None:
        return 0
    target = str(link).strip()
    if target.startswith("#"):
        element.set("href", target)
    elif _local(element) == "image" and (found := _DATA.match(target)):
        element.set("href", _photo(found[1].lower(), target[found.end() :]))
        return 1
    return 0


def _tidy_sheet(element: "etree._Element") -> None:
    """A style sheet that names anything outside loses those rules, not the others."""
    text = "".join(str(part) for part in element.itertext())
    for child in list(element):
        element.remove(child)
    text = re.sub(r"@import[^;]*;?|@font-face\s*\{[^}]*\}", "", text, flags=re.IGNORECASE)
    element.text = "}".join(rule for rule in text.split("}") if not _AWAY.search(rule))


def _photo(kind: str, raw: str) -> str:
    """A photo inside the SVG, checked and drawn anew like any other."""
    try:
        data = base64.b64decode(re.sub(r"\s+", "", raw), validate=True)
        image = clean_image(f"photo.{kind}", data, max_pixels=16_000_000)
    except (binascii.Error, ValueError, Invalid):
        raise Invalid(f"A photo in this SVG is broken or too large. {_MEND}") from None
    return f"data:{image.content_type};base64,{base64.b64encode(image.data).decode()}"


def _size(root: "etree._Element") -> tuple[float, float, str]:
    """Width and height in the drawing's own measure, and its view box. Raises Invalid where it names none."""
    width, height = _pixels(root.get("width")), _pixels(root.get("height"))
    numbers = list(_numbers(root.get("viewBox") or ""))
    if len(numbers) == 4 and numbers[2] > 0 and numbers[3] > 0:
        width, height = (width, height) if width and height else (numbers[2], numbers[3])
    elif width and height:
        numbers = [0.0, 0.0, width, height]
    else:
        raise Invalid(f"This SVG doesn’t say how large it is: its viewBox is missing. {_MEND}")
    if not 1 / 20 <= width / height <= 20:
        raise Invalid("This logo is more than 20 times as long as it is wide. Choose a more compact one.")
    return width, height, " ".join(f"{number:.10g}" for number in numbers)


def _numbers(text: str) -> Iterator[float]:
    for part in re.split(r"[\s,]+", text.strip()):
        try:
            number = float(part)
        except ValueError:
            return
        if not abs(number) < 1e7:
            return
        yield number


def _pixels(raw: str | None) -> float:
    found = _LENGTH.fullmatch(raw or "")
    size = float(found[1]) * _PIXELS[(found[2] or "px").lower()] if found else 0.0
    return size if 0 < size < 1e7 else 0.0
