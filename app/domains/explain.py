"""What was found for each record beside what is wanted, in words that say what to mend.

Pure but for what an SPF record includes: every answer is there already.
"""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum

from app.domains import names, spf
from app.domains.dkim_record import explain_dkim
from app.domains.lookup import Answer, Found, Lookups, Question
from app.domains.wanted import Asked, Wanted

_Answers = Mapping[Question, Answer]


class State(StrEnum):
    """How a record stands."""

    FOUND = "found"
    LOOK = "look"  # it holds, and something about it should be looked at
    MISSING = "missing"
    WRONG = "wrong"
    UNKNOWN = "unknown"  # nobody could be asked


HOLDS = (State.FOUND, State.LOOK)


@dataclass(frozen=True)
class Finding:
    """A record's state and the sentence that explains it."""

    state: State
    text: str = ""

    @property
    def holds(self) -> bool:
        """Whether the record does what it should."""
        return self.state in HOLDS

    def plain(self) -> dict[str, str]:
        """As it is stored."""
        return {key: str(value) for key, value in asdict(self).items()}


def questions(asked: Asked) -> list[Question]:
    """All that is asked at once: each record, and the places where it ends up by mistake."""
    found: list[Question] = [(asked.name, "TXT")]
    for record in asked.records:
        found += [(record.name, record.kind), (_doubled(record, asked), record.kind)]
    found.append((f"_dmarc.{names.owner(asked.name)}", "TXT"))
    return found


def explain(asked: Asked, lookups: Lookups) -> dict[str, Finding]:
    """A finding for each record, by its key."""
    answers = lookups.gather(questions(asked))
    found = {record.key: _explain(record, asked, answers, lookups) for record in asked.records}
    if "dmarc" in found and found["dmarc"].holds:
        found["dmarc"] = _with_policy(found, asked, answers)
    return found


def _explain(record: Wanted, asked: Asked, answers: _Answers, lookups: Lookups) -> Finding:
    answer = answers[(record.name, record.kind)]
    if record.key == "dmarc":
        return _dmarc(record, asked, answers)
    if answer.found is Found.FAILED:
        return Finding(State.UNKNOWN, f"It could not be looked up: {answer.why}. We try again by ourselves.")
    if record.key == "return":
        return _return_path(record, asked, answers)
    judged = _text(record, asked, answer.values, lookups)
    return judged or _missing(record, asked, answers)


def _text(record: Wanted, asked: Asked, values: tuple[str, ...], lookups: Lookups) -> Finding | None:
    """What is to be said of the TXT records that stand at the right place; None where none is meant for us."""
    if record.key == "owner":
        return _owner(record, values)
    if record.key == "spf":
        return _spf(asked, values, lookups)
    judged = explain_dkim(record.value, values)
    return None if judged is None else Finding(State(judged[0]), judged[1])


def _owner(record: Wanted, values: tuple[str, ...]) -> Finding | None:
    if any(_bare(text) == record.value for text in values):
        return Finding(State.FOUND)
    if values:
        return Finding(
            State.WRONG, f"Here stands {_quote(values[0])} instead. Put the value on the left there."
        )
    return None


def _spf(asked: Asked, values: tuple[str, ...], lookups: Lookups) -> Finding | None:
    found = spf.records(values)
    if not found:
        return None
    if len(found) > 1:
        return Finding(
            State.WRONG,
            f"{len(found)} SPF records stand here, and receivers then take none of them. Join them into one.",
        )
    walk = spf.walk(found[0], asked.spf, lookups)
    if walk.lookups > spf.MOST:
        return Finding(
            State.WRONG,
            f"It makes receivers look up more than {spf.MOST} names, and then they give up. Take out what you no longer use.",
        )
    if walk.ends_early:
        return Finding(
            State.WRONG, f"“all” stands before {asked.spf}: nothing behind it counts. Put it last."
        )
    if not walk.has_us:
        return Finding(State.WRONG, f"It doesn’t name our servers: add {asked.spf} before “all”.")
    if walk.broken:
        return Finding(
            State.LOOK,
            f"It includes {_quote(walk.broken)}, where no SPF record stands: some receivers then refuse.",
        )
    return Finding(State.FOUND)


def _return_path(record: Wanted, asked: Asked, answers: _Answers) -> Finding:
    answer = answers[(record.name, "MX")]
    if answer.alias == asked.bounce_host or asked.bounce_host in answer.values:
        more = [value for value in answer.values if value != asked.bounce_host]
        if more and answer.alias != asked.bounce_host:
            return Finding(
                State.LOOK,
                f"{_quote(more[0])} takes mail here as well: what it gets we don’t see. Take it out.",
            )
        return Finding(State.FOUND, "By a CNAME." if answer.alias == asked.bounce_host else "")
    if answer.values:
        return Finding(State.WRONG, f"It leads to {_quote(answer.values[0])} instead of {asked.bounce_host}.")
    if answer.alias:
        return Finding(
            State.WRONG, f"A CNAME leads to {_quote(answer.alias)} instead of {asked.bounce_host}."
        )
    return _missing(record, asked, answers)


