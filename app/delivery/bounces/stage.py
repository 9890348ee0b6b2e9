"""At which step of the SMTP dialogue a mail was refused, and which words go with which address."""

import re
from collections.abc import Iterable
from enum import StrEnum


class Stage(StrEnum):
    """The command whose answer was the refusal."""

    CONNECT = "connect"  # also EHLO and STARTTLS
    MAIL = "mail"
    RCPT = "rcpt"
    DATA = "data"
    UNTOLD = "untold"


_RCPT_FAILED = re.compile(r"\b503[ -][^\n]{0,80}\brcpt\b|\bneed rcpt\b|all rcpt commands were rejected")


def stage_of(text: str, stages: Iterable[tuple[Stage, re.Pattern[str]]]) -> Stage:
    """The stage that lower-case text with single spaces tells, by the last that is named."""
    last = max(
        ((match.start(), stage) for stage, regex in stages for match in regex.finditer(text)),
        default=(0, Stage.UNTOLD),
        key=lambda found: found[0],
    )[1]
    if last is Stage.DATA and _RCPT_FAILED.search(text):
        return Stage.RCPT  # commands that were sent ahead: the recipient was refused before the data
    return last


def segments(text: str, addresses: list[str]) -> dict[str, str]:
    """The words that go with each address: from the line that begins with it up to where the next one's begin."""
    if len(addresses) < 2:
        return dict.fromkeys(addresses, text)
    owner: dict[int, str] = {}
    lines = text.split("\n")
    known = {address.lower(): address for address in addresses}
    for number, line in enumerate(lines):
        named = next((known[lower] for lower in known if lower in line.lower()), "") if "@" in line else ""
        if named:
            owner[number] = named
    found: dict[str, list[str]] = {address: [] for address in addresses}
    current = ""
    for number, line in enumerate(lines):
        current = owner.get(number, current)
        if current:
            found[current].append(line)
    return {address: "\n".join(said) for address, said in found.items()}
