"""Pictures for tests, made on the spot."""

import io
import struct
import zipfile
import zlib
from typing import Any

from PIL import Image, ImageCms


def picture(
    kind: str = "PNG",
    size: tuple[int, int] = (640, 360),
    mode: str = "RGB",
    color: Any = "#15324b",
    **options: Any,
) -> bytes:
    """An image of one colour as a file."""
    out = io.BytesIO()
    Image.new(mode, size, color).save(out, format=kind, **options)
    return out.getvalue()


def bomb(width: int = 30_000, height: int = 30_000) -> bytes:
    """A small PNG that says it has 900 million pixels."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(b"\0" * 4096))
        + chunk(b"IEND", b"")
    )


def moving(
    frames: int = 2, size: tuple[int, int] = (20, 10), duration: int | list[int] = 100, loop: int = 0
) -> bytes:
    """A GIF whose frames differ, with a comment."""
    shades = [Image.new("RGB", size, (at % 256, 255 - at % 256, 90)) for at in range(frames)]
    out = io.BytesIO()
    shades[0].save(
        out,
        "GIF",
        save_all=True,
        append_images=shades[1:],
        duration=duration,
        loop=loop,
        comment=b"from my phone",
    )
    return out.getvalue()


def zipped() -> bytes:
    """An archive with one file."""
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        archive.writestr("evil.js", "alert(1)")
    return held.getvalue()


def swapped_profile() -> bytes:
    """sRGB in which red and green have changed places."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    count = struct.unpack(">I", profile[128:132])[0]
    at = {bytes(profile[132 + 12 * n : 136 + 12 * n]): 132 + 12 * n for n in range(count)}
    red, green = at[b"rXYZ"], at[b"gXYZ"]
    profile[red : red + 4], profile[green : green + 4] = b"gXYZ", b"rXYZ"
    return bytes(profile)
