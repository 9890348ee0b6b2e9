"""Files that are two things at once: a picture that is also a web page, an archive or a document is refused, not washed.

Whoever builds such a file means harm, and a person who has one by accident is served best by hearing of it.
"""

import io
import re
import zipfile

_PAGE = re.compile(rb"<script|<html|<!doctype|<iframe|<\?php|javascript:", re.IGNORECASE)
_SVG = re.compile(rb"<svg[\s>]", re.IGNORECASE)
_HEAD = 1024


def second_nature(data: bytes) -> str | None:
    """What the bytes of a picture are besides, such as "a web page"; None for a picture that is one and nothing else.

    Phones put more behind a picture (a short film, a second exposure): that is no disguise, and redrawing drops it.
    """
    if _PAGE.search(data) or _SVG.search(data, 0, _HEAD) or _SVG.search(data, max(0, len(data) - _HEAD)):
        return "a web page or a script"
    if b"%PDF-" in data:
        return "a PDF"
    if zipfile.is_zipfile(io.BytesIO(data)):
        return "an archive"
    return None
