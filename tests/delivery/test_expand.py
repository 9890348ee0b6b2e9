"""Expansion: one row for everyone who may be mailed when their chunk is written, whatever stops it, and however many do it at once."""

import sqlite3
import threading
from collections.abc import Callable
from datetime import date, timedelta

import pytest
from flask import Flask
from sqlalchemy import event, select, text, update

from app import clock
from app.audience.models import Consent, ConsentPurpose, Contact, SuppressionReason, SuppressionScope
from app.audience.suppress import PLATFORM, address_hash, suppress
from app.db import db
from app.delivery import expand, failpoints
from app.delivery.models import Delivery, DeliveryState, Send, SendStatus
from app.delivery.timing import Timing
from tests.delivery import made
from tests.rig.cast import Cast

PEOPLE = [f"p{n:02}" for n in range(40)]


def rows(send_id: int) -> dict[str, bool]:
    """Who has a row, and whether they are tracked; fails when somebody has two."""
    db.session.rollback()
    query = select(Contact.email, Delivery.tracked).join(Delivery, Delivery.contact_id == Contact.id)
    found = db.session.execute(query.where(Delivery.send_id == send_id)).all()
    db.session.rollback()
    by_name = {row[0].partition("@")[0]: row[1] for row in found}
    assert len(by_name) == len(found)
    return by_name


def _contact(local: str) -> int:
    return db.session.scalars(select(Contact.id).where(Contact.email == f"{local}@people.example")).one()


def _consent(local: str, purpose: ConsentPurpose, **values: object) -> None:
    of = (Consent.contact_id == _contact(local), Consent.purpose == purpose)
    db.session.execute(update(Consent).where(*of).values(**values))


@pytest.mark.both_databases
def test_everyone_is_judged_when_their_chunk_is_written(app: Flask, cast: Cast) -> None:
    send = made.send(cast, PEOPLE, tracked=["p01", "p02", "p03"])
    send_id = send.id
    yesterday = clock.now().date() - timedelta(days=1)
    no = {
        "p10": (SuppressionScope.PARTNER, cast.harbour.id),
        "p11": (SuppressionScope.VENDOR, cast.northwind.id),
        "p12": (SuppressionScope.PLATFORM, PLATFORM),
        "p13": (SuppressionScope.PARTNER, cast.leuvelink.id),  # a no to somebody else
    }
    for local, (scope, organisation_id) in no.items():
        suppress(
            scope, organisation_id, address_hash(f"{local}@people.example"), SuppressionReason.UNSUBSCRIBE
        )
    db.session.execute(update(Contact).where(Contact.id == _contact("p14")).values(erased_at=clock.now()))
    _consent("p15", ConsentPurpose.MARKETING, withdrawn_at=clock.now())
    _consent("p16", ConsentPurpose.MARKETING, expires_on=yesterday)
    _consent("p17", ConsentPurpose.MARKETING, expires_on=clock.now().date())  # the last day counts
    _consent("p02", ConsentPurpose.TRACKING, withdrawn_at=clock.now())
    _consent("p03", ConsentPurpose.TRACKING, expires_on=date(2020, 1, 1))
    db.session.commit()

    done = expand.expand(db.engine, send_id, chunk=7)

    found = rows(send_id)
    assert set(PEOPLE) - set(found) == {"p10", "p11", "p12", "p14", "p15", "p16"}
    assert {local for local, tracked in found.items() if tracked} == {"p01"}
    assert done == expand.Expansion(34, 40)
    db.session.refresh(send)
    assert (send.status, send.expanded, send.expected) == (SendStatus.SENDING, 34, 34)


