"""What servers say when they refuse a mail, as data: statements about an address are a noun and what is said of it; all else is phrases.

No rule names a server, a provider or a mail. The words are those of the RFCs and of what mail servers share; docs/bounces.md tells
how well the rules do without those that one provider's mails alone bear out.
"""

import re
from collections.abc import Container
from dataclasses import dataclass
from enum import IntEnum
from functools import cache

from app.delivery.bounces.kinds import Cause
from app.delivery.bounces.signs import MAILERS, OPENINGS, STAGES, SUBJECTS
from app.delivery.bounces.stage import Stage


class Force(IntEnum):
    """How much a statement that the address is unknown proves: spam filters and gateways answer so to what they don't want."""

    WEAK = 1  # only as the answer to RCPT
    STRONG = 2  # also where the stage is not told
    SURE = 3  # also as the answer to the data


@dataclass(frozen=True)
class Said:
    """What is said of a noun, which stands at `{}` in the pattern."""

    pattern: str
    force: Force


# Every pattern is tried on lower-case text with single spaces and without addresses.
MAILBOXES = (
    r"users?(?: ?name| account| id)?",
    r"recipients?(?: name)?(?: e-?mail)?(?: address(?:es)?)?",
    r"mail ?box(?:es)?(?: name)?",
    r"(?:e-?mail |user )?accounts?",
    r"(?:e-?mail )?address(?:es)?",
    r"addressees?",
    r"customer",
    r"subscriber",
    r"inbox",
    r"person",
    r"local[- ]part",
)
DOMAINS = (r"(?:mail )?hosts?(?: ?name)?", r"domains?(?: ?name)?", r"(?:destination|mail) server")

# Said of mailboxes and of domains alike.
_UNKNOWN = r"\b{}(?: is| was| are)?:? (?:unknown|not known|unrecogni[sz]ed)"
_NO_SUCH = r"\bno such (?:\w+ )?{}\b"
_EXISTS_NOT = r"\b{}\b[^\n]{{0,60}}? (?:does not|doesn.t|do not|don.t|did not) exist"
_NOT_FOUND = r"\b{}\b[^\n]{{0,60}}? (?:not|n.t) (?:be )?found"
_CANT_FIND = r"\b(?:could not|couldn.t|cannot|can.t) find (?:a |any |the |such )*{}\b"

OF_MAILBOXES = (
    Said(r"unknown (?:local |virtual |remote )?{}\b(?! error)", Force.STRONG),
    Said(_UNKNOWN, Force.STRONG),
    Said(r"\b{}\W{{0,9}}(?:is|was|are)? ?not recogni[sz]ed", Force.STRONG),
    Said(r"\b{} [^\n]{{0,60}}?not listed in", Force.STRONG),
    Said(r"\bno valid {}\b", Force.STRONG),
    Said(r"\b{}(?: is| was)?:? (?:unavailable|not available)\b(?! (?:at this time|temp|now))", Force.STRONG),
    Said(r"(?:does not|doesn.t|do not|don.t) have an? [^\n]{{0,60}}?{}\b", Force.SURE),
    Said(_NO_SUCH, Force.WEAK),
    Said(r"\bno {} (?:here )?(?:by|with) that name", Force.WEAK),
    Said(_EXISTS_NOT, Force.WEAK),
    Said(r"\bnon-?existent {}\b", Force.WEAK),
    Said(r"\bunroute?able {}\b", Force.STRONG),
    Said(r"\bundeliverable {}\b", Force.WEAK),
    Said(_NOT_FOUND, Force.WEAK),
    Said(_CANT_FIND, Force.WEAK),
    Said(r"\b(?:invalid|bad|illegal) (?:\w+ )?{}\b", Force.WEAK),
    Said(r"\b{}(?: is)? (?:invalid|not valid|no longer valid)", Force.WEAK),
    Said(r"\bnot (?:a|an|our) (?:\w+ ){{0,3}}{}\b", Force.WEAK),
    Said(r"\b{}[^.\n]{{0,30}}? no longer (?:on|at|with|exists|accepts|available|in use)", Force.WEAK),
    Said(r"\brecipient {} rejected: access denied", Force.WEAK),
    Said(r"\bhas left the (?:company|organi[sz]ation)[^\n]{{0,40}}{}", Force.WEAK),
)
OF_DOMAINS = (
    Said(r"\bunknown {}\b", Force.STRONG),
    Said(_UNKNOWN, Force.STRONG),
    Said(_NO_SUCH, Force.STRONG),
    Said(_EXISTS_NOT, Force.STRONG),
    Said(_NOT_FOUND, Force.STRONG),
    Said(_CANT_FIND, Force.STRONG),
    Said(r"\b(?:non-?existent|unresolvable|unroute?able) {}\b", Force.STRONG),
)


@dataclass(frozen=True)
class Phrase:
    """Words that tell a cause by themselves."""

    pattern: str
    cause: Cause


