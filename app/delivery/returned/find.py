"""Which message a returned mail is about: only what carries a MAC of ours is believed, never an address that stands in the mail.

So nobody can have a stranger suppressed: the worst a forged mail can do is tell of a message whose token its writer holds.
"""

import re
from collections.abc import Iterable, Sequence

from app import tokens
from app.delivery.bounces.read import LONGEST, Read, read
from app.delivery.compose import BOUNCE, DELIVERY

_MADE = r"([A-Za-z0-9_-]{32})"
_ALIAS = re.compile(r"([^\s<>@,;:\"]{1,64})\+" + _MADE + r"@([A-Za-z0-9.-]{1,253})")
_HEADER = re.compile(r"X-Throughline-Delivery:[ \t]*(?:\r?\n[ \t]+)?" + _MADE, re.IGNORECASE)
_MESSAGE_ID = re.compile(r"<" + _MADE + r"@[A-Za-z0-9.-]{1,253}>")
_SOFT_BREAK = re.compile(r"=\r?\n")
_RECIPIENT_HEADERS = ("delivered-to", "x-original-to", "x-envelope-to", "envelope-to", "to", "cc")


def bounced(address: str, mail_from: str, key: bytes | None = None) -> int | None:
    """The delivery that a recipient's address names; None unless it is one of ours with a token of ours (made with `key`)."""
    match = _ALIAS.fullmatch(address.strip().removeprefix("<").removesuffix(">"))
    return _of_alias(match.groups(), mail_from, key) if match else None


def _of_alias(parts: Sequence[str], mail_from: str, key: bytes | None = None) -> int | None:
    local, _, domain = mail_from.rpartition("@")
    if parts[0].lower() != local.lower() or parts[2].lower() != domain.lower():
        return None
    return _read(BOUNCE, parts[1], key)


def delivery_in(raw: bytes, mail_from: str) -> int | None:
    """The delivery a mail from a folder is about: by whom it was for, else by what stands in it, if that names one only."""
    mail = read(raw)
    for name in _RECIPIENT_HEADERS:
        for match in _ALIAS.finditer(mail.header(name)):
            found = _of_alias(match.groups(), mail_from)
            if found is not None:
                return found
    texts = _texts(raw, mail)
    for search in (_aliases, _signed):
        named = search(texts, mail_from)
        if named:
            return next(iter(named)) if len(named) == 1 else None
    return None


def _texts(raw: bytes, mail: Read) -> list[str]:
    plain = raw[:LONGEST].decode("latin-1")
    parts = [plain, *mail.status, *mail.feedback, *mail.originals, mail.text]
    return [*parts, _SOFT_BREAK.sub("", plain)] if "=\n" in plain or "=\r\n" in plain else parts


def _aliases(texts: Iterable[str], mail_from: str) -> set[int]:
    found = (_of_alias(match.groups(), mail_from) for text in texts for match in _ALIAS.finditer(text))
    return {one for one in found if one is not None}


def _signed(texts: Iterable[str], _mail_from: str) -> set[int]:
    found = (
        _read(DELIVERY, match[1])
        for text in texts
        for regex in (_HEADER, _MESSAGE_ID)
        for match in regex.finditer(text)
    )
    return {one for one in found if one is not None}


def _read(purpose: str, token: str, key: bytes | None = None) -> int | None:
    try:
        number = tokens.read(purpose, token, key)
    except tokens.BadToken:
        return None
    return number if number < 2**63 else None


def delivery_of_token(token: str) -> int | None:
    """The delivery that a tag or a header of ours names."""
    return _read(DELIVERY, token)
