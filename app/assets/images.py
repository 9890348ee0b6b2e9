"""Making a picture safe to show: what it says it is must be what it is, and what is stored is drawn anew by us.

Re-encoding drops metadata (where a photo was taken) and whatever was hidden behind the last pixel; colours become sRGB.
"""

import io
import warnings
from dataclasses import dataclass
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from app.assets.disguise import second_nature
from app.errors import Invalid
from app.lazy import lazy

if TYPE_CHECKING:
    import PIL
    from PIL import Image, ImageCms, ImageOps, ImageSequence
else:
    PIL, Image, ImageCms, ImageOps, ImageSequence = (
        lazy("PIL"),
        lazy("PIL.Image"),
        lazy("PIL.ImageCms"),
        lazy("PIL.ImageOps"),
        lazy("PIL.ImageSequence"),
    )

MAX_BYTES = 10 * 1024 * 1024
MAX_PIXELS = 40_000_000
MAX_MOVING_BYTES = 4 * 1024 * 1024
MAX_MOVING_PIXELS = 60_000_000  # of all frames together
MAX_FRAMES = 200
MAX_MOVING_WIDTH = 1200
FORMATS = {
    "PNG": ("png", "image/png"),
    "JPEG": ("jpg", "image/jpeg"),
    "WEBP": ("webp", "image/webp"),
    "GIF": ("gif", "image/gif"),
}
OPTIONS: dict[str, dict[str, Any]] = {
    "PNG": {"optimize": True},
    "JPEG": {"quality": 88, "progressive": True},
    "WEBP": {"quality": 88},
    "GIF": {"optimize": True},
}
_ENDINGS = {"png": "PNG", "jpg": "JPEG", "jpeg": "JPEG", "webp": "WEBP", "gif": "GIF"}
_STILL = frozenset({"PNG", "JPEG", "WEBP"})


@dataclass(frozen=True)
class CleanImage:
    """A picture as we drew it: bytes, file ending, content type, size in pixels; more than one frame where it moves."""

    data: bytes
    ending: str
    content_type: str
    width: int
    height: int
    frames: int = 1


def clean_image(
    name: str,
    data: bytes,
    max_bytes: int = MAX_BYTES,
    max_pixels: int = MAX_PIXELS,
    for_library: bool = False,
) -> CleanImage:
    """Check a PNG, JPEG or WebP by name, first bytes and content, and draw it anew without metadata.

    With `for_library` a GIF is taken too and keeps moving, and a WebP becomes a JPEG (a PNG where one sees through it), since
    many mail programs show no WebP. Raises Invalid with the mend for anything else, for a picture over `max_bytes` or over
    `max_pixels` (which is checked before it is unpacked), and for one that is something else besides.
    """
    if not data:
        raise Invalid("This file is empty. Choose another.")
    if len(data) > max_bytes:
        raise Invalid(
            f"This picture has {_mb(len(data))} MB; {_mb(max_bytes)} MB is the most. Save it smaller."
        )
    kind = _named_right(name, data, for_library)
    also = second_nature(data)
    if also:
        raise Invalid(f"This picture is also {also}. Open it in a picture program and save it again.")
    return _redraw(kind, data, max_pixels, for_library)


def _named_right(name: str, data: bytes, for_library: bool) -> str:
    if _looks_like_svg(name, data):
        raise Invalid(
            "An SVG can hold scripts, and mail programs don’t show it. Save it as PNG, 400 pixels wide or more."
        )
    kind = _kind(data)
    named = _ENDINGS.get(PurePath(name).suffix.lower().removeprefix("."))
    taken = _STILL | {"GIF"} if for_library else _STILL
    if kind not in taken or named is None:
        more = ", WebP or GIF" if for_library else " or WebP"
        raise Invalid(f"This is no picture we can show. Save it as PNG, JPEG{more}.")
    if kind != named:
        raise Invalid(
            f"This file is called {PurePath(name).suffix} but is a {kind}. Save it again as one or the other."
        )
    return kind


def _redraw(kind: str, data: bytes, max_pixels: int, for_library: bool) -> CleanImage:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(data), formats=[kind]) as source:
                if source.width * source.height > max_pixels:
                    raise Invalid(
                        f"{source.width} × {source.height} pixels is too many. 4,000 × 4,000 is plenty."
                    )
                if kind == "GIF" and getattr(source, "n_frames", 1) > 1:
                    return _moving(source, len(data))
                drawn_as = _drawn_as(kind, source, for_library)
                picture = _flat(ImageOps.exif_transpose(source), drawn_as)
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
    return encoded(picture, drawn_as)


