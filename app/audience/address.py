"""An email address as people type it, checked and brought to one form; what is wrong is said in words that help to mend it."""

import re
from functools import lru_cache

from email_validator import SPECIAL_USE_DOMAIN_NAMES, EmailNotValidError, validate_email

from app.errors import Invalid

MAX_ADDRESS = 254
_MAX_DOMAIN = 253


class BadAddress(Invalid):
    """Not an address. `mend` says what to do, with the likely address where one suggests itself."""

    def __init__(self, what: str, mend: str = "Look it up") -> None:
        super().__init__(what)
        self.mend = mend


# What email-validator takes as it is: atoms with dots before the @ (RFC 5322, 3.2.3), labels of letters, digits and inner hyphens behind it.
# No label begins like Punycode or another encoding of two letters and two hyphens, and the last one ends in a letter.
_LOCAL = re.compile(r"[a-z0-9_!#$%&'*+\-/=?^`{|}~]+(?:\.[a-z0-9_!#$%&'*+\-/=?^`{|}~]+)*")
_DOMAIN = re.compile(
    r"(?:(?!..--)[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+(?!..--)(?:[a-z0-9][a-z0-9-]{0,61})?[a-z]"
)
_RESERVED = tuple(f".{name}" for name in SPECIAL_USE_DOMAIN_NAMES)


def normalise(raw: str) -> str:
    """The address in lower case with its domain in ASCII. Raises BadAddress; nothing is asked of the network.

    Plain ASCII addresses, nearly all there are, take a fast path that accepts nothing that email-validator refuses.
    """
    text = raw.strip()
    lower = text.lower()
    local, _, domain = lower.partition("@")
    if len(lower) <= MAX_ADDRESS and text.isascii() and _LOCAL.fullmatch(local) and _is_plain_domain(domain):
        return lower
    return _slowly(text)


@lru_cache(maxsize=16_384)
def _is_plain_domain(domain: str) -> bool:
    """Whether a domain in lower case is one that email-validator takes and leaves as it is."""
    return (
        _DOMAIN.fullmatch(domain) is not None
        and len(domain) <= _MAX_DOMAIN
        and not f".{domain}".endswith(_RESERVED)
    )


def _slowly(text: str) -> str:
    try:
        found = validate_email(text, check_deliverability=False, allow_smtputf8=False)
    except EmailNotValidError:
        raise _explained(text) from None
    address = (found.ascii_email or found.normalized).lower()
    if len(address) > MAX_ADDRESS:
        raise BadAddress("Longer than an address can be")
    return address


def _explained(text: str) -> BadAddress:
    local, at, domain = text.rpartition("@")
    with_dots, with_one = f"{local}@{domain.replace(',', '.')}", re.sub(r"\.{2,}", ".", text)
    faults = (
        (not text, "No address", "Look it up"),
        (not at, "No @ in it", "Look it up"),
        (not domain, "Nothing after the @", "Look it up"),
        (not local, "Nothing before the @", "Look it up"),
        (text.count("@") > 1 or re.search(r"[;,]\s", text), "More than one address", "Keep one of them"),
        (
            "<" in text,
            "A name stands around the address",
            text.partition("<")[2].partition(">")[0] or "Take the name out",
        ),
        (re.search(r"\s", text), "Spaces in the address", "Look it up"),
        ("," in domain and _valid(with_dots), "A comma where a dot belongs", with_dots),
        (".." in text, "Two dots in a row", with_one if _valid(with_one) else "Look it up"),
        ("." not in domain, "The domain has no ending", "Look it up, such as .com or .nl"),
        (
            not local.isascii(),
            "Letters before the @ that mail servers don’t take",
            "Ask for an address in plain letters",
        ),
    )
    for fault, what, mend in faults:
        if fault:
            return BadAddress(what, mend)
    return BadAddress("Not an address that mail can be sent to")


def _valid(text: str) -> bool:
    try:
        validate_email(text, check_deliverability=False, allow_smtputf8=False)
    except EmailNotValidError:
        return False
    return True
