"""What enhanced status codes and reply codes say (RFC 3463, 5248, 7372, 7504, 7505; 5.7.500 and above as Microsoft documents them)."""

import re

from app.delivery.bounces.kinds import Cause

# The subject and detail behind the class, which says only whether it is for good. What names the address is believed from class 5 alone.
MEANINGS: dict[str, Cause] = {
    "1.1": Cause.NO_MAILBOX,
    "1.2": Cause.NO_DOMAIN,
    "1.3": Cause.BAD_ADDRESS,
    "1.6": Cause.MOVED,
    "1.7": Cause.SENDER,
    "1.8": Cause.SENDER,
    "1.10": Cause.NO_MAILBOX,  # RFC 7505: a domain that takes no mail; Exchange says it of a mailbox that isn't found
    "2.1": Cause.DISABLED,
    "2.2": Cause.FULL,
    "2.3": Cause.SIZE,
    "3.0": Cause.SYSTEM,
    "3.1": Cause.SYSTEM,
    "3.2": Cause.SYSTEM,
    "3.3": Cause.CONTENT,
    "3.4": Cause.SIZE,
    "3.5": Cause.SYSTEM,
    "4.1": Cause.NETWORK,
    "4.2": Cause.NETWORK,
    "4.3": Cause.NETWORK,
    "4.4": Cause.NETWORK,
    "4.5": Cause.RATE,
    "4.6": Cause.NETWORK,
    "4.7": Cause.EXPIRED,
    "5.3": Cause.RATE,
    "6.0": Cause.CONTENT,
    "6.1": Cause.CONTENT,
    "6.2": Cause.CONTENT,
    "6.3": Cause.CONTENT,
    "7.0": Cause.POLICY,
    "7.1": Cause.POLICY,
    "7.2": Cause.POLICY,
    "7.8": Cause.AUTHENTICATION,
    "7.9": Cause.POLICY,
    "7.13": Cause.DISABLED,
    "7.20": Cause.AUTHENTICATION,
    "7.21": Cause.AUTHENTICATION,
    "7.22": Cause.AUTHENTICATION,
    "7.23": Cause.AUTHENTICATION,
    "7.24": Cause.AUTHENTICATION,
    "7.25": Cause.REVERSE_DNS,
    "7.26": Cause.AUTHENTICATION,
    "7.27": Cause.SENDER,  # RFC 7505: the sender’s own domain takes no mail
    "7.28": Cause.RATE,
    "7.509": Cause.AUTHENTICATION,
    "7.606": Cause.BLOCKED,
}


# Not inside an address, a version or an IP address.
ENHANCED = re.compile(r"(?<![\d.\[=])([245])\.(\d{1,3})\.(\d{1,3})(?![\d.]*\d|[\w-]*\.[a-z])")
REPLY = re.compile(r"(?<![\d.\w-])([45]\d\d)(?=[ :\-]|$)(?![\d.])")
NEVER_MAIL = ("521", "556")  # RFC 7504: the host, or the domain, takes no mail at all


def enhanced(text: str) -> str:
    """The first enhanced status in the text that says more than “other” (X.n.0), else the first, else nothing."""
    found = [".".join(match.groups()) for match in ENHANCED.finditer(text)]
    return next((code for code in found if not code.endswith(".0")), found[0] if found else "")


def reply(text: str) -> str:
    """The first SMTP reply code of a refusal in the text, or nothing."""
    match = REPLY.search(text)
    return match.group(1) if match else ""


def best(field: str, diagnostic: str) -> str:
    """The status of a report: its own field, unless that says only “other” and the server's words say more (RFC 3464, 2.3.4)."""
    own, said = enhanced(field), enhanced(diagnostic)
    if own and not own.endswith(".0.0"):
        return own
    return said or own


def meaning(status: str) -> Cause | None:
    """What a status means by itself, or None where it says nothing."""
    _, _, detail = status.partition(".")
    return MEANINGS.get(detail)
