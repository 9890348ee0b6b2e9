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
    if not text:
        return BadAddress("No address")
    if not at:
        return BadAddress("No @ in it")
    if not domain:
        return BadAddress("Nothing after the @")
    if not local:
        return BadAddress("Nothing before the @")
    if text.count("@") > 1 or re.search(r"[;,]\s", text):
        return BadAddress("More than one address", "Keep one of them")
    if "<" in text:
        return BadAddress("A name stands around the address", text.partition("<")[2].partition(">")[0] or "Take the name out")
    if re.search(r"\s", text):
        return BadAddress("Spaces in the address")
    if "," in domain and _valid(f"{local}@{domain.replace(',', '.')}"):
        return BadAddress("A comma where a dot belongs", f"{local}@{domain.replace(',', '.')}")
    if ".." in text:
        mended = re.sub(r"\.{2,}", ".", text)
        return BadAddress("Two dots in a row", mended if _valid(mended) else "Look it up")
    if "." not in domain:
        return BadAddress("The domain has no ending", "Look it up, such as .com or .nl")
    if not local.isascii():
        return BadAddress("Letters before the @ that mail servers don’t take", "Ask for an address in plain letters")
    return BadAddress("Not an address that mail can be sent to")


def _valid(text: str) -> bool:
    try:
        validate_email(text, check_deliverability=False, allow_smtputf8=False)
    except EmailNotValidError:
        return False
    return True
