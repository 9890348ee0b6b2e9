"""What a test's totals say about two versions: evidence, p, the interval of the lift and the chance to be better.

Pure numbers: it knows no tables. People may look as often as they like, since evidence of 1/α shows up by luck in at most a share α of all tests.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from app.lazy import lazy

optimize, special, stats = lazy("scipy.optimize"), lazy("scipy.special"), lazy("scipy.stats")

CONCENTRATION = 100.0
"""k of the beta mixture: how far from equality a difference is expected to lie."""
RATIO_CONCENTRATION = 10_000.0
"""Concentration of the Dirichlet mixture for the sample ratio: only clear departures from the plan count."""
ALPHA = 0.05
_EDGE = 1e-12
_MOST = 700.0  # exp() of more is no longer a float


@dataclass(frozen=True)
class Arm:
    """One version's totals: people assigned to it, and those of them who converted (each counted once)."""

    converters: int
    assigned: int

    def __post_init__(self) -> None:
        if not 0 <= self.converters <= self.assigned:
            raise ValueError(
                f"{self.converters} of {self.assigned} can’t be: converters are a part of the people assigned"
            )

    @property
    def rate(self) -> float | None:
        """Share of the assigned who converted; None where nobody is assigned."""
        return self.converters / self.assigned if self.assigned else None


@dataclass(frozen=True)
class Evaluation:
    """Treatment against control. `lift`, `low` and `high` are fractions (0.03 is +3 %); `high` may be infinite, `lift` None."""

    evidence: float
    p: float
    lift: float | None
    low: float
    high: float
    chance: float
    control: Arm
    treatment: Arm

    @property
    def converters(self) -> int:
        """Converters of both versions together."""
        return self.control.converters + self.treatment.converters


def log_evidence(control: int, treatment: int, share: float) -> float:
    """ln E for `control` and `treatment` converters; `share` is the treatment's share of the pair's assignments, in (0, 1).

    E = B(kρ + S_T, k(1−ρ) + S_C) / [B(kρ, k(1−ρ)) · ρ^S_T · (1−ρ)^S_C], after Lindon & Malek, arXiv 2011.03567.
    """
    likelihood = special.xlogy(treatment, share) + special.xlogy(control, 1 - share)
    return _log_marginal(control, treatment, share) - float(likelihood)


def _log_marginal(control: int, treatment: int, share: float) -> float:
    a, b = CONCENTRATION * share, CONCENTRATION * (1 - share)
    return float(special.betaln(a + treatment, b + control) - special.betaln(a, b))


def lift_interval(control: int, treatment: int, share: float, alpha: float = ALPHA) -> tuple[float, float]:
    """All lifts that the totals don't rule out at `alpha`, however often one looks: (low, high) as fractions."""
    marginal, bound = _log_marginal(control, treatment, share), math.log(1 / alpha)

    def excess(theta: float) -> float:
        likelihood = special.xlogy(treatment, theta) + special.xlogy(control, 1 - theta)
        return marginal - float(likelihood) - bound

    total = control + treatment
    best = min(max(treatment / total if total else share, _EDGE), 1 - _EDGE)
    low = float(optimize.brentq(excess, _EDGE, best, xtol=1e-14)) if excess(_EDGE) > 0 else 0.0
    high = float(optimize.brentq(excess, best, 1 - _EDGE, xtol=1e-14)) if excess(1 - _EDGE) > 0 else 1.0
    return _lift(low, share), _lift(high, share)


def _lift(theta: float, share: float) -> float:
    return math.inf if theta >= 1 else theta / (1 - theta) * (1 - share) / share - 1


def evaluate(control: Arm, treatment: Arm, best_so_far: float = 0.0) -> Evaluation:
    """Compare two versions by their totals; `best_so_far` is the largest evidence seen earlier, which p remembers.

    Where one of them has nobody assigned there is nothing to compare: evidence 1, every lift possible.
    """
    assigned = control.assigned + treatment.assigned
    share = treatment.assigned / assigned if control.assigned and treatment.assigned else 0.5
    s_c, s_t = control.converters, treatment.converters
    evidence = math.exp(min(log_evidence(s_c, s_t, share), _MOST))
    low, high = lift_interval(s_c, s_t, share)
    lift = (s_t / s_c) * (1 - share) / share - 1 if s_c else None
    a, b = CONCENTRATION * share, CONCENTRATION * (1 - share)
    return Evaluation(
        evidence=evidence,
        p=min(1.0, 1 / max(evidence, best_so_far)),
        lift=lift,
        low=low,
        high=high,
        chance=float(special.betainc(b + s_c, a + s_t, 1 - share)),
        control=control,
        treatment=treatment,
    )


def final_p(control: Arm, treatment: Arm) -> float:
    """Fisher's exact two-sided p: for the one look at the end of a test whose end was fixed before it began."""
    table = [[a.converters, a.assigned - a.converters] for a in (treatment, control)]
    return float(stats.fisher_exact(table)[1])


def adjusted(evidences: Sequence[float]) -> list[float]:
    """Evidence of each of several challengers, holding for all of them at once (closed averaging).

    For each, the least mean over all groups of challengers that contain it: itself with the smallest of the others.
    """
    result = []
    for index, own in enumerate(evidences):
        others = sorted(value for i, value in enumerate(evidences) if i != index)
        total, least = own, own
        for size, value in enumerate(others, start=2):
            total += value
            least = min(least, total / size)
        result.append(least)
    return result


def ratio_evidence(counts: Sequence[int], weights: Sequence[int]) -> float:
    """Evidence that people did not arrive in the planned shares: Dirichlet-multinomial against the planned multinomial.

    100 or more means that the split is off (a version loses messages or views), so no winner may be named by rule.
    """
    if len(counts) != len(weights) or any(weight <= 0 for weight in weights):
        raise ValueError("each count needs a weight above zero")
    whole = sum(weights)
    alphas = [RATIO_CONCENTRATION * weight / whole for weight in weights]
    log_e = float(special.gammaln(RATIO_CONCENTRATION) - special.gammaln(RATIO_CONCENTRATION + sum(counts)))
    for count, weight, alpha in zip(counts, weights, alphas, strict=True):
        log_e += float(special.gammaln(alpha + count) - special.gammaln(alpha)) - float(
            special.xlogy(count, weight / whole)
        )
    return math.exp(min(log_e, _MOST))
