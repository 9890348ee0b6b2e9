"""When each row of a send may go out: later for people whose own clock is behind, and only within the send's hours.

A launch fixes a send's timing. Rows wait by their `not_before`; a send outside its hours waits by its `opens_at`. The beat finds both.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Engine, and_, case, func, literal, null, or_, select, update

from app.audience.models import Contact
from app.audience.places import place_key, zone_of
from app.campaigns.zones import Window
from app.db import UtcDateTime
from app.delivery.models import Delivery, DeliveryState, Send
from app.delivery.presence import database_now

_CHUNK = 2_000


@dataclass(frozen=True)
class Timing:
    """A send's timing as it was fixed: the zone it was planned in, its hours, and when people of which place are due.

    `starts` is empty where everybody is due at once; else it has a moment for each place's key (audience/places.py), under ""
    that of everybody else. With `starts` the hours are those on each person's own clock.
    """

    zone: str
    window: Window | None = None
    starts: Mapping[str, datetime] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """As it is stored with the send."""
        return {
            "zone": self.zone,
            "window": self.window.to_json() if self.window else None,
            "starts": {key: moment.isoformat() for key, moment in self.starts.items()},
        }

    @classmethod
    def from_json(cls, raw: dict[str, Any] | None) -> "Timing | None":
        """The same, read back; None for none."""
        if not raw:
            return None
        starts = {key: datetime.fromisoformat(text) for key, text in raw["starts"].items()}
        return cls(raw["zone"], Window.from_json(raw["window"]), starts)

    @property
    def zones(self) -> dict[str, str]:
        """The zone on whose clock people of each place's key are mailed; under "" everybody's whose place isn't listed."""
        return {**{key: zone_of(key, self.zone) for key in self.starts}, "": self.zone}


def not_before(timing: Timing | None, moment: datetime) -> ColumnElement[Any]:
    """For a query with Contact: when the row of this contact may go out; NULL where that is now, at `moment`, already."""
    later = {key: start for key, start in (timing.starts if timing else {}).items() if start > moment}
    if timing is None or not later:
        return null()
    nothing = literal(None, UtcDateTime)
    known = {key: literal(later[key], UtcDateTime) if key in later else nothing for key in timing.starts}
    default = known.pop("", nothing)
    return case(known, value=place_key(), else_=default) if known else default


@dataclass(frozen=True)
class Gate:
    """Whether a send may go out now: `until` when (None: without end), or not before `opens_at`."""

    until: datetime | None = None
    opens_at: datetime | None = None


def gate(engine: Engine, send_id: int) -> Gate:
    """Look at a send's hours before a slice of it. What it says about opening is written down, so that the beat and people know.

    Where the hours are those of each person's clock, the rows of places that are closed now are put off until those open.
    """
    with engine.begin() as connection:
        query = select(Send.timing, Send.opens_at).where(Send.id == send_id)  # unscoped: a job
        row = connection.execute(query).one()
        moment = database_now(connection)
    timing = Timing.from_json(row.timing)
    if timing is None or timing.window is None:
        return Gate()
    found = _gate(timing, timing.window, moment)
    if found.opens_at != row.opens_at:
        with engine.begin() as connection:
            connection.execute(update(Send).where(Send.id == send_id).values(opens_at=found.opens_at))
    if found.opens_at is None and timing.starts:
        _put_off(engine, send_id, row.timing, timing.window, moment)
    return found


def _gate(timing: Timing, window: Window, moment: datetime) -> Gate:
    closings = [window.closing(moment, zone) for zone in set(timing.zones.values())]
    open_until = [closing for closing in closings if closing is not None]
    if open_until:
        return Gate(until=min(open_until))
    return Gate(opens_at=min(window.opening(moment, zone) for zone in set(timing.zones.values())))


def _put_off(engine: Engine, send_id: int, raw: dict[str, Any], window: Window, moment: datetime) -> None:
    """Rows of places that are closed at `moment` become due when those open. In chunks, so that nobody waits long for the database.

    All of a place's rows are looked at once each time it closes, which is written down with the timing; after that only those
    that have been claimed: what went out when it closed and came back, to be tried again.
    """
    timing = Timing.from_json(raw)
    zones = timing.zones if timing else {}
    closed = {zone: window.opening(moment, zone) for zone in set(zones.values())}
    closed = {zone: opens for zone, opens in closed.items() if opens > moment}
    done: dict[str, str] = raw.get("put_off", {})
    told = {zone: opens.isoformat() for zone, opens in closed.items()}
    for zone, opens in closed.items():
        _put_off_place(engine, send_id, _lives(zones, zone), opens, again=done.get(zone) == told[zone])
    if told != done:
        with engine.begin() as connection:
            values = {"timing": {**raw, "put_off": told}}
            connection.execute(update(Send).where(Send.id == send_id).values(**values))


def _put_off_place(
    engine: Engine, send_id: int, lives: ColumnElement[bool], opens: datetime, again: bool
) -> None:
    ready = and_(Delivery.send_id == send_id, Delivery.state == DeliveryState.READY)
    early = and_(ready, or_(Delivery.not_before.is_(None), Delivery.not_before < opens))
    if again:
        early = and_(early, Delivery.epoch > 0)
    after = 0
    while True:
        window = (
            select(Delivery.id)
            .where(ready, Delivery.id > after)
            .order_by(Delivery.id)
            .limit(_CHUNK * 10 if again else _CHUNK)
        ).subquery()  # unscoped: a job, of this very send
        with engine.begin() as connection:
            upper = connection.execute(select(func.max(window.c.id))).scalar_one()
            if upper is None:
                return
            here = and_(early, Delivery.id > after, Delivery.id <= upper)
            people = select(Contact.id).where(Contact.id == Delivery.contact_id, lives)  # unscoped: as above
            put_off = update(Delivery).where(here, people.correlate(Delivery).exists())
            connection.execute(put_off.values(not_before=opens))
        after = upper


def _lives(zones: Mapping[str, str], zone: str) -> ColumnElement[bool]:
    """For a query with Contact: its clock is that of `zone`."""
    here = [key for key, place in zones.items() if place == zone]
    if zone != zones[""]:
        return place_key().in_(here)
    return place_key().not_in([key for key, place in zones.items() if place != zone])
