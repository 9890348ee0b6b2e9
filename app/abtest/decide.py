"""When a test has spoken, by rules that are fixed before it starts, and how that is said to a person.

Pure: it takes totals and times and gives a verdict that pages, tables and mails show in the same words.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from app.abtest.evaluate import Arm, Evaluation, adjusted, evaluate, final_p, ratio_evidence
from app.web.filters import lift


class VerdictKind(StrEnum):
    """What a test says now. The texts are the words of its state on pages."""

    COLLECTING = "collecting"
    OPEN = "no proven difference yet"
    UNPROVEN = "no proven difference"
    BETTER = "better"
    SPLIT_OFF = "split is off"


@dataclass(frozen=True)
class Rules:
    """Fixed before the start. `line` is the evidence that ends a test early; `final_alpha` is spent on one look at the end.

    Email tests spend 0.05 as 0.01 (E ≥ 100 at any time) and 0.04 (Fisher's exact test once); pages run on to E ≥ 20.
    """

    line: float
    final_alpha: float | None
    least_age: timedelta
    least_converters: int = 25
    split_line: float = 100.0


MAIL = Rules(line=100.0, final_alpha=0.04, least_age=timedelta(hours=24))
PAGE = Rules(line=20.0, final_alpha=None, least_age=timedelta(days=7))


@dataclass(frozen=True)
class Counted:
    """One version with its label and totals; the first of a list is the control. `weight` is its planned share."""

    label: str
    arm: Arm
    weight: int = 1


@dataclass(frozen=True)
class Verdict:
    """`headline` and `text` are for a person; `tone` is the state's; `winner` a label, None where nothing is proven."""

    kind: VerdictKind
    headline: str
    text: str
    tone: str
    winner: str | None
    best: Evaluation
    label: str
    evidence: float

    @property
    def state(self) -> str:
        """The words of the badge: `B is better`, `collecting`."""
        return f"{self.winner} is better" if self.winner else str(self.kind)


def lift_words(value: float | None) -> str:
    """A lift as people read it: `+3 %`, `−41 %`; `any size` where there is no upper end."""
    if value is not None and math.isinf(value):
        return "any size"
    return lift(value)


def decide(
    rules: Rules,
    counted: Sequence[Counted],
    started_at: datetime | None,
    ends_at: datetime | None,
    moment: datetime,
    best_so_far: float = 0.0,
) -> Verdict:
    """The verdict at `moment`. `counted` must hold only conversions up to `ends_at`, so that the final look is one look.

    `best_so_far` is the largest evidence of the two-version test seen earlier: p remembers it, the early line does too.
    """
    control, challengers = counted[0], counted[1:]
    results = [evaluate(control.arm, other.arm, best_so_far) for other in challengers]
    evidences = adjusted([result.evidence for result in results])
    index = max(range(len(results)), key=lambda i: (evidences[i], results[i].lift or 0.0))
    best, label = results[index], challengers[index].label
    evidence = max(evidences[index], best_so_far) if len(results) == 1 else evidences[index]
    total = sum(item.arm.converters for item in counted)
    made = _Made(best, label, control.label, evidence, evidences[index], total)
    if started_at is None or moment < started_at + rules.least_age or total < rules.least_converters:
        return made.collecting(rules, started_at, moment)
    if (
        ratio_evidence([item.arm.assigned for item in counted], [item.weight for item in counted])
        >= rules.split_line
    ):
        return made.split_off()
    if evidence >= rules.line and best.lift is not None and (best.lift > 0 or len(results) == 1):
        return made.better(f"Evidence reached {evidence_words(evidence)}; its line is {rules.line:g}.")
    if rules.final_alpha is not None and ends_at is not None and moment >= ends_at:
        return _final_look(rules.final_alpha, counted, made)
    return made.open(rules)


def _final_look(alpha: float, counted: Sequence[Counted], made: "_Made") -> Verdict:
    """The one look at the end: Fisher's exact p, at alpha shared by the challengers; the control stays where it fails."""
    control = counted[0].arm
    allowed = alpha / (len(counted) - 1)
    looks = [(final_p(control, item.arm), evaluate(control, item.arm), item.label) for item in counted[1:]]
    proven = [look for look in looks if look[0] <= allowed and ((look[1].lift or 0) > 0 or len(looks) == 1)]
    if not proven:
        return made.unproven()
    p, best, label = min(proven, key=lambda look: look[0])
    made = _Made(best, label, made.control, made.evidence, made.current, made.total)
    return made.better(f"The one look at the end gave p = {p:.3f}; the line is {allowed:.3f}.")


def evidence_words(value: float) -> str:
    """Evidence in the fewest digits that say enough: `0.8`, `4.2`, `47`, `over 1,000`."""
    if value > 1000:
        return "over 1,000"
    return f"{value:.1f}" if value < 10 else f"{value:,.0f}"


@dataclass(frozen=True)
class _Made:
    best: Evaluation
    label: str
    control: str
    evidence: float
    current: float
    total: int

    def _range(self) -> str:
        low, high = lift_words(self.best.low), lift_words(self.best.high)
        if math.isinf(self.best.high):
            return f"From these numbers the true lift of {self.label} may be anything above {low}."
        return f"The true lift of {self.label} is between {low} and {high}."

    def _verdict(
        self, kind: VerdictKind, headline: str, text: str, tone: str, winner: str | None = None
    ) -> Verdict:
        return Verdict(kind, headline, text, tone, winner, self.best, self.label, self.evidence)

    def collecting(self, rules: Rules, started_at: datetime | None, moment: datetime) -> Verdict:
        needs = []
        if self.total < rules.least_converters:
            needs.append(f"{rules.least_converters} filled forms, {self.total} so far")
        if started_at is None:
            needs.append("a start")
        elif moment < started_at + rules.least_age:
            needs.append(f"{_span(rules.least_age)} since the start")
        text = f"A verdict needs {' and '.join(needs)}."
        return self._verdict(VerdictKind.COLLECTING, "Not enough data yet.", text, "wait")

    def open(self, rules: Rules) -> Verdict:
        return self._verdict(VerdictKind.OPEN, "No proven difference yet.", self._range(), "wait")

    def unproven(self) -> Verdict:
        text = f"{self._range()} {self.control} stays."
        return self._verdict(VerdictKind.UNPROVEN, "No proven difference.", text, "rest")

    def split_off(self) -> Verdict:
        text = "The versions did not reach people in the planned shares, so no winner is named. Something loses messages of one version."
        return self._verdict(VerdictKind.SPLIT_OFF, "The split is off.", text, "bad")

    def better(self, why: str) -> Verdict:
        winner = self.label if (self.best.lift or 0) > 0 else self.control
        return self._verdict(
            VerdictKind.BETTER, f"{winner} is better.", f"{self._range()} {why}", "ok", winner
        )


def _span(span: timedelta) -> str:
    hours = int(span.total_seconds() // 3600)
    return f"{hours} hours" if hours < 48 else f"{hours // 24} full days"
