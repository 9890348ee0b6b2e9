"""The rules of slots: what a partner may put into each, the same for form, API and import.

`clean` turns raw input into the JSON-able value that is stored; `filled` turns stored values into what templates read.
"""

import datetime as dt
import re
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from markupsafe import Markup

from app.errors import Invalid
from app.kits.pieces import KitSource, Slot, SlotType
from app.lazy import lazy
from app.render.context import ImageValue, Missing

if TYPE_CHECKING:
    import nh3
else:
    nh3 = lazy("nh3")

RICH_TAGS = {"p", "br", "b", "strong", "i", "em", "u", "ul", "ol", "li", "a"}
_COLOUR = re.compile(r"#[0-9a-fA-F]{6}")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u2028\u2029\ud800-\udfff]")


class SlotError(Invalid):
    """A value that doesn't fit its slot; the message says what is wrong and the mend, in one line."""


def clean(slot: Slot, raw: object) -> object:
    """The value to store for this slot: text, ISO date, list of texts, or an image's dict; None where it was emptied.

    `raw` is what a form, the API or an import gave; an image is {"url", "alt", "width", "height"} (pixels) and may
    carry other keys of the caller's, which are kept.
    """
    if raw is None or (isinstance(raw, str) and not raw.strip()) or raw in ([], {}, ()):
        return None
    return _CLEANERS[slot.type](slot, raw)


def missing(kit: KitSource, values: Mapping[str, object]) -> list[Slot]:
    """Required slots without value and without default, in the kit's order."""
    return [
        s for s in kit.slots if s.required and s.default is None and values.get(s.name) in (None, "", [], {})
    ]


def check_values(kit: KitSource, raw: Mapping[str, object]) -> tuple[dict[str, object], dict[str, str]]:
    """Clean all given values. Returns (values, errors by slot); names that are no slots are errors too."""
    values: dict[str, object] = {}
    errors: dict[str, str] = {}
    for name, given in raw.items():
        slot = kit.slot(name)
        if slot is None:
            errors[name] = "This kit has no such field."
            continue
        try:
            values[name] = clean(slot, given)
        except SlotError as error:
            errors[name] = error.message
    return values, errors


def filled(kit: KitSource, values: Mapping[str, object]) -> dict[str, object]:
    """Every declared slot as templates read it: typed, defaults applied, `Missing` where a required one is empty."""
    return {slot.name: _typed(slot, values.get(slot.name)) for slot in kit.slots}


def _typed(slot: Slot, value: object) -> object:
    if value in (None, "", [], {}):
        value = clean(slot, slot.default) if slot.default is not None else None
    if value is None:
        return Missing(slot.name, slot.noun) if slot.required else _EMPTY.get(slot.type, "")
    if slot.type is SlotType.DATE:
        return dt.date.fromisoformat(str(value))
    if slot.type is SlotType.RICH:
        return Markup(str(value))  # noqa: S704 - cleaned by nh3 when it was stored
    if slot.type is SlotType.LIST and isinstance(value, Iterable):
        return tuple(str(item) for item in value)
    if slot.type is SlotType.IMAGE and isinstance(value, Mapping):
        size = [n if isinstance(n := value.get(k), int) else 0 for k in ("width", "height")]
        return ImageValue(str(value.get("url", "")), str(value.get("alt", "")), size[0], size[1])
    return str(value)


_EMPTY: dict[SlotType, object] = {SlotType.LIST: (), SlotType.IMAGE: ImageValue(""), SlotType.DATE: None}


def _words(raw: object, multiline: bool) -> str:
    if not isinstance(raw, str):
        raise SlotError("Write this as text.")
    text = _CONTROL.sub("", raw.replace("\r\n", "\n").replace("\r", "\n"))
    return (
        "\n".join(" ".join(line.split()) for line in text.strip().split("\n"))
        if multiline
        else " ".join(text.split())
    )


def _length(text: str, most: int) -> None:
    if len(text) > most:
        raise SlotError(f"This is {len(text)} characters long. Write {most} or fewer.")


def _text(slot: Slot, raw: object) -> str:
    text = _words(raw, slot.multiline)
    _length(text, slot.max_length)
    return text


def _rich(slot: Slot, raw: object) -> str:
    if not isinstance(raw, str):
        raise SlotError("Write this as text.")
    html = nh3.clean(
        _CONTROL.sub("", raw), tags=RICH_TAGS, attributes={"a": {"href"}}, url_schemes={"https", "mailto", "tel"},
        link_rel=None,
    ).strip()  # fmt: skip
    _length(Markup(html).striptags(), slot.max_length)  # noqa: S704 - nh3 cleaned it just above
    return html


