"""Delivery reports (RFC 3464) and feedback reports (RFC 5965): blocks of fields, read with patience."""

import re
from dataclasses import dataclass

_FIELD = re.compile(r"^([A-Za-z][A-Za-z0-9-]{1,40})[ \t]*:[ \t]?(.*)$")
_ADDRESS = re.compile(r"[^\s<>;,:\"'()\[\]]{1,64}@[^\s<>;,:\"'()\[\]@]{1,255}")
_COMMENT = re.compile(r"\(([^()]{3,300})\)")
_MOST = 1000  # recipients of one report
_NO_COMPLAINT = ("not-spam", "auth-failure", "virus", "dmarc", "spf")


@dataclass(frozen=True)
class Block:
    """What a report says of one recipient."""

    address: str
    action: str
    status: str
    diagnostic: str  # what the server said, without its type
    program: bool  # whether a local program said it, not a mail server


def fields(text: str) -> list[tuple[str, str]]:
    """The fields of a report in their order, unfolded, names in lower case; an empty name stands for an empty line."""
    found: list[tuple[str, str]] = []
    for line in text.split("\n"):
        if not line.strip():
            found.append(("", ""))
        elif line[0] in " \t" and found and found[-1][0]:
            found[-1] = (found[-1][0], f"{found[-1][1]} {line.strip()}"[:4000])
        elif match := _FIELD.match(line):
            found.append((match.group(1).lower(), match.group(2).strip()))
        elif found and found[-1][0] == "diagnostic-code":
            found[-1] = ("diagnostic-code", f"{found[-1][1]} {line.strip()}"[:4000])
    return found


def has_fields(text: str) -> bool:
    """Whether a text holds the fields of a delivery report, which a relay has taken out of their part."""
    names = {name for name, _ in fields(text)}
    return bool({"final-recipient", "original-recipient"} & names and {"action", "status"} & names)


def blocks(text: str) -> list[Block]:
    """The recipients of a delivery report. A block ends at an empty line or where a field comes a second time."""
    found: list[Block] = []
    current: dict[str, str] = {}
    for name, value in [*fields(text), ("", "")]:
        ends = not name or (name in ("final-recipient", "action", "status") and name in current)
        if ends and current:
            _add(found, current)
            current = {}
        if name:
            current.setdefault(name, value)
    return found[:_MOST]


def _add(found: list[Block], block: dict[str, str]) -> None:
    if not {"final-recipient", "original-recipient", "action"} & block.keys():
        return
    if "action" not in block and "status" not in block:
        return
    kind, said = _typed(block.get("diagnostic-code", ""))
    address = next(
        (
            found_address
            for name in ("original-recipient", "final-recipient", "x-actual-recipient")
            if (found_address := address_in(block.get(name, "")))
        ),
        "",
    )
    comment = _COMMENT.search(block.get("status", ""))
    said = said or (comment.group(1) if comment else "")
    action = block.get("action", "").lower().split(" ")[0].strip("()")
    found.append(Block(address, action, block.get("status", ""), said, kind.startswith("x-unix")))


def _typed(diagnostic: str) -> tuple[str, str]:
    kind, semicolon, said = diagnostic.partition(";")
    if semicolon and re.fullmatch(r"[\w.-]{1,30}", kind.strip()):
        return kind.strip().lower(), said.strip()
    return "", diagnostic.strip()


def address_in(value: str) -> str:
    """The first address in a field's value, or nothing."""
    match = _ADDRESS.search(value[:2000].partition(";")[2] or value[:2000])
    return match.group(0).strip(".") if match else ""


def addresses_in(text: str) -> list[str]:
    """The addresses in a text, each once, in their order."""
    return list(dict.fromkeys(match.group(0).strip(".") for match in _ADDRESS.finditer(text)))[:_MOST]


def complaint(text: str) -> tuple[bool, list[str]]:
    """Whether a feedback report is a complaint (RFC 5965, 6430, 6591: not each is), and whom it names."""
    kind, people = "abuse", []
    for name, value in fields(text):
        if name == "feedback-type":
            kind = value.lower().split(";")[0].strip()
        elif name in ("original-rcpt-to", "removal-recipient"):
            people += [address_in(value)]
    return kind not in _NO_COMPLAINT, [one for one in dict.fromkeys(people) if one][:_MOST]
