"""Warm-up of a sender's domain that mailbox providers don't know yet: so many messages on its first day, more on each day it sends.

What workers take of a day is counted in the database in lots, and counted anew from the deliveries where a worker died with its lot.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from sqlalchemy import Connection, Engine, and_, func, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from app.clock import now
from app.db import db
from app.delivery.models import Delivery, DeliveryState, Send, SendingWorker, SendStatus, WarmUp, WarmUpDay
from app.delivery.presence import LEASE, database_now
from app.settings import Settings

# Twice the volume of the day before, and never more, from 50 messages up; once 25,600 have gone on a day the domain counts as known.
# Source: SocketLabs, "IP and Domain Warm-Up Concepts" (help.socketlabs.com/docs/warm-up-basics): increase gradually, never more than
# twice the previous day's volume. Days without mail don't count: the plan stands still then.
PLAN = (50, 100, 200, 400, 800, 1_600, 3_200, 6_400, 12_800, 25_600)
AGAIN = timedelta(
    minutes=10
)  # a used-up day is looked at again: a worker may have given back what it did not need
_LOTS = 20  # a day's volume is taken in so many lots
_SENT = (DeliveryState.ACCEPTED, DeliveryState.UNCERTAIN, DeliveryState.COMMITTING)
_OPEN = (DeliveryState.READY, DeliveryState.CLAIMED, DeliveryState.HELD)
_RUNNING = (SendStatus.EXPANDING, SendStatus.SENDING, SendStatus.PAUSED)


@dataclass(frozen=True)
class Step:
    """A day of a plan: how many may go, how many have, and the volumes of this and the coming days."""

    domain: str
    day: date
    quota: int
    taken: int
    coming: tuple[int, ...]

    @property
    def left(self) -> int:
        """What may still go today."""
        return max(self.quota - self.taken, 0)

    @property
    def ends(self) -> datetime:
        """When the next day begins."""
        return datetime.combine(self.day + timedelta(days=1), time(), UTC)

    @property
    def words(self) -> str:
        """Why nothing more goes out today."""
        more = (
            f"The next {self.coming[1]:,} go tomorrow." if len(self.coming) > 1 else "The rest goes tomorrow."
        )
        return (
            f"{self.domain} is new to mail providers, and today’s {self.quota:,} messages have gone. {more}"
        )


@dataclass(frozen=True)
class Forecast:
    """How a send of `people` messages will be spread: so many today, the last of them on `last_day`."""

    people: int
    today: int
    day: date
    last_day: date

    @property
    def words(self) -> str:
        """For the launch page."""
        days = (self.last_day - self.day).days
        last = f"{self.last_day:%A}" if days < 7 else f"{self.last_day:%-d %B}"
        if self.today:
            rest = f"the rest until {last}" if days > 1 else "the rest tomorrow"
            spread = f"{self.today:,} of {self.people:,} go today, {rest}"
        else:
            spread = (
                f"{self.people:,} go from tomorrow on, the last on {last}"
                if days > 1
                else f"{self.people:,} go tomorrow"
            )
        return f"Your new address is being introduced to mail providers: {spread}."


def start(domain: str, starts_on: date, plan: tuple[int, ...] = PLAN) -> None:
    """Begin a plan for a domain, or begin it anew: days that have been count no more."""
    stop_waiting(domain)
    found = db.session.get(WarmUp, domain) or WarmUp(domain=domain)
    found.starts_on, found.plan, found.stopped_at = starts_on, list(plan), None
    db.session.add(found)


def stop(domain: str) -> bool:
    """End a plan: the domain sends without a daily limit from now on. False where there is none."""
    found = db.session.get(WarmUp, domain)
    if found is None or found.stopped_at is not None:
        return False
    found.stopped_at = now()
    stop_waiting(domain)
    return True


def stop_waiting(domain: str) -> None:
    """Let the sends of a domain look at its plan again at once."""
    mine = Send.sender_domain == domain
    values: dict[str, Any] = {"waits_until": None, "waits_for": None}
    db.session.execute(update(Send).where(or_(mine, Send.sender_domain.is_(None))).values(**values))


def step(connection: Connection, domain: str, today: date) -> Step | None:
    """Where the domain's plan stands today; None where it has none, or it is through."""
    plan = connection.execute(
        select(WarmUp.plan, WarmUp.starts_on).where(
            WarmUp.domain == domain, WarmUp.starts_on <= today, WarmUp.stopped_at.is_(None)
        )
    ).first()
    if plan is None:
        return None
    days = select(WarmUpDay.day, WarmUpDay.quota, WarmUpDay.taken).where(
        WarmUpDay.domain == domain, WarmUpDay.day >= plan.starts_on, WarmUpDay.day <= today
    )
    rows = {row.day: row for row in connection.execute(days)}
    done = sum(1 for day, row in rows.items() if day < today and row.taken)
    coming = tuple(plan.plan[done:])
    if not coming:
        return None
    taken = rows[today].taken if today in rows else 0
    return Step(domain, today, coming[0], taken, coming)


def quota_for(engine: Engine, settings: Settings, domain: str) -> "Quota | None":
    """What a slice may take of the domain's day; None where no plan holds it back."""
    with engine.begin() as connection:
        found = step(connection, domain, database_now(connection).date())
    return None if found is None else Quota(engine, domain, settings.mail_from.rpartition("@")[2].lower())


