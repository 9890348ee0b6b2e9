"""The figures of a running send are exact at every moment, and cost little however many rows there are."""

import random
import time
from collections import Counter
from datetime import timedelta

import pytest
from sqlalchemy import func, select, update

from app import clock
from app.db import db
from app.delivery import tally
from app.delivery.models import DELIVERY, Delivery, DeliveryState, Send, SendStatus, SendTally
from tests.delivery import many
from tests.rig.cast import Cast

pytestmark = pytest.mark.both_databases
S = DeliveryState


def counted(send_id: int) -> dict[DeliveryState, int]:
    query = select(Delivery.state, func.count()).where(Delivery.send_id == send_id).group_by(Delivery.state)
    return {row[0]: row[1] for row in db.session.execute(query)}


def count_now() -> None:
    """What the beat does, as on a machine that does nothing else: however long its counts took."""
    _as_quick()
    tally.keep(db.engine)
    _as_quick()


def _as_quick() -> None:
    db.session.execute(update(SendTally).values(took_ms=0))
    db.session.commit()


def test_every_figure_equals_the_rows_whatever_they_do(cast: Cast) -> None:
    chance = random.Random(7)
    send = many.sending(cast, 300)
    ids = list(db.session.scalars(select(Delivery.id).order_by(Delivery.id)))
    state = dict.fromkeys(ids, S.READY)
    for turn in range(60):
        for row_id in chance.sample(ids[: 40 + 5 * turn], 25):
            after = sorted(DELIVERY.table.get(state[row_id], ()))
            if not after:
                continue
            state[row_id] = chance.choice(after)
            db.session.execute(update(Delivery).where(Delivery.id == row_id).values(state=state[row_id]))
        db.session.commit()
        if turn % 3 == 0:
            count_now()
        expected = dict(Counter(state.values()))
        assert tally.of([db.session.get_one(Send, send.id)])[0].counts == expected == counted(send.id)
        db.session.rollback()
    mark = db.session.get_one(SendTally, send.id)
    assert mark.upto > ids[100], "the mark has moved, else nothing is saved"


def test_the_speed_is_told_from_the_points_of_the_last_minute(cast: Cast) -> None:
    assert tally.per_second([]) == 0
    assert tally.per_second([[100.0, 5]]) == 0
    assert tally.per_second([[100.0, 50], [102.0, 250], [110.0, 1050]]) == 100
    send = many.sending(cast, 20)
    tally.keep(db.engine)
    db.session.execute(update(Delivery).values(state=S.ACCEPTED, decided_at=clock.now()))
    old = [[clock.now().timestamp() - 61, 0], [clock.now().timestamp() - 10, 0]]
    db.session.execute(update(SendTally).values(points=old, took_ms=0))
    db.session.commit()
    count_now()
    points = tally.of([send])[0].points
    assert len(points) == 2
    assert tally.per_second(points) == pytest.approx(2.0, rel=0.1)
    db.session.rollback()


def test_what_takes_long_to_count_is_counted_less_often(cast: Cast) -> None:
    send = many.sending(cast, 5)
    tally.keep(db.engine)
    stale = clock.now() - timedelta(seconds=3)
    db.session.execute(update(SendTally).values(took_ms=400, counted_at=stale))
    db.session.execute(update(Delivery).values(state=S.ACCEPTED))
    db.session.commit()
    tally.keep(db.engine)
    assert tally.of([send])[0].counts == {S.READY: 5}, "the last count holds for eight seconds"
    db.session.execute(update(SendTally).values(counted_at=clock.now() - timedelta(seconds=9)))
    db.session.commit()
    tally.keep(db.engine)
    db.session.expire_all()
    assert tally.of([send])[0].counts == {S.ACCEPTED: 5}
    db.session.rollback()


def test_what_has_ended_is_counted_once_more(cast: Cast) -> None:
    send = many.sending(cast, 5)
    tally.keep(db.engine)
    db.session.execute(update(Delivery).values(state=S.ACCEPTED))
    send.status = SendStatus.FINISHED
    db.session.commit()
    count_now()
    first = db.session.get_one(SendTally, send.id)
    assert first.is_final
    before = first.counted_at
    db.session.rollback()
    tally.keep(db.engine)
    db.session.expire_all()
    assert db.session.get_one(SendTally, send.id).counted_at == before
    db.session.rollback()


@pytest.mark.long
@pytest.mark.timeout(600)
def test_a_million_rows_are_known_in_a_fraction_of_the_time_that_counting_takes(cast: Cast) -> None:
    send = many.sending(cast, 1_000_000)
    lowest = db.session.scalar(select(func.min(Delivery.id))) or 0
    for start in range(0, 600_000, 100_000):
        reached = Delivery.id.between(lowest + start, lowest + start + 99_999)
        db.session.execute(update(Delivery).where(reached).values(state=S.ACCEPTED))
        db.session.execute(update(Delivery).where(reached, Delivery.id % 50 == 0).values(state=S.REJECTED))
        db.session.commit()
        count_now()
    known, plain = [], []
    for _ in range(5):
        begun = time.perf_counter()
        found = tally.of([send])[0].counts
        known.append(time.perf_counter() - begun)
        begun = time.perf_counter()
        truth = counted(send.id)
        plain.append(time.perf_counter() - begun)
        db.session.rollback()
    assert found == truth
    assert min(known) * 1.5 < min(plain), (known, plain)
