"""From the bytes of a file to UTF-8 with plain line ends, or a refusal that names the line: never a guess that garbles names.

UTF-8 and UTF-16 are recognised by mark or shape. cp1252 is taken only where every byte has a meaning in it, nothing in the
file is UTF-8, and no quotation mark or symbol stands inside a word, as it would in a file of another code page.
"""

import codecs
import io
import re
from typing import BinaryIO

from app.audience.errors import Unreadable

_CHUNK = 256 * 1024
_HEAD = 4096
_AS_UTF8 = "Save it again as “CSV UTF-8”."
_FOREIGN = {
    b"PK\x03\x04": "This is a workbook or an archive, not a CSV file.",
    b"\xd0\xcf\x11\xe0": "This is an old Excel workbook (.xls), or one that is locked with a password.",
    b"%PDF": "This is a PDF, not a CSV file.",
    b"\xff\xfe\x00\x00": "This file is UTF-32, which is hardly used.",
    b"\x00\x00\xfe\xff": "This file is UTF-32, which is hardly used.",
}
_MENDS = {b"\xd0\xcf\x11\xe0": "Save it again as .xlsx without a password, or as “CSV UTF-8”."}
# Sequences that Western text in UTF-8 is full of and that mean nothing in cp1252 (“Ã©”, “â€™”).
_UTF8_TRACES = re.compile(rb"\xc3[\x80-\xbf]|\xc2[\xa0-\xbf]|\xe2\x80[\x90-\xbf]|\xe2\x82\xac")
_UNDEFINED = re.compile(rb"[\x81\x8d\x8f\x90\x9d]")
# é is \x82 in DOS code pages and \x8e on old Macs: read as cp1252 they put low quotes and capitals with carons into words.
_INSIDE_WORDS = re.compile(
    rb"[A-Za-z][\x82-\x89\x8b\x91\x93-\x95\x98\x99\x9b][a-z]|[a-z][\x8a\x8c\x8e\x9f][a-z]"
)
NAMES = {
    "utf-8": "UTF-8",
    "utf-8-sig": "UTF-8",
    "utf-16-le": "UTF-16",
    "utf-16-be": "UTF-16",
    "cp1252": "Windows-1252",
}


def transcode(source: BinaryIO, target: BinaryIO) -> str:
    """Copy `source` (seekable) to `target` as UTF-8 with `\\n` line ends, in constant memory; returns the encoding it was in.

    Raises Unreadable with the line for bytes that no rule explains, for NULs, and for text that was garbled before.
    """
    head = source.read(_HEAD)
    if not head.strip():
        raise Unreadable(0, "The file is empty.", "Export it again, with headings in the first row.")
    for magic, what in _FOREIGN.items():
        if head.startswith(magic):
            raise Unreadable(0, what, _MENDS.get(magic, _AS_UTF8))
    encoding = _by_shape(head)
    try:
        _copy(source, target, encoding or "utf-8")
        return encoding or "utf-8"
    except _Undecodable as error:
        if encoding is not None:
            what = f"This file says that it is {NAMES[encoding]}, but here it isn’t."
            raise Unreadable(error.line, what, _AS_UTF8) from None
    _refuse_unlike_cp1252(source)
    _copy(source, target, "cp1252")
    return "cp1252"


class _Undecodable(Exception):
    def __init__(self, line: int) -> None:
        super().__init__(line)
        self.line = line


def _by_shape(head: bytes) -> str | None:
    """The encoding that a byte order mark or the places of NULs give away."""
    if head.startswith(codecs.BOM_UTF8):
        return "utf-8-sig"
    if head.startswith(codecs.BOM_UTF16_LE):
        return "utf-16-le"
    if head.startswith(codecs.BOM_UTF16_BE):
        return "utf-16-be"
    pairs = len(head) // 2
    even, odd = head[0 : pairs * 2 : 2].count(0), head[1 : pairs * 2 : 2].count(0)
    if pairs and odd > 0.4 * pairs and even < 0.1 * pairs:
        return "utf-16-le"
    if pairs and even > 0.4 * pairs and odd < 0.1 * pairs:
        return "utf-16-be"
    return None


def _copy(source: BinaryIO, target: BinaryIO, encoding: str) -> None:
    source.seek(0)
    target.seek(0)
    target.truncate()
    plain = io.IncrementalNewlineDecoder(codecs.getincrementaldecoder(encoding)("strict"), translate=True)
    line, first = 1, True
    while True:
        data = source.read(_CHUNK)
        try:
            text = plain.decode(data, final=not data)
        except UnicodeDecodeError as error:
            # `error.object` is this chunk with what was left of the one before; what decodes before the fault counts too
            good = (
                error.object[: error.start]
                .decode(encoding, "ignore")
                .replace("\r\n", "\n")
                .replace("\r", "\n")
            )
            raise _Undecodable(line + good.count("\n")) from None
        if first:
            text, first = text.removeprefix("\ufeff"), False
        _refuse_garbled(text, line)
        target.write(text.encode())
        line += text.count("\n")
        if not data:
            return


def _refuse_garbled(text: str, line: int) -> None:
    for sign, what in (
        ("\0", "A NUL character stands here: the file is damaged."),
        ("\ufffd", "“�” stands here: letters were lost when the file was saved."),
    ):
        at = text.find(sign)
        if at >= 0:
            raise Unreadable(
                line + text.count("\n", 0, at), what, f"Export it again from where it came from. {_AS_UTF8}"
            )


def _refuse_unlike_cp1252(source: BinaryIO) -> None:
    """Read the file once more and refuse it with the line where cp1252 can't be what it is."""
    source.seek(0)
    line, tail = 1, b""
    while data := source.read(_CHUNK):
        window = tail + data
        for pattern, what in (
            (_UTF8_TRACES, "This line is UTF-8, another one isn’t: two encodings are mixed in one file."),
            (_UNDEFINED, "These bytes are neither UTF-8 nor Windows-1252."),
            (_INSIDE_WORDS, "Letters with accents can’t be told: the file is in an old code page."),
        ):
            found = pattern.search(window)
            if found:
                raise Unreadable(line + window.count(b"\n", 0, found.start()), what, _AS_UTF8)
        tail = window[-3:]
        line += window.count(b"\n") - tail.count(b"\n")
