"""Looking at a PDF before it is trusted: that it can be read, runs nothing, hides no file, and how large its pages are.

What a reader program would do by itself (scripts, launching, sending a form) has no place in a file that partners hand out.
"""

import io
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from app.assets.documents import dictionaries
from app.lazy import lazy

pypdf = lazy("pypdf")

MM = 72 / 25.4
"""Points (PDF's unit) in a millimetre."""

_RUNS = {
    "/JavaScript", "/Launch", "/SubmitForm", "/ImportData", "/Rendition", "/Movie", "/Sound", "/RichMediaExecute",
    "/GoToE", "/SetOCGState", "/Trans",
}  # fmt: skip
_ACTIVE = {"/JS": "a script", "/AA": "an action that starts by itself", "/XFA": "a form with a program in it"}
_FILES = ("/EF", "/EmbeddedFiles", "/RichMediaContent")


@dataclass(frozen=True)
class Trouble:
    """Why a PDF is not taken: a sentence, and the mend."""

    message: str
    mend: str


_EXPORT = "Open it and export it as PDF again, without forms, scripts and attachments."
_BROKEN = Trouble("This PDF can’t be read.", "Export it as PDF again.")


@lru_cache(maxsize=32)
def broken(data: bytes) -> Trouble | None:
    """Why these bytes are no PDF that may be handed out; None where they are one."""
    if not data.startswith(b"%PDF-"):
        return Trouble("This is called a PDF but is none.", "Export it as PDF again.")
    end = data.rfind(b"%%EOF")
    if end < 0 or data[end + 5 :].strip(b"\r\n\t \0"):
        return Trouble("Something is hidden behind the end of this PDF, or it is cut off.", _EXPORT)
    try:
        reader = pypdf.PdfReader(io.BytesIO(data))
        if reader.is_encrypted:
            return Trouble("This PDF is locked.", "Export it without a password or restrictions.")
        if not len(reader.pages):
            return _BROKEN
        return _active(reader)
    except Exception:  # whatever a parser of foreign files stumbles over: the file is at fault
        return _BROKEN


def page_sizes(data: bytes) -> list[tuple[float, float]]:
    """Width and height of each page in mm, as it is shown (its rotation applied). For a PDF that `broken` has found sound."""
    return [shown_size(page) for page in pypdf.PdfReader(io.BytesIO(data)).pages]


def shown_size(page: Any) -> tuple[float, float]:
    """A page's width and height in mm as it is shown."""
    box, unit = page.cropbox, float(page.get("/UserUnit", 1))
    width, height = float(box.width) / MM * unit, float(box.height) / MM * unit
    return (height, width) if page.rotation % 180 else (width, height)


def _active(reader: Any) -> Trouble | None:
    for thing in dictionaries(reader.trailer.get("/Root")):
        if any(key in thing for key in _FILES):
            return Trouble("A file is hidden in this PDF.", _EXPORT)
        for key, what in _ACTIVE.items():
            if key in thing:
                return Trouble(f"There is {what} in this PDF.", _EXPORT)
        if thing.get("/S") in _RUNS and "/K" not in thing:  # a structure element has a /S and children
            return Trouble("Something in this PDF runs when it is opened or clicked.", _EXPORT)
    return None
