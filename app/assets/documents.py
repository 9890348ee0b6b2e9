"""Looking at a PDF before it is kept: it can be read, isn't locked, runs nothing and hides no file.

The one kind of file inside that is let through is the data of an electronic invoice (ZUGFeRD, Factur-X), which is plain XML.
"""

import io
import logging
from collections.abc import Iterator
from typing import Any

from app.errors import Invalid
from app.lazy import lazy

pypdf, generic = lazy("pypdf"), lazy("pypdf.generic")

_MOST_OBJECTS = 200_000
_RUNS = frozenset({"/JavaScript", "/Launch", "/SubmitForm", "/ImportData", "/GoToE", "/RichMediaExecute", "/Movie", "/Sound", "/Rendition"})  # fmt: skip
_SCRIPTS = ("/JS", "/JavaScript", "/XFA")
_INVOICE_DATA = frozenset({"factur-x.xml", "zugferd-invoice.xml", "xrechnung.xml", "order-x.xml"})
_MEND = "Export it as PDF again, without scripts, forms and attachments."
_BROKEN = "This PDF can’t be read. Save it again and choose it once more."


def check_pdf(data: bytes) -> int:
    """How many pages a PDF has. Raises Invalid with the mend where it can't be read, is locked, runs something or hides a file."""
    if not data.startswith(b"%PDF-"):
        raise Invalid("This is called a PDF but is none. Export it as PDF again.")
    if b"%%EOF" not in data[-2048:]:
        raise Invalid("This PDF is cut off. Save it again and choose it once more.")
    logging.getLogger("pypdf").setLevel(logging.CRITICAL)  # what it repairs in a file is no news of ours
    try:
        reader = pypdf.PdfReader(io.BytesIO(data))
        if reader.is_encrypted:
            raise Invalid("This PDF is locked. Export it without a password or restrictions.")
        pages = len(reader.pages)
        for thing in dictionaries(reader.trailer.get("/Root")):
            _harmless(thing)
    except Invalid:
        raise
    except Exception:  # whatever a parser of foreign files stumbles over: the file is at fault
        raise Invalid(_BROKEN) from None
    if not pages:
        raise Invalid("This PDF has no page. Export it again.")
    return int(pages)


def _harmless(thing: Any) -> None:
    if any(key in thing for key in _SCRIPTS):
        raise Invalid(f"There is a script or a program in this PDF. {_MEND}")
    if thing.get("/S") in _RUNS and "/K" not in thing:  # an element of the structure has an /S and children
        raise Invalid(f"Something in this PDF runs when it is opened or clicked. {_MEND}")
    if "/RichMediaContent" in thing:
        raise Invalid(f"There is a film or a program in this PDF. {_MEND}")
    if "/EF" in thing and not _is_invoice_data(thing):
        raise Invalid(f"A file is hidden in this PDF. {_MEND}")


def _is_invoice_data(thing: Any) -> bool:
    names = {str(thing.get(key)).lower() for key in ("/F", "/UF") if key in thing}
    if not names or not names <= _INVOICE_DATA:
        return False
    held = thing["/EF"].get_object()
    streams = [stream.get_object().get_data() for stream in dict.values(held)]
    return all(stream.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<?xml") for stream in streams)


def dictionaries(root: Any) -> Iterator[Any]:
    """Every dictionary that can be reached, each once; a stream counts by its dictionary. Raises ValueError for too many."""
    seen: set[int] = set()
    waiting, count = [root], 0
    while waiting:
        thing = waiting.pop()
        if isinstance(thing, generic.IndirectObject):
            if thing.idnum in seen:
                continue
            seen.add(thing.idnum)
            thing = thing.get_object()
        count += 1
        if count > _MOST_OBJECTS:
            raise ValueError("too many objects")
        if isinstance(thing, generic.DictionaryObject):
            yield thing
            waiting.extend(dict.values(thing))
        elif isinstance(thing, generic.ArrayObject):
            waiting.extend(list.__iter__(thing))
