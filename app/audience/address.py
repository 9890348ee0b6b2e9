"""An email address as people type it, checked and brought to one form; what is wrong is said in words that help to mend it."""

import re

from email_validator import EmailNotValidError, validate_email

from app.errors import Invalid

MAX_ADDRESS = 254


class BadAddress(Invalid):
    """Not an address. `mend` says what to do, with the likely address where one suggests itself."""

    def __init__(self, what: str, mend: str = "Look it up") -> None:
        super().__init__(what)
        self.mend = mend


def normalise(raw: str) -> str:
    """The address in lower case with its domain in ASCII. Raises BadAddress; nothing is asked of the network."""
    text = raw.strip()
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