def encoded(picture: "Image.Image", kind: str) -> CleanImage:
    """A still picture as a file of this kind (PNG, JPEG, WEBP or GIF), without metadata."""
    out = io.BytesIO()
    picture.save(out, format=kind, **OPTIONS[kind])
    ending, content_type = FORMATS[kind]
    return CleanImage(out.getvalue(), ending, content_type, picture.width, picture.height)


def _drawn_as(kind: str, source: "Image.Image", for_library: bool) -> str:
    if kind != "WEBP" or not for_library:
        return kind
    return "PNG" if _see_through(source) else "JPEG"


def _moving(source: "Image.Image", size: int) -> CleanImage:
    """A GIF that moves, frame by frame: the same times, the same loop, nothing else. Raises Invalid for one that mails can't carry."""
    frames = source.n_frames  # type: ignore[attr-defined]
    if size > MAX_MOVING_BYTES:
        raise Invalid(
            f"This GIF moves and has {_mb(size)} MB; {_mb(MAX_MOVING_BYTES)} MB is the most. Make it shorter or smaller."
        )
    if frames > MAX_FRAMES or frames * source.width * source.height > MAX_MOVING_PIXELS:
        raise Invalid(f"This GIF has {frames} frames: too many for a mail. Make it shorter or smaller.")
    if source.width > MAX_MOVING_WIDTH:
        raise Invalid(
            f"This GIF moves and is {source.width} pixels wide; {MAX_MOVING_WIDTH:,} is the most. Save it smaller."
        )
    loop = source.info.get("loop")
    times = [int(frame.info.get("duration", 100)) for frame in ImageSequence.Iterator(source)]
    stills = [_alone(frame.convert("RGBA")) for frame in ImageSequence.Iterator(source)]
    out = io.BytesIO()
    again = {} if loop is None else {"loop": int(loop)}
    stills[0].save(
        out, format="GIF", save_all=True, append_images=stills[1:], duration=times, disposal=2, **again
    )
    return CleanImage(out.getvalue(), "gif", "image/gif", source.width, source.height, frames)


def _flat(source: "Image.Image", kind: str) -> "Image.Image":
    """Pixels alone, in sRGB, without the profile, the comments and the other frames."""
    source.load()
    picture = _srgb(_eight_bit(source))
    mode = "RGBA" if _see_through(source) and kind != "JPEG" else "RGB"
    return _alone(picture.convert(mode))


def _alone(picture: "Image.Image") -> "Image.Image":
    clean = Image.new(picture.mode, picture.size)
    clean.paste(picture)
    return clean


def _see_through(source: "Image.Image") -> bool:
    return source.mode in ("RGBA", "LA", "PA") or "transparency" in source.info


def _eight_bit(source: "Image.Image") -> "Image.Image":
    """A picture of 16 bits a pixel in 8: converting it without this step makes it white."""
    if not source.mode.startswith("I"):
        return source
    return source.convert("I").point(lambda value: value * (1 / 257)).convert("L")


def _srgb(source: "Image.Image") -> "Image.Image":
    profile = source.info.get("icc_profile")
    if profile and source.mode in ("P", "LA", "PA"):
        source = source.convert("RGBA" if _see_through(source) else "RGB")
    if not profile or source.mode not in ("RGB", "RGBA", "CMYK", "L"):
        return source
    try:
        made = ImageCms.profileToProfile(
            source,
            ImageCms.ImageCmsProfile(io.BytesIO(profile)),
            ImageCms.createProfile("sRGB"),
            outputMode="RGBA" if source.mode == "RGBA" else "RGB",
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
    if data[:6] in (b"GIF87a", b"GIF89a"):
        return "GIF"
    return None


def _looks_like_svg(name: str, data: bytes) -> bool:
    return name.lower().endswith((".svg", ".svgz")) or (
        _kind(data) is None and b"<svg" in data[:1024].lower()
    )


def _mb(size: int) -> str:
    return f"{size / 1024 / 1024:.1f}".removesuffix(".0")
