"""An SPF record as a receiver goes through it: whether it lets our servers send, and how many look-ups that takes (RFC 7208)."""

from dataclasses import dataclass, field

from app.domains.lookup import Found, Lookups

MOST = 10  # look-ups; with one more a receiver gives up (RFC 7208, 4.6.4)


@dataclass
class Walk:
    """What was met on the way. `has_us`: all of our terms; `broken`: the name of an include that has no record."""

    has_us: bool = False
    lookups: int = 0
    broken: str = ""
    ends_early: bool = False  # `all` stands before our term
    _seen: set[str] = field(default_factory=set)


def records(values: tuple[str, ...]) -> list[str]:
    """The SPF records among TXT records."""
    return [text for text in values if text.lower().split(" ")[0].strip('"') == "v=spf1"]


def walk(record: str, ours: str, lookups: Lookups) -> Walk:
    """Go through a record and what it includes, as far as a receiver would."""
    found = Walk()
    left = set(ours.split())
    _through(record, left, lookups, found)
    found.has_us = not left
    return found


def _through(record: str, left: set[str], lookups: Lookups, found: Walk) -> None:
    terms = [term.lstrip("+") for term in record.lower().split()[1:]]
    for at, plain in enumerate(terms):
        if plain.lstrip("-~?") == "all":
            found.ends_early = bool(left & set(terms[at:]))
            return
        left.discard(plain)
        if not _asks(plain.lstrip("-~?")):
            continue
        found.lookups += 1
        if found.lookups > MOST:
            return
        name = _included(plain)
        if name and name not in found._seen:
            found._seen.add(name)
            _inside(name, left, lookups, found)


def _inside(name: str, left: set[str], lookups: Lookups, found: Walk) -> None:
    if "%" in name:
        return  # a macro: what it means depends on the mail
    answer = lookups.ask(name, "TXT")
    inner = records(answer.values)
    if len(inner) == 1:
        early = found.ends_early
        _through(inner[0], left, lookups, found)
        found.ends_early = early  # an `all` inside an include ends only the include
    elif answer.found is not Found.FAILED:
        found.broken = found.broken or name


def _asks(term: str) -> bool:
    bare = term.partition("/")[0]
    return bare in ("a", "mx", "ptr") or term.startswith(
        ("a:", "mx:", "ptr:", "include:", "exists:", "redirect=")
    )


def _included(term: str) -> str:
    for start in ("include:", "redirect="):
        if term.startswith(start):
            return term.removeprefix(start)
    return ""