@pytest.mark.both_databases
def test_a_no_between_two_chunks_counts(app: Flask, cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    send = made.send(cast, PEOPLE)
    send_id = send.id

    def say_no(place: str) -> None:
        if place == "expand-committed" and "p35" not in told:
            told.append("p35")
            _consent("p35", ConsentPurpose.MARKETING, withdrawn_at=clock.now())
            db.session.commit()

    told: list[str] = []
    monkeypatch.setattr(failpoints, "hit", say_no)
    db.session.commit()
    expand.expand(db.engine, send_id, chunk=10)
    assert set(PEOPLE) - set(rows(send_id)) == {"p35"}


@pytest.mark.both_databases
@pytest.mark.parametrize("chunk", [1, 39, 40, 41])
def test_chunks_of_any_size_find_everyone(app: Flask, cast: Cast, chunk: int) -> None:
    send = made.send(cast, PEOPLE)
    send_id = send.id
    assert expand.expand(db.engine, send_id, chunk) == expand.Expansion(40, 40)
    assert set(rows(send_id)) == set(PEOPLE)
    assert expand.expand(db.engine, send_id, chunk) is None, "a second run finds nothing to do"


@pytest.mark.both_databases
def test_two_workers_at_once_write_each_row_once(app: Flask, cast: Cast) -> None:
    send = made.send(cast, PEOPLE)
    send_id = send.id
    engine = db.engine
    begin, done = threading.Barrier(2), list[expand.Expansion | None]()

    def work() -> None:
        begin.wait(10)
        done.append(expand.expand(engine, send_id, chunk=3))

    workers = [threading.Thread(target=work) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    assert sorted(done, key=str) == [expand.Expansion(40, 40), None], "one of them completes it"
    assert set(rows(send_id)) == set(PEOPLE)


@pytest.mark.both_databases
def test_a_cursor_that_was_set_back_writes_nobody_twice(app: Flask, cast: Cast) -> None:
    send = made.send(cast, PEOPLE)
    send_id = send.id
    expand.expand(db.engine, send_id, chunk=9)
    db.session.execute(update(Send).values(status=SendStatus.EXPANDING, cursor=0, expanded=0))
    db.session.execute(
        update(Delivery).where(Delivery.contact_id == _contact("p05")).values(state=DeliveryState.ACCEPTED)
    )
    db.session.commit()
    assert expand.expand(db.engine, send_id, chunk=11) == expand.Expansion(40, 40)
    assert set(rows(send_id)) == set(PEOPLE)
    assert made.delivery(send_id, "p05").state is DeliveryState.ACCEPTED, "what was sent stays sent"


@pytest.mark.both_databases
def test_people_whose_own_time_is_still_to_come_wait_for_it(app: Flask, cast: Cast) -> None:
    send = made.send(cast, PEOPLE)
    send_id = send.id
    later = (clock.now() + timedelta(hours=6)).replace(microsecond=0)
    starts = {"FI": clock.now() - timedelta(minutes=1), "PT": later, "": later + timedelta(hours=1)}
    send.timing = Timing("Europe/Amsterdam", starts=starts).to_json()
    for local, region in (("p01", "FI"), ("p02", "PT")):
        db.session.execute(update(Contact).where(Contact.id == _contact(local)).values(country=region))
    db.session.commit()
    expand.expand(db.engine, send_id, chunk=15)
    assert [made.delivery(send_id, local).not_before for local in ("p01", "p02", "p03")] == [
        None,
        later,
        later + timedelta(hours=1),
    ]


def test_a_chunk_costs_the_same_however_many_wait_behind_it(app: Flask, cast: Cast) -> None:
    """Counted in steps of SQLite's own machine, which no neighbour on this computer can change."""
    send = made.send(cast, [f"q{n:03}" for n in range(400)])
    send_id = send.id
    db.session.remove()
    steps, count = list[int](), _counter()

    @event.listens_for(db.engine, "commit")
    def committed(_connection: object) -> None:
        steps.append(count())

    try:
        expand.expand(db.engine, send_id, chunk=40)
    finally:
        event.remove(db.engine, "commit", committed)
    chunks = steps[:10]
    assert max(chunks) < 1.2 * min(chunks), chunks


def _counter() -> Callable[[], int]:
    """How many tens of steps SQLite took since the last call."""
    taken = [0]

    def step() -> int:
        taken[0] += 1
        return 0

    with db.engine.connect() as connection:
        raw = connection.connection.driver_connection
        assert isinstance(raw, sqlite3.Connection)
        raw.set_progress_handler(step, 10)
        connection.execute(text("ROLLBACK"))

    def since() -> int:
        now, taken[0] = taken[0], 0
        return now

    return since
