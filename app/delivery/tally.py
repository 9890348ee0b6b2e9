"""A send's messages by state, exactly, without counting a million rows each time: rows below a mark are counted once.

Below the mark nearly all are accepted, above it nearly all are still ready; so the two big numbers are what is left of the known totals
once the few others are counted. The beat moves the mark up and keeps the points from which the speed is told.
"""

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Engine, and_, func, insert, literal, null, or_, select, union_all, update

from app.db import db
from app.delivery.models import Delivery, DeliveryState, Send, SendStatus, SendTally
from app.delivery.presence import database_now

WINDOW = timedelta(seconds=60)  # over which the speed is told
_FRESH = timedelta(seconds=10)
_SLOW_MS = 50  # a count that takes longer is not repeated for each look at a page
_LOAD = 20  # the beat waits so many times as long as a count took
_S = DeliveryState
_DECIDED = (_S.ACCEPTED, _S.REJECTED, _S.FAILED, _S.UNCERTAIN, _S.SUPPRESSED, _S.CANCELLED)
_OTHERS = {
    _S.ACCEPTED: tuple(s for s in _S if s is not _S.ACCEPTED),
    _S.READY: tuple(s for s in _S if s is not _S.READY),
}

Counts = dict[DeliveryState, int]


@dataclass(frozen=True)
class Mark:
    """Of the rows with an id up to `upto` there are `rows`; no new ones come below it."""

    upto: int = 0
    rows: int = 0


@dataclass(frozen=True)
class Tally:
    """One send's counts and its points (seconds since 1970, decided so far)."""

    counts: Counts
    points: list[list[float]] = field(default_factory=list)
    at: datetime | None = None


def count(connection: Connection, send_id: int, mark: Mark) -> Counts:
    """Messages by state: what one snapshot of the rows says, in one statement."""
    mine = Delivery.send_id == send_id
    below = and_(mine, Delivery.state.in_(_OTHERS[_S.ACCEPTED]), Delivery.id <= mark.upto)
    above = and_(mine, Delivery.state.in_(_OTHERS[_S.READY]), Delivery.id > mark.upto)
    parts: Any = union_all(
        select(literal(0), Delivery.state, func.count())
        .where(below)
        .group_by(Delivery.state),  # unscoped: counts
        select(literal(1), Delivery.state, func.count())
        .where(above)
        .group_by(Delivery.state),  # unscoped: counts
        select(literal(2), null(), Send.expanded).where(Send.id == send_id),  # unscoped: counts
    )
    found: Counts = {}
    sums = [0, 0, 0]
    for part, state, number in connection.execute(parts):
        sums[part] += number
        if state is not None:
            found[state] = found.get(state, 0) + number
    found[_S.ACCEPTED] = found.get(_S.ACCEPTED, 0) + mark.rows - sums[0]
    found[_S.READY] = found.get(_S.READY, 0) + sums[2] - mark.rows - sums[1]
    return {state: number for state, number in found.items() if number}


def of(sends: Iterable[Send]) -> list[Tally]:
    """How each of these sends stands now, for a page or a judgement (needs an application context)."""
    mine = list(sends)
    query = select(SendTally).where(SendTally.send_id.in_([send.id for send in mine]))
    kept = {row.send_id: row for row in db.session.scalars(query.execution_options(populate_existing=True))}
    connection = db.session.connection()
    return [_now(connection, send, kept.get(send.id)) for send in mine]


def _now(connection: Connection, send: Send, kept: SendTally | None) -> Tally:
    if kept is None:
        return Tally(count(connection, send.id, Mark()))
    moment = database_now(connection)
    recent = kept.counted_at > moment - max(_FRESH, timedelta(milliseconds=2 * _LOAD * kept.took_ms))
    if kept.took_ms > _SLOW_MS and (recent or kept.is_final):
        return Tally(_read(kept.counts), kept.points, kept.counted_at)
    return Tally(
        count(connection, send.id, Mark(kept.upto, kept.rows)), kept.points if recent else [], moment
    )