def _url(slot: Slot, raw: object) -> str:
    text = _words(raw, multiline=False)
    try:
        parts = urlsplit(text)
        host = parts.hostname or ""
    except ValueError as error:
        raise SlotError("This is no web address. Copy it from the browser’s address bar.") from error
    if parts.scheme != "https" or "." not in host or parts.username or re.search(r"[\s<>\"'\\]", text):
        raise SlotError("Give a web address that begins with https://.")
    _length(text, max(slot.max_length, 1_000))
    try:
        return text if text.isascii() else parts._replace(netloc=host.encode("idna").decode()).geturl()
    except UnicodeError as error:
        raise SlotError("This is no web address. Copy it from the browser’s address bar.") from error


def _colour(slot: Slot, raw: object) -> str:
    if not isinstance(raw, str) or not _COLOUR.fullmatch(raw.strip()):
        raise SlotError("Give a colour like #15324b.")
    return raw.strip().lower()


def _choice(slot: Slot, raw: object) -> str:
    if raw not in slot.choices:
        raise SlotError("Choose one of: " + ", ".join(slot.choices) + ".")
    return str(raw)


def _date(slot: Slot, raw: object) -> str:
    if isinstance(raw, dt.datetime) or not isinstance(raw, (str, dt.date)):
        raise SlotError("Give a date like 2026-06-12.")
    try:
        day = dt.date.fromisoformat(raw.strip()) if isinstance(raw, str) else raw
    except ValueError as error:
        raise SlotError(_range(slot) or "Give a date like 2026-06-12.") from error
    if (slot.earliest and day < slot.earliest) or (slot.latest and day > slot.latest):
        raise SlotError(_range(slot))
    return day.isoformat()


def _range(slot: Slot) -> str:
    ends = [f"{d.day} {d:%B %Y}" if d else "" for d in (slot.earliest, slot.latest)]
    if all(ends):
        return f"Give a date between {ends[0]} and {ends[1]}."
    return (
        f"Give a date from {ends[0]} on." if ends[0] else f"Give a date up to {ends[1]}." if ends[1] else ""
    )


def _list(slot: Slot, raw: object) -> list[str]:
    items = raw.split("\n") if isinstance(raw, str) else raw
    if not isinstance(items, (list, tuple)):
        raise SlotError("Write one entry on each line.")
    texts = [text for item in items if (text := _words(item, multiline=False))]
    if len(texts) > slot.max_items:
        raise SlotError(f"There are {len(texts)} entries. Keep {slot.max_items} or fewer.")
    for text in texts:
        _length(text, slot.max_length)
    return texts


def _image(slot: Slot, raw: object) -> dict[str, object]:
    if not isinstance(raw, Mapping) or not isinstance(raw.get("url"), str):
        raise SlotError("Choose a picture from the library, or upload one.")
    width, height = raw.get("width"), raw.get("height")
    if not isinstance(width, int) or not isinstance(height, int) or width < 1 or height < 1:
        raise SlotError("This picture’s size is unknown. Upload it again.")
    if width < slot.min_width or height < slot.min_height:
        raise SlotError(
            f"The picture is {width} × {height}. It needs {slot.min_width} × {slot.min_height} or more."
        )
    if slot.ratio and not _fits(width, height, slot.ratio):
        raise SlotError(f"The picture is {width} × {height}. Crop it to {slot.ratio}.")
    alt = _words(raw.get("alt") or "", multiline=False)
    if not alt:
        raise SlotError("Describe the picture in a few words, for people who can’t see it.")
    _length(alt, 200)
    return {**{str(k): v for k, v in raw.items()}, "alt": alt}


def _fits(width: int, height: int, ratio: str) -> bool:
    """Within 2 % of the ratio: a crop can only be a pixel off."""
    across, down = (int(n) for n in ratio.split(":"))
    return abs(width / height / (across / down) - 1) <= 0.02


_CLEANERS: dict[SlotType, Callable[[Slot, object], object]] = {
    SlotType.TEXT: _text,
    SlotType.RICH: _rich,
    SlotType.IMAGE: _image,
    SlotType.URL: _url,
    SlotType.COLOUR: _colour,
    SlotType.CHOICE: _choice,
    SlotType.DATE: _date,
    SlotType.LIST: _list,
}
