"""From what was said of an address to a verdict: the status, the words, the stage at which they were said."""

import re
from dataclasses import dataclass

from app.delivery.bounces import status as codes
from app.delivery.bounces.kinds import HARD, Cause, Kind, Recipient
from app.delivery.bounces.rules import Book, Force, Rule
from app.delivery.bounces.stage import Stage, stage_of

_EVIDENCE = 500
_URL = re.compile(r"https?://(\S{1,300})")
_MAILBOX = re.compile(r"<?[^\s<>;,:\"'()\[\]]{1,64}@[^\s<>;,:\"'()\[\]]{1,255}>?")
_NOBODY = re.compile(r"(\b55\d)[ -](?:5\.\d{1,3}\.\d{1,3} )?:(?=\s)")
_LISTS = re.compile(r"spamhaus|spamcop|\brbl\b|dnsbl")
# The codes that name the address itself, believed where no words speak against them.
_ABOUT_ADDRESS = {cause for cause in HARD if cause is not Cause.NO_MAIL}
_OF_SENDER = (Stage.CONNECT, Stage.MAIL)


@dataclass(frozen=True)
class Answer:
    """What is known of one address: report fields where there are any, and the words for people that go with it."""

    address: str
    action: str = ""
    status: str = ""
    said: str = ""
    around: str = ""  # the words for people around it, which tell the stage and, without `said`, the reason
    program: bool = False
    alone: bool = True  # whether the mail is about this address only


def flat(text: str) -> str:
    """Text as the rules want it: lower case, single spaces, without addresses; of links only the names of block lists stay."""
    text = _URL.sub(lambda link: " ".join(_LISTS.findall(link.group(1).lower())), text)
    text = text.lower().replace("’", "'")
    return " ".join(_MAILBOX.sub(" ", text).replace(" :", ":").split())


def judge(answer: Answer, book: Book) -> Recipient:
    """The verdict on one address."""
    said = answer.said or answer.around
    status = codes.best(answer.status, said)
    cause = _cause(answer, status, book)
    kind = Kind.HARD if cause in HARD else Kind.SOFT
    if cause is Cause.DELIVERED:
        kind = Kind.NONE
    evidence = _evidence(answer)
    return Recipient(answer.address, kind, cause, status, answer.action, evidence)


def _evidence(answer: Answer) -> str:
    """The server's words; where they stand among words for people, from the address or the line before the answer on."""
    said = answer.said
    if not said:
        lower = answer.around.lower()
        start = max(lower.find(answer.address.lower()), 0) if answer.address else 0
        said = answer.around[answer.around.rfind("\n", 0, start) + 1 :]
    return " ".join(said.split())[:_EVIDENCE]


def _cause(answer: Answer, status: str, book: Book) -> Cause:
    if answer.action in ("delivered", "relayed", "expanded", "deliverable") or status.startswith("2."):
        return Cause.DELIVERED
    if answer.action == "delayed":
        return Cause.DELAYED
    words, around = _words(answer), " ".join(answer.around.lower().split())
    cause = _permanent(answer, status, words, stage_of(around, book.stages), book)
    if cause in HARD and _temporary(answer, status):
        return Cause.UNPROVED if cause is Cause.NO_MAILBOX else Cause.NETWORK
    return cause


def _words(answer: Answer) -> str:
    said = answer.said or answer.around
    # “550 : User unknown” is the answer to the data, where there is no address to repeat; flat() leaves addresses out of all others.
    return flat(_NOBODY.sub(r"\1 nobody:", said))


def _temporary(answer: Answer, status: str) -> bool:
    if status:
        return status.startswith("4.")
    return codes.reply(answer.said or answer.around).startswith("4")


def _permanent(answer: Answer, status: str, words: str, stage: Stage, book: Book) -> Cause:
    """The cause, were the refusal for good."""
    meant = codes.meaning(status)
    found = _first(book.dominant, words) or (
        _first(book.dominant, flat(answer.around)) if answer.alone else None
    )
    if found:
        return found.cause
    unknown = _unknown(words, stage, status, book)
    if answer.program and unknown is not Cause.NO_MAILBOX:
        return (
            Cause.SYSTEM
        )  # a program at the receiver failed (RFC 3464, 2.1.2), whatever status the server made of it
    if unknown and meant in _ABOUT_ADDRESS:
        return meant or unknown
    other = _first(book.others, words)
    if other:
        return other.cause
    if meant in _ABOUT_ADDRESS:
        return meant
    return _by_words(answer, status, words, stage, unknown, book)


def _by_words(
    answer: Answer, status: str, words: str, stage: Stage, unknown: Cause | None, book: Book
) -> Cause:
    meant = codes.meaning(status)
    disabled, for_good = _first(book.disabled, words), _first(book.for_good, words)
    if disabled:
        return disabled.cause
    if for_good and stage not in _OF_SENDER:
        return for_good.cause
    reply = codes.reply(answer.said or answer.around)
    if reply in codes.NEVER_MAIL and status in ("", "5.0.0", "5.3.2"):
        return Cause.NO_MAIL
    if unknown:
        return unknown
    return meant or (Cause.EXPIRED if status.startswith("4.") else Cause.UNKNOWN)


def _unknown(words: str, stage: Stage, status: str, book: Book) -> Cause | None:
    """What the words say of the address, if they do: proved, or not as the stage may be."""
    told = [rule for rule in book.unknown if rule.regex.search(words)]
    if not told or stage in _OF_SENDER:
        return None
    domain = next((rule for rule in told if rule.cause is Cause.NO_DOMAIN), None)
    if domain and stage is not Stage.DATA:
        return Cause.NO_DOMAIN
    return Cause.NO_MAILBOX if max(rule.force for rule in told) >= _needed(stage, status) else Cause.UNPROVED


def _needed(stage: Stage, status: str) -> Force:
    if stage is Stage.RCPT:
        return Force.WEAK
    # X.0.0 is the reporting server's own “nothing is known”.
    return Force.SURE if stage is Stage.DATA or status == "5.0.0" else Force.STRONG


def _first(rules: tuple[Rule, ...], words: str) -> Rule | None:
    return next((rule for rule in rules if rule.regex.search(words)), None)