def per_second(points: list[list[float]]) -> float:
    """Messages decided a second over the points, 0.0 where there are too few to say."""
    if len(points) < 2 or points[-1][0] - points[0][0] < 0.5:
        return 0.0
    return max(points[-1][1] - points[0][1], 0.0) / (points[-1][0] - points[0][0])


def keep(engine: Engine) -> None:
    """The beat: count what runs, and once more what has ended since."""
    for send_id, status, is_new in _wanted(engine):
        begun = time.perf_counter()
        with engine.begin() as connection:
            if is_new:
                _add(connection, send_id)
            row = connection.execute(
                select(SendTally.upto, SendTally.rows, SendTally.points).where(SendTally.send_id == send_id)
            ).one()
            mark = _moved(connection, send_id, status, Mark(row.upto, row.rows))
            counts = count(connection, send_id, mark)
            moment = database_now(connection)
            values = {
                "counts": {str(state): number for state, number in counts.items()},
                "points": _points(row.points, status, counts, moment),
                "counted_at": moment,
                "took_ms": round((time.perf_counter() - begun) * 1000),
                "is_final": status in (SendStatus.FINISHED, SendStatus.CANCELLED),
                "upto": mark.upto,
                "rows": mark.rows,
            }
            connection.execute(update(SendTally).where(SendTally.send_id == send_id).values(**values))


def _wanted(engine: Engine) -> list[tuple[int, SendStatus, bool]]:
    """Sends that run, and those whose last count was made while they did; not what was counted at great cost a moment ago."""
    running = Send.status.in_((SendStatus.EXPANDING, SendStatus.SENDING, SendStatus.PAUSED))
    ended = and_(Send.status.in_((SendStatus.FINISHED, SendStatus.CANCELLED)), SendTally.is_final.is_(False))
    with engine.begin() as connection:
        moment = database_now(connection)
        query = (
            select(
                Send.id, Send.status, SendTally.send_id, SendTally.counted_at, SendTally.took_ms
            )  # unscoped: the beat
            .outerjoin(SendTally, SendTally.send_id == Send.id)
            .where(or_(running, ended))
        )
        return [
            (row.id, row.status, row.send_id is None)
            for row in connection.execute(query)
            if row.counted_at is None
            or row.counted_at <= moment - timedelta(milliseconds=_LOAD * row.took_ms)
        ]


def _add(connection: Connection, send_id: int) -> None:
    row = {"send_id": send_id, "counts": {}, "points": [], "counted_at": database_now(connection)}
    connection.execute(insert(SendTally).values(**row))


def _moved(connection: Connection, send_id: int, status: SendStatus, mark: Mark) -> Mark:
    """The mark, moved up to the last accepted row. While rows are being written it stays."""
    if status is SendStatus.EXPANDING:
        return mark
    mine = Delivery.send_id == send_id
    last = select(func.max(Delivery.id)).where(mine, Delivery.state == _S.ACCEPTED)  # unscoped: the beat
    upto = connection.execute(last).scalar_one() or 0
    if upto <= mark.upto:
        return mark
    between = and_(mine, Delivery.state.in_(tuple(_S)), Delivery.id > mark.upto, Delivery.id <= upto)
    more = connection.execute(select(func.count()).where(between)).scalar_one()  # unscoped: the beat
    return Mark(upto, mark.rows + more)


def _points(
    points: list[list[float]], status: SendStatus, counts: Mapping[DeliveryState, int], moment: datetime
) -> list[list[float]]:
    if status is not SendStatus.SENDING:
        return []
    decided = sum(counts.get(state, 0) for state in _DECIDED)
    since = (moment - WINDOW).timestamp()
    return [*(point for point in points if point[0] >= since), [round(moment.timestamp(), 2), decided]]


def _read(counts: Mapping[str, int]) -> Counts:
    return {DeliveryState(state): number for state, number in counts.items()}
