"""The one place that asks the DNS: several questions at once, each with its time-out, and every kind of bad answer told apart.

`DNS_SERVER` names the server that is asked; without it the machine's own.
"""

import time
from collections.abc import Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from app.lazy import lazy
from app.settings import Settings

if TYPE_CHECKING:
    from dns.name import Name
    from dns.resolver import Resolver

# With all of dnspython, which every worker would carry and only a check needs.
exception, names, resolver = lazy("dns.exception"), lazy("dns.name"), lazy("dns.resolver")

SECONDS = 4.0  # for one question, tries included
IN_ALL = 9.0  # for all questions of one check
_MOST_RECORDS = 40  # of one name; more is nonsense, and none of it is looked at
_MOST_TEXT = 4_000  # characters of one record
_AT_ONCE = 8

Question = tuple[str, str]  # name and type


class Found(StrEnum):
    """What kind of answer came."""

    ANSWER = "answer"
    NOTHING = "nothing"  # the name may be there, records of this type are not
    FAILED = "failed"  # nobody could say


@dataclass(frozen=True)
class Answer:
    """The records of one name and type, as text; `alias` is where a CNAME led, `why` says in words what failed."""

    found: Found
    values: tuple[str, ...] = ()
    alias: str = ""
    why: str = ""


class Lookups:
    """Asks and remembers, for one check. After IN_ALL seconds nothing more is asked."""

    def __init__(self, settings: Settings) -> None:
        self._resolver = _resolver(settings)
        self._until = time.monotonic() + IN_ALL
        self._known: dict[Question, Answer] = {}

    def gather(self, questions: Collection[Question]) -> Mapping[Question, Answer]:
        """The answers to all of these, asked at once."""
        new = [question for question in dict.fromkeys(questions) if question not in self._known]
        if new:
            with ThreadPoolExecutor(min(_AT_ONCE, len(new)), thread_name_prefix="dns") as pool:
                self._known.update(zip(new, pool.map(self._ask, new), strict=True))
        return self._known

    def ask(self, name: str, kind: str) -> Answer:
        """One answer."""
        return self.gather([(name, kind)])[(name, kind)]

    def _ask(self, question: Question) -> Answer:
        left = min(SECONDS, self._until - time.monotonic())
        if left <= 0 or self._resolver is None:
            return Answer(Found.FAILED, why="the DNS server did not answer in time")
        name, kind = question
        try:
            answer = self._resolver.resolve(
                f"{name}.", kind, lifetime=left, raise_on_no_answer=False, search=False
            )
        except resolver.NXDOMAIN as error:
            return Answer(Found.NOTHING, alias=_alias(error.canonical_name, name))
        except (names.LabelTooLong, names.NameTooLong, names.EmptyLabel):
            return Answer(Found.NOTHING)
        except exception.Timeout:
            return Answer(Found.FAILED, why="the DNS server did not answer in time")
        except (exception.DNSException, OSError, ValueError, UnicodeError) as error:
            return Answer(Found.FAILED, why=_why(error))
        alias = _alias(answer.canonical_name, name)
        records = list(answer.rrset or ())
        if len(records) > _MOST_RECORDS:
            return Answer(
                Found.FAILED, alias=alias, why=f"{len(records)} records stand there, too many to look at"
            )
        values = tuple(_text(record, kind)[:_MOST_TEXT] for record in records)
        return Answer(Found.ANSWER if values else Found.NOTHING, values, alias)


def _resolver(settings: Settings) -> "Resolver | None":
    try:
        if not settings.dns_server:
            asks = resolver.Resolver()
        else:
            host, _, port = settings.dns_server.rpartition(":")
            asks = resolver.Resolver(configure=False)
            asks.nameservers, asks.port = [host.strip("[]")], int(port)
    except exception.DNSException:
        return None
    asks.timeout = SECONDS / 2
    asks.use_edns(0, 0, 1_232)
    found: Resolver = asks
    return found


def _alias(canonical: "Name", name: str) -> str:
    """Where a CNAME led; empty where there was none."""
    text = canonical.to_text(omit_final_dot=True).lower()
    return "" if text == name.lower() else text


def _why(error: Exception) -> str:
    if isinstance(error, resolver.NoNameservers):
        return "the DNS server of this domain reports an error"
    if isinstance(error, resolver.YXDOMAIN) or "chain" in type(error).__name__.lower():
        return "its CNAME records lead in a circle"
    return "the DNS server’s answer can’t be read"


def _text(record: object, kind: str) -> str:
    if kind == "TXT":
        return b"".join(record.strings).decode("utf-8", "backslashreplace")  # type: ignore[attr-defined]
    if kind == "MX":
        return str(record.exchange.to_text(omit_final_dot=True)).lower()  # type: ignore[attr-defined]
    return str(record.target.to_text(omit_final_dot=True)).lower()  # type: ignore[attr-defined]