class Quota:
    """What one slice holds of a domain's day. `left` goes down with each message; `used_up` says how the day stands once it is."""

    def __init__(self, engine: Engine, domain: str, platform: str) -> None:
        self._engine = engine
        self._domain = domain
        self._platform = platform
        self._day: date | None = None
        self._asks_at: datetime | None = None
        self._has_taken = False
        self.left = 0
        self.used_up: Step | None = None

    def refill(self) -> bool:
        """Take the next lot. False where the day is used up."""
        if self._asks_at is not None and now() < self._asks_at:
            return False
        with self._engine.begin() as connection:
            moment = database_now(connection)
            found = step(connection, self._domain, moment.date())
            if found is None:
                self.left, self.used_up = 1_000_000, None  # the plan is through, or was stopped
                return True
            self._day = found.day
            given = self._take(connection, found, moment)
        self.left += given
        self.used_up = None if given else found
        self._asks_at = None if given else min(now() + AGAIN, found.ends)
        return given > 0

    def seconds(self) -> float:
        """Until it makes sense to ask again."""
        return max((self._asks_at - now()).total_seconds(), 1.0) if self._asks_at else 1.0

    def give_back(self) -> None:
        """What was not needed is free for others."""
        if self.left < 1 or self._day is None:
            return
        left, self.left = self.left, 0
        with self._engine.begin() as connection:
            mine = and_(WarmUpDay.domain == self._domain, WarmUpDay.day == self._day, WarmUpDay.taken >= left)
            connection.execute(update(WarmUpDay).where(mine).values(taken=WarmUpDay.taken - left))

    def _take(self, connection: Connection, found: Step, moment: datetime) -> int:
        mine = and_(WarmUpDay.domain == self._domain, WarmUpDay.day == found.day)
        try:
            with connection.begin_nested():
                row = {"domain": self._domain, "day": found.day, "quota": found.quota, "taken": 0}
                connection.execute(insert(WarmUpDay).values(**row))
        except IntegrityError:
            pass  # the day has begun already
        taken = connection.execute(select(WarmUpDay.taken).where(mine).with_for_update()).scalar_one()
        if taken >= found.quota and not self._has_taken and self._is_only_worker(connection, moment):
            taken = self._sent(connection, found.day)
        self._has_taken = True
        given = min(max(1, found.quota // _LOTS), found.quota - taken)
        if given <= 0:
            return 0
        connection.execute(update(WarmUpDay).where(mine).values(taken=taken + given, quota=found.quota))
        return given

    def _is_only_worker(self, connection: Connection, moment: datetime) -> bool:
        query = select(func.count()).where(SendingWorker.heartbeat_at > moment - LEASE)
        return int(connection.execute(query).scalar_one()) <= 1

    def _sent(self, connection: Connection, day: date) -> int:
        """The day's messages as the deliveries have them."""
        begins = datetime.combine(day, time(), UTC)
        recent = or_(Send.finished_at.is_(None), Send.finished_at >= begins)
        sends = select(Send.id).where(of_domain(self._domain, self._platform), recent)  # unscoped: a job
        query = select(func.count()).where(  # unscoped: a job
            Delivery.send_id.in_(sends), Delivery.state.in_(_SENT), Delivery.committed_at >= begins
        )
        return int(connection.execute(query).scalar_one())


def of_domain(domain: str, platform: str) -> Any:
    """Sends whose mail comes from this domain; `platform` is the domain of MAIL_FROM."""
    own = Send.sender_domain == domain
    return or_(own, Send.sender_domain.is_(None)) if domain == platform else own


def announcement(
    settings: Settings, people: int, planned: datetime | None, own: str | None = None
) -> str | None:
    """What the launch page says about a send to so many people, at once or at a planned time; None where all may go at once.

    `own`: the partner's own sender domain, where it comes from that.
    """
    platform = settings.mail_from.rpartition("@")[2].lower()
    found = forecast(own or platform, platform, people)
    if found is None:
        return None
    if planned is not None and planned.date() > found.day:
        return "Your new address is being introduced to mail providers: some go on the first day, more on each day after."
    return found.words


def forecast(domain: str, platform: str, people: int) -> Forecast | None:
    """How a send to `people` would be spread if it began now, after all that waits already; None where all may go at once."""
    found = step(db.session.connection(), domain, now().date())
    if found is None or not people:
        return None
    sends = select(Send.id).where(
        of_domain(domain, platform), Send.status.in_(_RUNNING)
    )  # unscoped: counts only
    query = select(func.count()).where(
        Delivery.send_id.in_(sends), Delivery.state.in_(_OPEN)
    )  # unscoped: counts only
    waiting = int(db.session.scalar(query) or 0)
    volumes = [found.left, *found.coming[1:]]
    if waiting + people <= volumes[0]:
        return None
    today = max(min(volumes[0] - waiting, people), 0)
    total, days = 0, 0
    for volume in volumes:
        total += volume
        if total >= waiting + people:
            break
        days += 1
    return Forecast(people, today, found.day, found.day + timedelta(days=days))
