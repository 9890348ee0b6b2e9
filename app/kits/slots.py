"""The rules of slots: what a partner may put into each, the same for form, API and import.

`check_values` is the one way in: raw input becomes the JSON-able values that are stored, or a sentence for each that can't be taken.
`filled` turns stored values into what templates read.
"""

import datetime as dt
import re
from collections.abc import Callable, Iterable, Mapping

from markupsafe import Markup

from app.kits.pieces import KitSource, Slot, SlotType
from app.kits.slot_markup import clean_rich, clean_url
from app.kits.text import is_blank, is_piled, length, tidy
from app.kits.wrong import SlotError
from app.render.context import ImageValue, Missing

__all__ = ["Picture", "SlotError", "check_values", "clean", "default_of", "filled", "fits_ratio", "missing"]

Picture = Callable[[object], Mapping[str, object] | None]
MAX_ALT = 200
_FAR_TOO_LONG = 200_000  # characters of raw input; nothing longer is even looked at
_COLOUR = re.compile(r"#?([0-9a-fA-F]{6}|[0-9a-fA-F]{3})")
_EMPTY: dict[SlotType, object] = {SlotType.LIST: (), SlotType.IMAGE: ImageValue(""), SlotType.DATE: None}


def check_values(
    kit: KitSource, raw: Mapping[str, object], picture: Picture | None = None
) -> tuple[dict[str, object], dict[str, str]]:
    """Clean all given values. Returns (values to store, None where emptied; errors), both by slot.

    A name that is no slot of the kit is an error: all else is locked. `picture` turns what was given for an image into what the
    library knows of it (None for none, SlotError for what isn't there); without it no image is taken, so that an address or a size
    never comes from outside.
    """
    values: dict[str, object] = {}
    errors: dict[str, str] = {}
    for name, given in raw.items():
        slot = kit.slot(name)
        try:
            if slot is None:
                raise SlotError("This kit has no such field.")
            if slot.type is SlotType.IMAGE and given:
                given = (picture or _no_library)(given)
            values[name] = clean(slot, given)
        except SlotError as error:
            errors[name] = error.message
    return values, errors


def clean(slot: Slot, raw: object) -> object:
    """The value to store for this slot: text, ISO date, list of texts, or an image's dict; None where it was emptied.

    `raw` is what a form, the API or an import gave; an image is {"url", "alt", "width", "height"} (pixels) and may carry other keys
    of the caller's, which are kept. What is stored passes again unchanged. Raises SlotError with what is wrong and the mend.
    """
    if raw is None or raw in ([], {}, ()) or (isinstance(raw, str) and is_blank(raw)):
        return None
    if isinstance(raw, str) and len(raw) > _FAR_TOO_LONG:
        raise SlotError("This is far too long. Write a few sentences.")
    return _CLEANERS[slot.type](slot, raw) or None


def default_of(slot: Slot) -> object:
    """The kit's own words for the slot as they would be stored; None where it has none, or none that fit."""
    try:
        return clean(slot, slot.default)
    except SlotError:
        return None


def missing(kit: KitSource, values: Mapping[str, object]) -> list[Slot]:
    """Required slots without value and without default, in the kit's order."""
    return [s for s in kit.slots if s.required and not values.get(s.name) and default_of(s) is None]


def filled(kit: KitSource, values: Mapping[str, object]) -> dict[str, object]:
    """Every declared slot as templates read it: typed, defaults applied, `Missing` where a required one is empty."""
    return {slot.name: _typed(slot, values.get(slot.name)) for slot in kit.slots}


def _typed(slot: Slot, value: object) -> object:
    if value in (None, "", [], {}):
        value = default_of(slot)
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


def _words(raw: object, most: int, *, multiline: bool = False) -> str:
    if not isinstance(raw, str):
        raise SlotError("Write this as text.")
    text = tidy(raw, multiline=multiline)
    if is_blank(text):
        return ""
    _fit(text, most)
    return text


def _fit(text: str, most: int) -> None:
    long = length(text)
    if long > most:
        raise SlotError(f"This is {long:,} characters long. Write {most:,} or fewer.")
    if is_piled(text):
        raise SlotError("Too many accents are piled on one letter. Write it with fewer.")


def _text(slot: Slot, raw: object) -> str:
    return _words(raw, slot.max_length, multiline=slot.multiline)


def _rich(slot: Slot, raw: object) -> str:
    if not isinstance(raw, str):
        raise SlotError("Write this as text.")
    html = clean_rich(raw)
    text = tidy(Markup(html).striptags(), multiline=True)  # noqa: S704 - nh3 cleaned it just above
    if is_blank(text):
        return ""
    _fit(text, slot.max_length)
    return html


def _url(slot: Slot, raw: object) -> str:
    return clean_url(raw)


def _colour(slot: Slot, raw: object) -> str:
    found = _COLOUR.fullmatch(raw.strip()) if isinstance(raw, str) else None
    if not found:
        raise SlotError("Give a colour like #15324b.")
    digits = found[1].lower()
    return "#" + (digits if len(digits) == 6 else "".join(2 * d for d in digits))


def _choice(slot: Slot, raw: object) -> str:
    found = raw.strip() if isinstance(raw, str) and raw not in slot.choices else raw
    if found not in slot.choices:
        raise SlotError("Choose one of: " + ", ".join(slot.choices) + ".")
    return str(found)


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
    first, last = (f"{d.day} {d:%B %Y}" if d else "" for d in (slot.earliest, slot.latest))
    if first and last:
        return f"Give a date between {first} and {last}."
    return f"Give a date from {first} on." if first else f"Give a date up to {last}." if last else ""


def _list(slot: Slot, raw: object) -> list[str]:
    items = tidy(raw, multiline=True).split("\n") if isinstance(raw, str) else raw
    if not isinstance(items, (list, tuple)):
        raise SlotError("Write one entry on each line.")
    if len(items) > _FAR_TOO_LONG:
        raise SlotError("This is far too long. Write a few short lines.")
    texts = [text for item in items if (text := _words(item, slot.max_length))]
    if len(texts) > slot.max_items:
        raise SlotError(f"There are {len(texts):,} entries. Keep {slot.max_items} or fewer.")
    return texts


def _image(slot: Slot, raw: object) -> dict[str, object]:
    if not isinstance(raw, Mapping) or not isinstance(raw.get("url"), str):
        raise SlotError(_CHOOSE)
    width, height = raw.get("width"), raw.get("height")
    if type(width) is not int or type(height) is not int or width < 1 or height < 1:
        raise SlotError("This picture’s size is unknown. Upload it again.")
    if width < slot.min_width or height < slot.min_height:
        raise SlotError(
            f"The picture is {width} × {height}. It needs {slot.min_width} × {slot.min_height} or more."
        )
    if slot.ratio and not fits_ratio(width, height, slot.ratio):
        raise SlotError(f"The picture is {width} × {height}. Crop it to {slot.ratio}.")
    alt = _words(raw.get("alt") or "", MAX_ALT)
    if not alt:
        raise SlotError("Describe the picture in a few words, for people who can’t see it.")
    return {**{str(k): v for k, v in raw.items()}, "alt": alt}


_CHOOSE = "Choose a picture from the library, or upload one."


def _no_library(given: object) -> Mapping[str, object] | None:
    raise SlotError(_CHOOSE)


def fits_ratio(width: int, height: int, ratio: str) -> bool:
    """Whether a picture has this shape (like "16:9") within 2 %: a crop can only be a pixel off."""
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