# The address isn't what was refused, whatever else the answer says.
DOMINANT = (
    Phrase(r"\bnobody: (?:user unknown|unknown user)", Cause.UNPROVED),
    Phrase(r"mail ?(?:box|folder|dir)\b[^.\n]{0,40}? (?:is |was )?(?:full|over)\b", Cause.FULL),
    Phrase(r"\b(?:over|exceed\w*|beyond)\b[^.\n]{0,40}? (?:quota|storage|local limit)", Cause.FULL),
    Phrase(r"\bquota\b[^.\n]{0,30}? (?:exceed|full|violat|reach)", Cause.FULL),
    Phrase(
        r"\b(?:not enough|insufficient|out of) (?:\w+ )?(?:disk |storage |system )?(?:space|storage)",
        Cause.FULL,
    ),
    Phrase(r"\b(?:disk|storage|account|inbox)\b[^.\n]{0,20}? (?:is )?full\b", Cause.FULL),
    Phrase(r"\b(?:can ?not|can.t|could not|couldn.t|unable to) (?:create|open|write|lock)\b", Cause.SYSTEM),
    Phrase(r"\b(?:insufficient permission|permission denied|queue file write error)", Cause.SYSTEM),
    Phrase(r"\brelay(?:ing)?\b[^.\n]{0,30}?(?:denied|not permitted|prohibited|not allowed)", Cause.RELAY),
    Phrase(r"\b(?:unable|not allowed|refus\w+|not permitted) to relay|\bwe do not relay", Cause.RELAY),
)
# Believed unless the status and the words both say that the address is unknown.
OTHERS = (
    Phrase(
        r"\bsender(?:.s)?\b[^.\n]{0,60}?(?:reject|invalid|not exist|denied|refused|unknown|verif|not found)",
        Cause.SENDER,
    ),
    Phrase(r"\b(?:unroutable|invalid|unknown|unverified|valid|bad) (?:sender|from|return)\b", Cause.SENDER),
    Phrase(r"\bdomain of sender|\bfrom:? domain is invalid|\bnot (?:a )?member", Cause.SENDER),
    Phrase(r"\bptr\b|\breverse dns|\brdns\b|\breverse lookup|\breverse name", Cause.REVERSE_DNS),
    Phrase(
        r"\bdmarc|\bdkim\b|\bspf\b|unauthenticated|authentication (?:is )?required|\bauthrequired",
        Cause.AUTHENTICATION,
    ),
    Phrase(
        r"\bspamhaus|\bspamcop|\brbl\b|\bdnsbl|\bblock ?list|\bblack ?list|\bbanned\b|\breputation",
        Cause.BLOCKED,
    ),
    Phrase(
        r"\bblocked\b|\bclient host rejected|(?<!not )\blisted (?:in|on|by|at)\b|\b(?:network|ip)\b[^.\n]{0,20}not allowed",
        Cause.BLOCKED,
    ),
    Phrase(
        r"\bnot accepting (?:connections|mail from)|\bunwanted (?:messages|mail)|\bopen relay|\bsmtp server of your isp",
        Cause.BLOCKED,
    ),
    Phrase(r"\bvirus|\bmalware|\binfected", Cause.VIRUS),
    Phrase(
        r"\bspam\b|\bube\b|\bbulk (?:e-?mail|mail)|\bjunk|\bunsolicited|content rejected|message filtered",
        Cause.SPAM,
    ),
    Phrase(r"\bpolic(?:y|ies)\b|\bnot authorized|\bnot permitted|\brestricted\b", Cause.POLICY),
    Phrase(r"\btoo many\b|\brate limit|\bfrequency limit|\bthrottl|\bunexpected volume", Cause.RATE),
    Phrase(
        r"\b(?:too (?:large|big|long)|size limit|exceeds? (?:the )?(?:maximum|fixed|allowed)[^.\n]{0,20}size)",
        Cause.SIZE,
    ),
    Phrase(
        r"\bmedia error|\bheaders? (?:are |is )?(?:too|missing|invalid|malformed)|\b(?:duplicate|missing|invalid) header|\bmime\b|\bcontent error|\bdata format",
        Cause.CONTENT,
    ),
    Phrase(r"\bhop count|\bmail loop|\bloop(?:s|ing)? (?:back|detected)|\btoo many hops", Cause.NETWORK),
    Phrase(
        r"\b(?:time ?out|timed out|expired|multiple retries|queue too long|\d+ attempts)\b", Cause.EXPIRED
    ),
    Phrase(
        r"\b(?:connection refused|network error|socket error|no route|not reachable|unreachable|unable to connect)",
        Cause.NETWORK,
    ),
    Phrase(
        r"\b(?:did not accept our requests to connect|establish an smtp connection|unexpected name server reply)",
        Cause.NETWORK,
    ),
    Phrase(
        r"\b(?:try (?:again )?later|try again|temporar(?:y|ily)|deferred|greylist|graylist)", Cause.DELAYED
    ),
)
# A mailbox that is there, or was; a status that names the address still counts more.
DISABLED = (
    Phrase(
        r"\b(?:account|mailbox|user|recipient|address|customer)\b[^.\n]{0,60}? (?:disabled|suspended|locked|frozen|inactive|deactivated|expired|not active)\b",
        Cause.DISABLED,
    ),
    Phrase(
        r"\b(?:disabled|suspended|locked|frozen|deactivated) (?:recipient|mailbox|account|user)",
        Cause.DISABLED,
    ),
)
FOR_GOOD = (
    Phrase(
        r"\b(?:host|domain)\b[^.\n]{0,60}? (?:does not|doesn.t|never) accepts? (?:any )?(?:e-?)?mail",
        Cause.NO_MAIL,
    ),
    Phrase(r"\bnull mx\b", Cause.NO_MAIL),
    Phrase(r"\b(?:mailbox|recipient|user|account) has moved|\bno forwarding address", Cause.MOVED),
)
# “Unknown” in other languages.
ELSEWHERE = (
    Phrase(r"\bdestinataire (?:inconnu|inexistant|invalide)|\butilisateur inconnu", Cause.NO_MAILBOX),
    Phrase(
        r"\b(?:empf(?:ä|ae)nger|benutzer)[^.\n]{0,30} (?:unbekannt|existiert nicht|nicht gefunden)|unbekannter (?:empf|benutzer)",
        Cause.NO_MAILBOX,
    ),
    Phrase(r"\b(?:usuario|destinatario|buz[oó]n) (?:desconocido|inexistente|no existe)", Cause.NO_MAILBOX),
    Phrase(r"\b(?:utente|destinatario) (?:sconosciuto|inesistente)", Cause.NO_MAILBOX),
    Phrase(r"\b(?:usu[aá]rio|destinat[aá]rio) (?:desconhecido|inexistente|n[aã]o existe)", Cause.NO_MAILBOX),
    Phrase(
        r"(?:пользователь|адресат|ящик)[^.\n]{0,30} не (?:найден|существует)|неизвестный (?:пользователь|адресат)",
        Cause.NO_MAILBOX,
    ),
    Phrase(
        r"(?:ユーザ|宛先|アドレス|メールボックス)[^。\n]{0,20}(?:存在しません|見つかりません|不明)",
        Cause.NO_MAILBOX,
    ),
    Phrase(r"(?:用户|用戶|收件人|邮箱|郵箱)[^。\n]{0,10}不存在", Cause.NO_MAILBOX),
)