def _dmarc(record: Wanted, asked: Asked, answers: _Answers) -> Finding:
    owner = f"_dmarc.{names.owner(asked.name)}"
    for name in dict.fromkeys((record.name, owner)):
        answer = answers[(name, "TXT")]
        if answer.found is Found.FAILED:
            return Finding(
                State.UNKNOWN, f"It could not be looked up: {answer.why}. We try again by ourselves."
            )
        policies = _policies(answer)
        if len(policies) > 1:
            return Finding(
                State.WRONG,
                f"{len(policies)} DMARC records stand at {name}, and receivers then take none. Keep one.",
            )
        if policies:
            return _policy(policies[0])
    return _missing(record, asked, answers)


def _policy(text: str) -> Finding:
    tags = _tags(text)
    if tags.get("p") in ("none", "quarantine", "reject"):
        return Finding(State.FOUND)
    if "p" not in tags:
        return Finding(State.WRONG, "It names no policy: p=none is the least.")
    return Finding(
        State.WRONG, f"{_quote('p=' + tags['p'])} is no policy: write p=none, p=quarantine or p=reject."
    )


def _with_policy(found: Mapping[str, Finding], asked: Asked, answers: _Answers) -> Finding:
    """What the policy means for us, where it is strict: it must be met by the signature or the return path."""
    own = _policies(answers[(f"_dmarc.{asked.name}", "TXT")])
    inherited = _policies(answers[(f"_dmarc.{names.owner(asked.name)}", "TXT")])
    tags = _tags((own or inherited)[0])
    policy = tags["p"] if own else tags.get("sp", tags["p"])
    where = "" if own else f"It stands at {names.shown(names.owner(asked.name))} and holds here too. "
    if policy == "none":
        return Finding(State.FOUND, where.strip())
    if not found["dkim"].holds:
        return Finding(
            State.LOOK, f"{where}p={policy}: without the signature above, receivers turn your mail away."
        )
    spf_counts = tags.get("aspf", "r") == "r" and all(
        found[key].holds for key in ("return", "spf") if key in found
    )
    if "return" in found and spf_counts:
        return Finding(State.FOUND, where.strip())
    return Finding(
        State.FOUND, f"{where}p={policy}: your mail passes by its signature alone, so keep that record."
    )


def _policies(answer: Answer) -> list[str]:
    return [text for text in answer.values if text.replace(" ", "").lower().startswith("v=dmarc1")]


def _tags(text: str) -> dict[str, str]:
    pairs = (part.partition("=") for part in text.split(";"))
    return {name.strip().lower(): value.strip().lower() for name, equals, value in pairs if equals}


def _missing(record: Wanted, asked: Asked, answers: _Answers) -> Finding:
    """Nothing of ours stands at the right place: say where it stands instead, if it does."""
    return next(
        _elsewhere(record, asked, answers),
        Finding(State.MISSING, "Not found. New records often take an hour."),
    )


def _elsewhere(record: Wanted, asked: Asked, answers: _Answers) -> Iterator[Finding]:
    doubled = _doubled(record, asked)
    if _is_like(record, answers[(doubled, record.kind)]):
        yield Finding(
            State.WRONG,
            f"It stands at {doubled}: your provider adds the domain by itself. Type only {record.host} as the name.",
        )
    if record.kind == "TXT" and _is_like(record, answers[(asked.name, "TXT")]):
        yield Finding(
            State.WRONG, f"It stands at {names.shown(asked.name)} itself. Type {record.host} as the name."
        )
    answer = answers[(record.name, record.kind)]
    if answer.alias:
        yield Finding(
            State.WRONG,
            f"A CNAME stands here and leads to {_quote(answer.alias)}; nothing can stand beside it. Take it out, then add this record.",
        )
    if answer.values:
        yield Finding(State.WRONG, f"Here stands {_quote(answer.values[0])}, which is something else.")


def _doubled(record: Wanted, asked: Asked) -> str:
    """Where a record ends up when a provider adds the domain to a name that holds it already."""
    return f"{record.name}.{names.owner(asked.name)}"


def _is_like(record: Wanted, answer: Answer) -> bool:
    """Whether the record that is wanted stands in this answer."""
    if record.key == "return":
        return any(value in record.value for value in answer.values)
    if record.key == "spf":
        return bool(spf.records(answer.values)) and any(record.value == _bare(text) for text in answer.values)
    start = record.value[:12].replace(" ", "").lower()
    return any(_bare(text).replace(" ", "").lower().startswith(start) for text in answer.values)


def _bare(text: str) -> str:
    return text.strip().strip('"').strip()


def _quote(text: str) -> str:
    """Something of the DNS as it may stand in a sentence."""
    plain = "".join(char if char.isprintable() else "·" for char in text)
    return f"“{plain if len(plain) <= 80 else plain[:79] + '…'}”"
