"""The steps of a campaign as its page shows them: when each goes out, how many got it, who was left out and why, and who comes next.

Counts only, so the vendor may read them too.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from app.campaigns.models import Campaign, CampaignStatus
from app.clock import local
from app.db import db
from app.delivery.models import Delivery, DeliveryState, Send, SendStatus
from app.flows import sequence
from app.flows.sequence import Why
from app.kits.queries import kit_source, version_by_id
from app.kits.step_words import whom
from app.web.filters import count, plural


@dataclass(frozen=True)
class StepLine:
    """One step. `at` is on the clock of the campaign's zone; `about` is a forecast, only for the step that comes next."""

    number: int
    title: str
    email: str
    at: datetime | None
    status: SendStatus
    condition: str
    got: int
    rows: int
    about: int | None
    left_out: tuple[tuple[str, int], ...]

    @property
    def left_out_people(self) -> int:
        """How many of those of the first mail were left out of this one."""
        return sum(people for _, people in self.left_out)

    @property
    def is_over(self) -> bool:
        """Whether nothing of it goes out any more."""
        return self.status in (SendStatus.FINISHED, SendStatus.CANCELLED)

    @property
    def mark(self) -> str | None:
        """Its place on the thread: done, now, or still to come."""
        if self.status is SendStatus.FINISHED:
            return "done"
        return None if self.status in (SendStatus.WAITING, SendStatus.CANCELLED) else "now"

    @property
    def said(self) -> str:
        """What is known of it, in a sentence."""
        if self.status is SendStatus.WAITING:
            known = f"about {plural(self.about, 'person', 'people')}, " if self.about is not None else ""
            return f"To {known}{self.condition}"
        if self.status is SendStatus.CANCELLED and not self.rows:
            return "Called back before its time; nobody got it"
        return f"{count(self.got)} of {plural(self.rows, 'person', 'people')} got it"

    @property
    def why(self) -> str:
        """Who was left out and why: `250 left out: 200 left their details, 50 said no`."""
        if not self.left_out:
            return ""
        reasons = ", ".join(f"{count(people)} {words}" for words, people in self.left_out)
        return f"{count(self.left_out_people)} left out: {reasons}"


@dataclass(frozen=True)
class Steps:
    """All steps of a campaign with more than one. `next` is the one that waits for its time, if the campaign may still come to it."""

    lines: tuple[StepLine, ...]
    next: StepLine | None


def steps(campaign: Campaign) -> Steps | None:
    """The steps of a launched campaign; None where there is only one."""
    sends = sequence.sends(campaign)
    if len({send.step for send in sends}) < 2:
        return None
    kit = kit_source(version_by_id(campaign.kit_version_id))
    titles = {email.name: email.title for email in kit.emails}
    counts = _counts([send.id for send in sends])
    goes_on = campaign.status is not CampaignStatus.CANCELLED
    coming = next((send for send in sends if send.status is SendStatus.WAITING), None) if goes_on else None
    lines = [
        _line(campaign, send, titles.get(send.email, send.email), counts, forecast=send is coming)
        for send in sends
    ]
    upcoming = next((line for line in lines if coming is not None and line.number == coming.step), None)
    return Steps(tuple(lines), upcoming)


def _line(
    campaign: Campaign, send: Send, title: str, counts: dict[int, tuple[int, int]], *, forecast: bool
) -> StepLine:
    moment = send.started_at or send.starts_at or send.created_at
    rows, got = counts.get(send.id, (0, 0))
    left_out = tuple(
        (why.label, send.left_out[why]) for why in Why if send.step > 1 and send.left_out.get(why)
    )
    return StepLine(
        number=send.step,
        title=title,
        email=send.email,
        at=local(moment, campaign.timezone),
        status=send.status,
        condition=whom(send.unless, send.only) if send.step > 1 else "",
        got=got,
        rows=rows,
        about=sequence.forecast(send) if forecast else None,
        left_out=left_out,
    )


def _counts(send_ids: list[int]) -> dict[int, tuple[int, int]]:
    """Rows and accepted messages of each send."""
    query = (
        select(Delivery.send_id, Delivery.state, func.count())  # unscoped: of one campaign's sends
        .where(Delivery.send_id.in_(send_ids))
        .group_by(Delivery.send_id, Delivery.state)
    )
    found: dict[int, tuple[int, int]] = {}
    for send_id, state, people in db.session.execute(query):
        rows, got = found.get(send_id, (0, 0))
        found[send_id] = (rows + people, got + (people if state is DeliveryState.ACCEPTED else 0))
    return found
