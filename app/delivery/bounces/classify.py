"""What a mail that came back is: a complaint, a report, an automatic reply, a bounce in a server's own words, or none of these."""

import json
import logging
import re
from email.message import Message
from typing import Any

from app.delivery.bounces import reports
from app.delivery.bounces.autoreply import is_autoreply, may_be_bounce
from app.delivery.bounces.judge import Answer, judge
from app.delivery.bounces.kinds import Cause, Kind, Recipient, Verdict
from app.delivery.bounces.read import Read, before_quote, read
from app.delivery.bounces.rules import Book, book
from app.delivery.bounces.stage import segments
from app.lazy import lazy

flufl = lazy("flufl.bounce")

# The library tells each detector it tries, and what it stumbles over: broken mails are nothing that a log needs.
logging.getLogger("flufl.bounce").setLevel(logging.CRITICAL + 1)

_ORDER = (Kind.HARD, Kind.SOFT, Kind.COMPLAINT, Kind.NONE)
_REPORTED = re.compile(
    r"^complaint about message from\b|^abuse report\b|^(?:e-?mail )?feedback report\b", re.IGNORECASE
)
_SENT_TO = re.compile(
    r"^(?:to|x-hmxmroriginalrecipient|original-rcpt-to|delivered-to):[ \t]*(.{1,500})",
    re.IGNORECASE | re.MULTILINE,
)
_STARTS = re.compile(
    r"^(?:[245]\d\d )?[ \t\"'*<]{0,8}([^\s<>;,:\"'()\[\]]{1,64}@[^\s<>;,:\"'()\[\]@]{1,255}[^\s<>;,:\"'()\[\]@.])",
    re.MULTILINE,
)
_LONGEST_JSON = 256 * 1024


def classify(raw: bytes, rules: Book | None = None) -> Verdict:
    """The verdict on a mail as it came in. Never raises; of a very large mail only the first megabyte is looked at.

    `rules` are the rules to use, all of them if None.
    """
    mail, rules = read(raw), rules or book()
    verdict = _complaint(mail) or _notification(mail) or _reported(mail, rules)
    if verdict:
        return verdict
    if is_autoreply(mail, rules):
        return Verdict(Kind.AUTOREPLY, Cause.AUTOREPLY)
    if may_be_bounce(mail, rules):
        return _in_words(mail, rules)
    return Verdict(Kind.NONE, Cause.NOT_A_BOUNCE)


def _complaint(mail: Read) -> Verdict | None:
    if mail.feedback:
        meant, people = reports.complaint("\n".join(mail.feedback))
        kind, cause = (Kind.COMPLAINT, Cause.COMPLAINT) if meant else (Kind.NONE, Cause.REPORT)
    elif _REPORTED.search(mail.header("subject").strip()) and mail.originals:
        kind, cause, people = Kind.COMPLAINT, Cause.COMPLAINT, []
    else:
        return None
    people = people or _sent_to(mail)
    return Verdict(kind, cause, tuple(Recipient(one, kind, cause) for one in people))


def _sent_to(mail: Read) -> list[str]:
    """Whom the mail that came back was for, as its own headers say."""
    for original in mail.originals:
        head = original.partition("\n\n")[0]
        found = [one for match in _SENT_TO.finditer(head) for one in reports.addresses_in(match.group(1))]
        if found:
            return list(dict.fromkeys(found))[:10]
    return []


def _notification(mail: Read) -> Verdict | None:
    """A notification of Amazon SES that was sent on as a mail; what arrives over HTTP is checked and read elsewhere."""
    text = mail.text.strip().replace("!\n ", "")  # so some servers fold lines that are too long
    if not text.startswith("{") or len(text) > _LONGEST_JSON:
        return None
    try:
        told, _ = json.JSONDecoder().raw_decode(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(told, dict) or told.get("notificationType", told.get("eventType")) != "Complaint":
        return None
    people = _emails(told.get("complaint"))
    found = tuple(Recipient(one, Kind.COMPLAINT, Cause.COMPLAINT) for one in people)
    return Verdict(Kind.COMPLAINT, Cause.COMPLAINT, found)


def _emails(complaint: Any) -> list[str]:
    people = complaint.get("complainedRecipients") if isinstance(complaint, dict) else None
    given = people if isinstance(people, list) else []
    return [str(one.get("emailAddress", ""))[:320] for one in given[:1000] if isinstance(one, dict)]


def _reported(mail: Read, rules: Book) -> Verdict | None:
    """The verdict of the delivery reports in the mail, also of those that a relay made text of."""
    texts = mail.status or ([mail.text] if reports.has_fields(mail.text) else [])
    blocks = [block for text in texts for block in reports.blocks(before_quote(text))]
    if not blocks:
        return None
    around = segments(mail.text, [block.address for block in blocks])
    answers = [
        Answer(
            block.address,
            block.action,
            block.status,
            block.diagnostic,
            around.get(block.address, ""),
            block.program,
            alone=len(blocks) == 1,
        )
        for block in blocks
    ]
    return _summed([judge(answer, rules) for answer in answers])


def _in_words(mail: Read, rules: Book) -> Verdict:
    """The verdict on a bounce that tells everything in words for people."""
    people = _people(mail)
    around = segments(mail.text, people)
    answers = [Answer(one, around=around[one] or mail.text, alone=len(people) == 1) for one in people]
    verdict = _summed([judge(answer, rules) for answer in answers or [Answer("", around=mail.text)]])
    if verdict.cause is not Cause.UNKNOWN or len(people) > 1:
        return verdict
    # Some say it in the subject only.
    return _summed([judge(Answer(verdict.recipients[0].address, around=mail.header("subject")), rules)])


def _people(mail: Read) -> list[str]:
    """Whose mail came back: as a header says, as the library finds, else the addresses that lines begin with."""
    named = reports.addresses_in(mail.header("x-failed-recipients"))
    if named:
        return named
    lower = mail.text.lower()
    found = [one for one in _library(mail.message) if one.lower() in lower]
    return (
        list(dict.fromkeys(found + _STARTS.findall(mail.text)))[:100]
        or _sent_to(mail)
        or reports.addresses_in(mail.text)[:1]
    )


def _library(message: Message) -> list[str]:
    try:
        temporary, permanent = flufl.all_failures(message)
        return sorted(one.decode("ascii", "replace") for one in {*temporary, *permanent})
    except Exception:  # it means well-formed mails, and these come from anyone
        return []


def _summed(people: list[Recipient]) -> Verdict:
    people = sorted(people, key=lambda one: _ORDER.index(one.kind))
    return Verdict(people[0].kind, people[0].cause, tuple(people))
