"""Making a picture safe to show: what it says it is must be what it is, and what is stored is drawn anew by us.

Re-encoding drops metadata (where a photo was taken) and whatever was hidden behind the last pixel.
"""

import io
import warnings
from dataclasses import dataclass
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from app.errors import Invalid
from app.lazy import lazy

if TYPE_CHECKING:
    import PIL
    from PIL import Image, ImageCms, ImageOps
else:
    PIL, Image, ImageCms, ImageOps = (
        lazy("PIL"),
        lazy("PIL.Image"),
        lazy("PIL.ImageCms"),
        lazy("PIL.ImageOps"),
    )

MAX_BYTES = 10 * 1024 * 1024
MAX_PIXELS = 40_000_000
_FORMATS = {"PNG": ("png", "image/png"), "JPEG": ("jpg", "image/jpeg"), "WEBP": ("webp", "image/webp")}
_OPTIONS: dict[str, dict[str, Any]] = {
    "PNG": {"optimize": True},
    "JPEG": {"quality": 88, "progressive": True},
    "WEBP": {"quality": 88},
}
_ENDINGS = {"png": "PNG", "jpg": "JPEG", "jpeg": "JPEG", "webp": "WEBP"}


@dataclass(frozen=True)
class CleanImage:
    """A picture as we drew it: bytes, file ending, content type, size in pixels."""

    data: bytes
    ending: str
    content_type: str
    width: int
    height: int


def clean_image(
    name: str, data: bytes, max_bytes: int = MAX_BYTES, max_pixels: int = MAX_PIXELS
) -> CleanImage:
    """Check a PNG, JPEG or WebP by name, first bytes and content, and draw it anew without metadata.

    Raises Invalid with the mend for anything else, for a picture over `max_bytes` or over `max_pixels` (which is checked
    before it is unpacked).
    """
    if len(data) > max_bytes:
        raise Invalid(
            f"This picture has {_mb(len(data))} MB; {_mb(max_bytes)} MB is the most. Save it smaller."
        )
    if _looks_like_svg(name, data):
        raise Invalid(
            "An SVG can hold scripts, and mail programs don’t show it. Save the logo as PNG, 400 pixels wide or more."
        )
    kind = _kind(data)
    named = _ENDINGS.get(PurePath(name).suffix.lower().removeprefix("."))
    if kind is None or named is None:
        raise Invalid("This is no picture we can show. Save it as PNG, JPEG or WebP.")
    if kind != named:
        raise Invalid(
            f"This file is called {PurePath(name).suffix} but is a {kind}. Save it again as one or the other."
        )
    return _redraw(kind, data, max_pixels)


def _redraw(kind: str, data: bytes, max_pixels: int) -> CleanImage:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(data), formats=[kind]) as source:
                if source.width * source.height > max_pixels:
                    raise Invalid(
                        f"{source.width} × {source.height} pixels is too many. 4,000 × 4,000 is plenty."
                    )
                picture = _flat(ImageOps.exif_transpose(source), kind)
    except Invalid:
        raise
    except (
        PIL.UnidentifiedImageError,
        Image.DecompressionBombError,
        Image.DecompressionBombWarning,
        OSError,
        ValueError,
        SyntaxError,
        EOFError,
    ):
        raise Invalid("This picture is broken. Open it on your computer and save it again.") from None
    out = io.BytesIO()
    picture.save(out, format=kind, **_OPTIONS[kind])
    ending, content_type = _FORMATS[kind]
    return CleanImage(out.getvalue(), ending, content_type, picture.width, picture.height)


def _flat(source: "Image.Image", kind: str) -> "Image.Image":
    """Pixels alone, in sRGB, without the profile, the comments and the other frames."""
    source.load()
    see_through = source.mode in ("RGBA", "LA", "PA") or "transparency" in source.info
    picture = _srgb(source)
    mode = "RGBA" if see_through and kind != "JPEG" else "RGB"
    picture = picture.convert(mode)
    clean = Image.new(mode, picture.size)
    clean.paste(picture)
    return clean


def _srgb(source: "Image.Image") -> "Image.Image":
    profile = source.info.get("icc_profile")
    if not profile or source.mode not in ("RGB", "CMYK", "L"):
        return source
    try:
        made = ImageCms.profileToProfile(
            source,
            ImageCms.ImageCmsProfile(io.BytesIO(profile)),
            ImageCms.createProfile("sRGB"),
            outputMode="RGB",
        )
    except (ImageCms.PyCMSError, OSError, ValueError):
        return source  # a broken profile: plain colours are better than no picture
    return made or source


def _kind(data: bytes) -> str | None:
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "PNG"
    if data.startswith(b"\xff\xd8\xff"):
        return "JPEG"
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "WEBP"
    return None


def _looks_like_svg(name: str, data: bytes) -> bool:
    return name.lower().endswith((".svg", ".svgz")) or b"<svg" in data[:1024].lower()


def _mb(size: int) -> str:
    return f"{size / 1024 / 1024:.1f}".removesuffix(".0")