@dataclass(frozen=True)
class Rule:
    """A compiled rule."""

    regex: re.Pattern[str]
    cause: Cause
    force: Force = Force.STRONG


@dataclass(frozen=True)
class Book:
    """The rules that are tried, in their order, and the words by which a returned mail and the stage of its refusal are known."""

    dominant: tuple[Rule, ...]
    others: tuple[Rule, ...]
    disabled: tuple[Rule, ...]
    for_good: tuple[Rule, ...]
    unknown: tuple[Rule, ...]
    stages: tuple[tuple[Stage, re.Pattern[str]], ...]
    mailers: re.Pattern[str]
    subjects: re.Pattern[str]
    openings: re.Pattern[str]


def alternatives(pattern: str) -> list[str]:
    """The parts of a pattern between its outermost bars: the smallest pieces that the rules are made of."""
    parts, depth = [""], 0
    for at, sign in enumerate(pattern):
        depth += (sign == "(") - (sign == ")") if pattern[at - 1] != "\\" else 0
        if sign == "|" and not depth:
            parts.append("")
        else:
            parts[-1] += sign
    return parts


def _one_of(pattern: str, without: Container[str]) -> re.Pattern[str]:
    kept = [part for part in alternatives(pattern) if part not in without]
    return re.compile("|".join(kept) or r"(?!)", re.IGNORECASE)


def _told(phrases: tuple[Phrase, ...], without: Container[str]) -> tuple[Rule, ...]:
    return tuple(Rule(_one_of(told.pattern, without), told.cause) for told in phrases)


def _said(
    nouns: tuple[str, ...], sayings: tuple[Said, ...], cause: Cause, without: Container[str]
) -> tuple[Rule, ...]:
    noun = "|".join(noun for noun in nouns if noun not in without)
    return tuple(
        Rule(re.compile(said.pattern.format(f"(?:{noun})")), cause, said.force)
        for said in sayings
        if noun and said.pattern not in without
    )


@cache
def book(without: frozenset[str] = frozenset()) -> Book:
    """The rules, or those that are left `without` some parts: nouns, sayings and alternatives of phrases, each named by its pattern."""
    return Book(
        dominant=_told(DOMINANT, without),
        others=_told(OTHERS, without),
        disabled=_told(DISABLED, without),
        for_good=_told(FOR_GOOD, without),
        unknown=_said(MAILBOXES, OF_MAILBOXES, Cause.NO_MAILBOX, without)
        + _said(DOMAINS, OF_DOMAINS, Cause.NO_DOMAIN, without)
        + _told(ELSEWHERE, without),
        stages=tuple((stage, _one_of(pattern, without)) for stage, pattern in STAGES),
        mailers=_one_of(MAILERS, without),
        subjects=_one_of(SUBJECTS, without),
        openings=_one_of(OPENINGS, without),
    )
