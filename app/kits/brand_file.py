"""A partner's brand as a TOML or JSON file, with which `throughline kit render` dresses a kit: what a brand profile holds, and slots."""

import io
import json
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any, TypeVar

from app.kits.archive import KitError
from app.kits.samples import PARTNER, VENDOR
from app.lazy import lazy
from app.render.context import Partner, Vendor
from app.render.near import near

if TYPE_CHECKING:
    from PIL import Image as pillow  # noqa: N813 - the module, by what it is
else:
    pillow = lazy("PIL.Image")

T = TypeVar("T", Partner, Vendor)
_COMPUTED = ("logo_url", "logo_dark_url", "logo_large_url", "logo_width", "logo_height")
_COLOUR = re.compile(r"#[0-9a-fA-F]{6}")
_ADDRESS = re.compile(r"https://[^\s<>\"'\\]+")
_ADDRESSES = ("website", "linkedin", "facebook", "instagram", "youtube", "x", "tiktok", "xing", "bluesky")
_BOX = (160, 48)  # pixels a logo may take in a mail's head
_SUFFIX = {"PNG": "png", "JPEG": "jpg", "GIF": "gif"}


@dataclass(frozen=True)
class BrandFile:
    """A partner and a vendor to render with, values for slots by name, and the logo by its path among the assets."""

    partner: Partner = PARTNER
    vendor: Vendor = VENDOR
    slots: Mapping[str, object] = field(default_factory=dict)
    files: Mapping[str, bytes] = field(default_factory=dict)


def read_brand(data: bytes, name: str, beside: Callable[[str], bytes | None]) -> BrandFile:
    """The brand in a file called `name`; `beside` reads a file next to it, or says None. Raises KitError for what is wrong.

    What the file leaves out is empty, except for what a mail can't do without: address and colours keep their samples.
    """
    given = _parsed(data, name)
    slots, vendor = given.pop("slots", {}), given.pop("vendor", {})
    if not isinstance(slots, dict) or not isinstance(vendor, dict):
        raise KitError("slots and vendor are tables.", name, mend="Write [slots] and [vendor].", rule="brand")
    logo = given.pop("logo", "")
    partner = _filled(Partner(name="", postal_address=PARTNER.postal_address), given, name)
    if not partner.name:
        raise KitError("The brand has no name.", name, mend='Add name = "…".', rule="brand")
    partner = replace(
        partner, sender_name=partner.sender_name or partner.name, logo_alt=partner.logo_alt or partner.name
    )
    files: dict[str, bytes] = {}
    if logo:
        partner, files = _with_logo(partner, str(logo), name, beside)
    behind = _filled(Vendor(name=VENDOR.name), vendor, name, "vendor.") if vendor else VENDOR
    return BrandFile(partner, behind, slots, files)


def _parsed(data: bytes, name: str) -> dict[str, Any]:
    try:
        text = data.decode("utf-8-sig")
        given = (
            json.loads(text) if name.lower().endswith(".json") else tomllib.loads(text.replace("\r\n", "\n"))
        )
    except (ValueError, RecursionError) as error:
        raise KitError(
            f"This file can’t be read: {error}.", name, mend="Give TOML or JSON.", rule="brand"
        ) from error
    if not isinstance(given, dict):
        raise KitError(
            "A brand is a table of names and values.", name, mend='Begin with name = "…".', rule="brand"
        )
    return given


def _filled(base: T, given: Mapping[str, object], name: str, prefix: str = "") -> T:
    """`base` with what is given. Raises KitError for unknown keys and values that can't stand in a mail."""
    known: list[str] = [f.name for f in fields(base) if f.name not in _COMPUTED]
    words: dict[str, Any] = dict(given)
    for key, value in given.items():
        if key not in known:
            offered = [*known, "logo", "slots", "vendor"] if not prefix else known
            mend = near(key, offered) or f"Known are {', '.join(offered)}."
            raise KitError(f"A brand has no “{prefix}{key[:40]}”.", name, mend=mend, rule="brand")
        _fits(key, value, name, prefix)
    return replace(base, **words)


def _fits(key: str, value: object, name: str, prefix: str) -> None:
    trouble = ""
    if not isinstance(value, str) or not value.isprintable():
        trouble = "is one line of text"
    elif key.endswith("_color") and not _COLOUR.fullmatch(value):
        trouble = "is a colour like #15324b"
    elif key in _ADDRESSES and value and not _ADDRESS.fullmatch(value):
        trouble = "is an address that begins with https://"
    if trouble:
        raise KitError(f"{prefix}{key} {trouble}.", name, mend="Change the value.", rule="brand")


def _with_logo(
    partner: Partner, logo: str, name: str, beside: Callable[[str], bytes | None]
) -> tuple[Partner, dict[str, bytes]]:
    if _ADDRESS.fullmatch(logo):
        return replace(partner, logo_url=logo), {}
    data = beside(logo)
    if data is None:
        raise KitError(
            f"There is no file {logo[:80]} beside it.", name, mend="Give the logo’s path.", rule="brand"
        )
    try:
        with pillow.open(io.BytesIO(data)) as picture:
            kind, size = picture.format or "", picture.size
    except (OSError, ValueError) as error:
        raise KitError(
            "The logo is no picture.", name, mend="Give a PNG, JPEG or GIF.", rule="brand"
        ) from error
    if kind not in _SUFFIX:
        raise KitError(f"The logo is {kind}.", name, mend="Give a PNG, JPEG or GIF.", rule="brand")
    scale = min(_BOX[0] / size[0], _BOX[1] / size[1], 1.0)
    path = f"assets/partner-logo.{_SUFFIX[kind]}"
    width, height = max(round(size[0] * scale), 1), max(round(size[1] * scale), 1)
    return replace(partner, logo_url=path, logo_width=width, logo_height=height), {path: data}
