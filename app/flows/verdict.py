"""What a test says: people who got each version, those of them who filled in the form, and the verdict by the rules fixed before.

It crosses rooms (test, deliveries, forms, machines), so it lives here. Counts only; whoever may see the campaign may see them.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import aliased

from app.abtest.decide import MAIL, Counted, Rules, Verdict, decide
from app.abtest.evaluate import Arm, log_evidence
from app.abtest.models import EXPERIMENT, Experiment, ExperimentStatus, Variant
from app.abtest.trace import Point, trace
from app.audience.models import Contact
from app.clock import now
from app.db import db
from app.delivery.models import Delivery, DeliveryState, Rendering
from app.landing.models import Submission
from app.tracking.models import TrackedEvent


@dataclass(frozen=True)
class Totals:
    """One version with its figures: messages accepted by people's mail servers, and people who filled in the form."""

    variant: Variant
    arm: Arm
    seconds: tuple[float, ...]
    """When each converted, as POSIX seconds, in order."""


@dataclass(frozen=True)
class Report:
    """Everything a page or a table says about a test. `machines` counts events of machines, which count for nothing."""

    experiment: Experiment
    totals: tuple[Totals, ...]
    verdict: Verdict
    rules: Rules
    points: tuple[Point, ...]
    machines: int

    @property
    def final(self) -> bool:
        """Whether nothing can change any more: the end has passed, or it was ended."""
        return self.experiment.status is ExperimentStatus.ENDED


def variants(experiment: Experiment) -> list[Variant]:
    """The test's versions, the control first."""
    rows = db.session.scalars(
        select(Variant).where(Variant.experiment_id == experiment.id)
    )  # unscoped: the caller's test
    return sorted(rows, key=lambda row: (not row.is_control, row.label))


def lines(experiment: Experiment) -> dict[int, str]:
    """What each version says, by its id: the subject as it was sent to somebody unknown, before the launch as it was planned."""
    planned = {
        variant.id: str(variant.value.get("subject", variant.label)) for variant in variants(experiment)
    }
    sent = select(Rendering.variant_id, Rendering.subject).where(  # unscoped: the caller's test
        Rendering.variant_id.in_(planned)
    )
    return planned | {
        variant: subject for variant, subject in db.session.execute(sent) if variant is not None
    }


def totals(experiment: Experiment) -> list[Totals]:
    """Totals of each version, the control first; only forms filled in before the test's end count."""
    assigned = _assigned(experiment)
    converted = _converted(experiment)
    return [
        Totals(
            row,
            Arm(len(converted.get(row.id, ())), assigned.get(row.id, 0)),
            tuple(converted.get(row.id, ())),
        )
        for row in variants(experiment)
    ]


def _assigned(experiment: Experiment) -> dict[int, int]:
    rows = db.session.execute(
        select(Delivery.variant_id, func.count())  # unscoped: the caller's test
        .join(Variant, Variant.id == Delivery.variant_id)
        .where(Variant.experiment_id == experiment.id, Delivery.state == DeliveryState.ACCEPTED)
        .group_by(Delivery.variant_id)
    )
    return {int(variant or 0): count for variant, count in rows}


def _converted(experiment: Experiment) -> dict[int, list[float]]:
    """When each recipient first filled in the form, by version. Who was not sent the mail is not counted, nor are robots."""
    known = aliased(Contact)
    first = func.min(Submission.at)
    statement = (
        select(Delivery.variant_id, first)  # unscoped: the caller's test
        .join(Variant, Variant.id == Delivery.variant_id)
        .join(known, known.id == Delivery.contact_id)
        .join(
            Submission,
            (Submission.campaign_id == experiment.campaign_id)
            & ((Submission.contact_id == Delivery.contact_id) | (Submission.email == known.email)),
        )
        .where(
            Variant.experiment_id == experiment.id,
            Delivery.state == DeliveryState.ACCEPTED,
            Submission.held_reason.is_(None),
        )
        .group_by(Delivery.variant_id, Delivery.contact_id)
        .order_by(first)
    )
    found: dict[int, list[float]] = {}
    for variant, at in db.session.execute(statement):
        if experiment.ends_at is None or at <= experiment.ends_at:
            found.setdefault(int(variant or 0), []).append(at.timestamp())
    return found


def report(experiment: Experiment, moment: datetime | None = None) -> Report:
    """The test as it stands at `moment` (default: now)."""
    when = moment or now()
    found = totals(experiment)
    counted = [Counted(item.variant.label, item.arm, item.variant.weight) for item in found]
    best = _best_so_far(found) if len(found) == 2 else 0.0
    verdict = decide(MAIL, counted, experiment.started_at, experiment.ends_at, when, best)
    return Report(experiment, tuple(found), verdict, MAIL, _points(experiment, found, when), _machines(found))


def _best_so_far(found: Sequence[Totals]) -> float:
    """The largest evidence that stood at any moment from 25 converters on: p and the early line remember it."""
    control, treatment = found
    assigned = control.arm.assigned + treatment.arm.assigned
    if not control.arm.assigned or not treatment.arm.assigned:
        return 0.0
    share = treatment.arm.assigned / assigned
    events = sorted(
        [(second, 0) for second in control.seconds] + [(second, 1) for second in treatment.seconds]
    )
    counts, best = [0, 0], 0.0
    for _, side in events:
        counts[side] += 1
        if sum(counts) >= MAIL.least_converters:
            best = max(best, log_evidence(counts[0], counts[1], share))
    return math.exp(min(best, 700.0)) if best else 0.0


def _points(experiment: Experiment, found: Sequence[Totals], moment: datetime) -> tuple[Point, ...]:
    if experiment.started_at is None or len(found) < 2:
        return ()
    end = min(moment, experiment.ends_at) if experiment.ends_at else moment
    control, treatment = found[0], found[1]
    return tuple(
        trace(
            (control.arm.assigned, control.seconds),
            (treatment.arm.assigned, treatment.seconds),
            experiment.started_at,
            end,
        )
    )


def _machines(found: Sequence[Totals]) -> int:
    ids = [item.variant.id for item in found]
    return (
        db.session.scalar(
            select(func.count())  # unscoped: a count for the caller's test
            .select_from(TrackedEvent)
            .where(TrackedEvent.variant_id.in_(ids), TrackedEvent.is_machine)
        )
        or 0
    )


def end_due(moment: datetime | None = None) -> int:
    """End the tests whose time has come; their verdict is fixed, since only what happened before the end counts. Returns how many."""
    when = moment or now()
    due = db.session.scalars(
        select(Experiment).where(
            Experiment.status == ExperimentStatus.RUNNING, Experiment.ends_at <= when
        )  # unscoped: the beat's round over all
    ).all()
    for experiment in due:
        EXPERIMENT.move(experiment, ExperimentStatus.ENDED)
        experiment.ended_at = experiment.ends_at
    return len(due)
