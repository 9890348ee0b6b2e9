"""How well the rules agree with mails whose meaning is known, also without what one provider's mails alone bear out.

For each family of mails (one provider or server) all nouns, sayings and alternatives of phrases that match its mails and no other
family's are taken out of the rules, and its mails are judged by what is left: as if they had never been seen. Run it on a folder:
`python -m tests.bounces.agreement ../shared/data/bounces`.
"""

import json
import re
import sys
from collections import defaultdict
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from app.delivery.bounces import Kind, classify, rules, signs
from app.delivery.bounces.judge import Answer, _words
from app.delivery.bounces.read import read


@dataclass(frozen=True)
class Agreement:
    """How many mails there are, which are judged unlike expected, and what was left out for each family."""

    mails: int
    wrong: list[str]
    left_out: dict[str, frozenset[str]]

    @property
    def share(self) -> float:
        """The share of mails that are judged as expected."""
        return 1 - len(self.wrong) / self.mails


def family(name: str) -> str:
    """The provider or server that a mail's name tells: of lhost-exim-01.eml that is exim."""
    return re.sub(r"^[lr]host-|-\d+\.eml$", "", name)


def expected(folder: Path) -> dict[str, bool]:
    """Each mail's name, and whether any of its recipients is to be suppressed."""
    told = json.loads((folder / "expected.json").read_text())
    return {name: any(one["hard"] for one in people) for name, people in told.items()}


@cache
def measured(folder: Path, *, leave_out: bool = False) -> Agreement:
    """The agreement on all mails of a folder, with all rules or with each family's own left out."""
    wanted = expected(folder)
    alone = _borne_out_by_one(folder, tuple(wanted)) if leave_out else {}
    wrong = [
        name
        for name, hard in sorted(wanted.items())
        if hard
        != (
            classify((folder / name).read_bytes(), rules.book(alone.get(family(name), frozenset()))).kind
            is Kind.HARD
        )
    ]
    return Agreement(len(wanted), wrong, alone)


@cache
def _borne_out_by_one(folder: Path, names: tuple[str, ...]) -> dict[str, frozenset[str]]:
    """For each family what matches its mails only."""
    seen: dict[str, set[str]] = defaultdict(set)
    texts = [(family(name), _text((folder / name).read_bytes())) for name in names]
    for atom, patterns in _atoms().items():
        tried = [re.compile(pattern, re.IGNORECASE) for pattern in patterns]
        seen[atom] = {of for of, text in texts if any(one.search(text) for one in tried)}
    found: dict[str, set[str]] = defaultdict(set)
    for atom, families in seen.items():
        if len(families) == 1:
            found[next(iter(families))].add(atom)
    return {of: frozenset(atoms) for of, atoms in found.items()}


def _atoms() -> dict[str, list[str]]:
    """Every part of the rules that can be left out, with the patterns in which it can match."""
    found: dict[str, list[str]] = defaultdict(list)
    for phrase in (*rules.DOMINANT, *rules.OTHERS, *rules.DISABLED, *rules.FOR_GOOD, *rules.ELSEWHERE):
        for part in rules.alternatives(phrase.pattern):
            found[part].append(part)
    stages = [pattern for _, pattern in signs.STAGES]
    for pattern in (*stages, signs.MAILERS, signs.SUBJECTS, signs.OPENINGS):
        for part in rules.alternatives(pattern):
            found[part].append(part)
    for nouns, sayings in ((rules.MAILBOXES, rules.OF_MAILBOXES), (rules.DOMAINS, rules.OF_DOMAINS)):
        for said in sayings:
            found[said.pattern].append(said.pattern.format(f"(?:{'|'.join(nouns)})"))
            for noun in nouns:
                found[noun].append(said.pattern.format(f"(?:{noun})"))
    return dict(found)


def _text(raw: bytes) -> str:
    """All that the rules may see of a mail."""
    mail = read(raw)
    parts = [mail.header("from"), mail.header("subject"), mail.text, *mail.status]
    return "\n".join(
        [*(_words(Answer("", said=part)) for part in parts), *(" ".join(part.split()) for part in parts)]
    )


def main() -> None:
    """Print both shares, and the mails on which the rules and the expectation differ."""
    folder = Path(sys.argv[1])
    for title, leave_out in (("all rules", False), ("each family's own left out", True)):
        result = measured(folder, leave_out=leave_out)
        taken = sum(len(atoms) for atoms in result.left_out.values())
        left_out = f", {taken} parts left out over {len(result.left_out)} families" if leave_out else ""
        lines = [
            f"{title}: {result.mails - len(result.wrong)} of {result.mails} ({result.share:.1%}){left_out}"
        ]
        sys.stdout.write("\n  ".join([*lines, *result.wrong]) + "\n")


if __name__ == "__main__":
    main()
