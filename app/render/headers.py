"""Header values of a mail: names, subjects and addresses that can't break out of their line.

Encoded words after RFC 2047 wherever text is not plain ASCII or looks like one; CR, LF and NUL never get through.
"""

import re
from base64 import b64encode

from app.render.errors import SpliceError

_PLAIN = re.compile(r"[\x20-\x7e]*")
# The part before the @ may be in any letters (RFC 6531); whether the mail server takes them is for the transport to see.
_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~\u00a1-\ufffd-]{1,64}@[A-Za-z0-9.-]{1,253}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]+")
_CHUNK = 42


def unstructured(text: str, used: int) -> bytes:
    """A subject or the like, folded; `used` is the width of the header's name and colon."""
    words = _CONTROL.sub(" ", text).strip()
    if _PLAIN.fullmatch(words) and "=?" not in words and all(len(word) < 900 for word in words.split(" ")):
        return _folded(words, used)
    return _encoded_words(words)


def address(name: str, email: str) -> bytes:
    """`Name <email>`. Raises SpliceError if the address is none that may stand in a header."""
    if not _ADDRESS.fullmatch(email) or not email.isprintable():
        raise SpliceError("This is no address a mail can be sent to.")
    words = _CONTROL.sub(" ", name).strip()
    if not words:
        return email.encode()
    if _PLAIN.fullmatch(words) and "=?" not in words and len(words) < 200:
        quoted = words.replace("\\", "\\\\").replace('"', '\\"')
        return (
            f'"{quoted}" <{email}>'.encode()
            if len(quoted) + len(email) < 70
            else f'"{quoted}"\r\n <{email}>'.encode()
        )
    return _encoded_words(words) + f"\r\n <{email}>".encode()


def token(value: str) -> str:
    """A value that stands in a header as it is. Raises ValueError where it could break the line."""
    if not _PLAIN.fullmatch(value) or len(value) > 900:
        raise ValueError("A header value has to be one line of plain ASCII.")
    return value


def _folded(words: str, used: int) -> bytes:
    lines, width = [""], used
    for word in words.split(" "):
        if width + len(word) + 1 > 76 and lines[-1].strip():
            lines.append("")
            width = 0
        lines[-1] += f" {word}" if lines[-1] or len(lines) > 1 else word
        width += len(word) + 1
    return "\r\n".join(lines).encode()


def _encoded_words(words: str) -> bytes:
    """Base64 words of whole characters, one to a line."""
    data = words.encode("utf-8", "replace")
    chunks = []
    at = 0
    while at < len(data):
        end = at + _CHUNK
        while end < len(data) and data[end] & 0xC0 == 0x80:  # not in the middle of a character
            end -= 1
        chunks.append(b"=?utf-8?b?" + b64encode(data[at:end]) + b"?=")
        at = end
    return b"\r\n ".join(chunks)
