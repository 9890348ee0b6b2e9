"""Writes a box as a zip, file after file: memory holds one of them at a time, and the same pieces give the same bytes."""

import zipfile
from collections.abc import Callable, Sequence
from typing import IO

from app.campaigns.box_files import Box, File, readme

_PACKED = (".png", ".pdf", ".jpg")  # packed already: packing them again takes time and saves nothing


def write(
    box: Box,
    listed: Sequence[File],
    out: IO[bytes],
    note: Callable[[int, int], None] = lambda done, total: None,
) -> int:
    """Write these files of the box; returns how many are in it. `note` is told after each file how many of all are done.

    Raises RenderError where a word is missing, and what the store raises where a file is gone.
    """
    total = len(listed) + 1
    with zipfile.ZipFile(out, "w") as archive:
        _put(archive, box, "READ-ME.txt", readme(box, listed))
        note(1, total)
        for number, file in enumerate(listed, 2):
            _put(archive, box, file.path, file.make())
            note(number, total)
    return total


def _put(archive: zipfile.ZipFile, box: Box, path: str, data: bytes) -> None:
    made = box.made.version.created_at
    info = zipfile.ZipInfo(
        path, (max(made.year, 1980), made.month, made.day, made.hour, made.minute, made.second)
    )
    info.create_system, info.external_attr = 3, 0o644 << 16
    info.compress_type = zipfile.ZIP_STORED if path.endswith(_PACKED) else zipfile.ZIP_DEFLATED
    archive.writestr(info, data, compresslevel=6)
