"""A whole send over Amazon SES that throttles, fails, falls silent and breaks off: nothing lost, nothing doubled, the undecidable ones listed."""

import random
import time
from collections import Counter
from collections.abc import Sequence

from flask import Flask
from sqlalchemy import update

from app.db import db
from app.delivery import engine, jobs
from app.delivery.compose import MailWriter
from app.delivery.engine import End, Policy
from app.delivery.models import DELIVERY, Delivery, DeliveryState, Send
from app.delivery.outcomes import Retries
from app.delivery.ses import SesTransport
from app.delivery.ses_service import Service
from app.settings import current
from tests.delivery import made
from tests.delivery.ses_rig import credentials, fake, running, service
from tests.rig.cast import Cast
from tests.rig.ses_fake import SesFake

__all__ = ["credentials", "fake", "running", "service"]
S = DeliveryState
POLICY = Policy(seconds=20, lanes=4, retries=Retries(attempts=3, pauses=(0.3,)))


def launched(cast: Cast, locals_: Sequence[str]) -> Send:
    made.watch_transitions()
    send = made.send(cast, locals_)
    jobs.expand_send(send.id)
    db.session.remove()
    return send


def run(service: Service, send: Send, policy: Policy = POLICY) -> engine.Result:
    """Slices as jobs run them, until nothing is due or something else ends it."""
    transport = SesTransport("eu-west-1", service=service, tags={"send": str(send.id)})
    for _ in range(40):
        db.session.remove()
        result = engine.run_slice(
            db.engine, current().data_dir, send.id, transport, MailWriter(current()), policy
        )
        open_ = {S.READY, S.CLAIMED, S.COMMITTING} & set(made.states(send.id).values())
        if result.end not in (End.EMPTY, End.TIME) or not open_:
            return result
        time.sleep(0.2)  # what was put off is not due yet
    raise AssertionError("the send does not come to its end")


def test_two_hundred_over_a_service_that_throttles_and_fails(
    app: Flask, cast: Cast, fake: SesFake, service: Service
) -> None:
    fake.account.max_rate, fake.enforces_rate = 80, True
    kinds = {
        "silent": 4,
        "garbage": 3,
        "nothing": 3,
        "reset-accepted": 4,
        "reset-read": 4,
        "error500": 3,
        "error503": 3,
        "illegal": 3,
        "throttle429x1": 10,
        "throttle400x2": 10,
    }
    locals_ = [f"{kind}-{number}" for kind, count in kinds.items() for number in range(count)]
    locals_ += [f"p{number}" for number in range(200 - len(locals_))]
    random.Random(3).shuffle(locals_)
    send = launched(cast, locals_)
    assert run(service, send).end is End.EMPTY

    assert fake.calls["POST /v2/email/outbound-emails"] >= 230, (
        "it was throttled at least as often as ordered"
    )
    states = made.states(send.id)
    assert len(states) == 200, "nothing is lost"
    got = {address.partition("@")[0]: count for address, count in fake.recipients().items()}
    assert set(got.values()) == {1}, "nothing is doubled"
    undecided = {"silent", "garbage", "nothing", "reset-accepted", "reset-read", "error500", "error503"}
    for local, state in states.items():
        kind = local.rpartition("-")[0]
        expected = S.UNCERTAIN if kind in undecided else S.REJECTED if kind == "illegal" else S.ACCEPTED
        assert state is expected, local
        assert state is not S.ACCEPTED or got[local] == 1
    assert (
        set(got) - {local for local, state in states.items() if state in (S.ACCEPTED, S.UNCERTAIN)} == set()
    )
    assert Counter(states.values())[S.UNCERTAIN] == 24
    row = made.delivery(send.id, "silent-0")
    assert row.reason == "The line to Amazon SES broke before it answered"
    assert made.delivery(send.id, "throttle400x2-3").attempts == 1, "throttling costs nobody a try"
    assert (made.delivery(send.id, "p1").reply or "").startswith("SES 0102"), "its own id is kept"
    for was, became in made.seen_transitions():
        assert DELIVERY.allows(was, became)


def test_a_second_run_sends_nothing_again(app: Flask, cast: Cast, fake: SesFake, service: Service) -> None:
    send = launched(cast, ["anna", "silent", "reset-accepted", "bram"])
    run(service, send)
    assert run(service, send).decided == 0
    assert set(fake.recipients().values()) == {1}


def test_the_mails_carry_what_ties_the_service_s_events_to_the_delivery(
    app: Flask, cast: Cast, fake: SesFake, service: Service
) -> None:
    send = launched(cast, ["anna"])
    run(service, send)
    (message,) = fake.accepted
    assert message.tags["send"] == str(send.id)
    assert f"X-Throughline-Delivery: {message.tags['delivery']}\r\n".encode() in message.raw
    assert message.raw.isascii(), "the documented service wants 7-bit content"
    assert message.feedback_to.startswith("campaigns+")


def test_an_unverified_sender_pauses_and_rejects_nobody(
    app: Flask, cast: Cast, fake: SesFake, service: Service
) -> None:
    fake.account.verified = {"elsewhere.example"}
    send = launched(cast, ["anna", "bram", "chris"])
    result = run(service, send)
    assert (result.end, result.why) == (End.REFUSED, "Amazon SES has not verified the sender.")
    assert set(made.states(send.id).values()) == {S.READY}
    assert made.delivery(send.id, "anna").attempts == 0
    assert not fake.accepted


def test_a_quota_that_runs_out_waits_with_words_and_goes_on_by_itself(
    app: Flask, cast: Cast, fake: SesFake, service: Service
) -> None:
    fake.account.max_24_hours = 5
    send = launched(cast, [f"p{number}" for number in range(9)])
    assert run(service, send).end is End.AWAY
    assert len(fake.accepted) == 5
    states = Counter(made.states(send.id).values())
    assert states == {S.ACCEPTED: 5, S.READY: 4}
    trouble = db.session.get_one(Send, send.id).trouble
    assert trouble
    assert "the quota of 5 messages in 24 hours is used up" in trouble
    db.session.rollback()

    fake.account.sent_24_hours = 0
    service._used_up_until = service._read_at = float("-inf")
    db.session.execute(update(Delivery).where(Delivery.send_id == send.id).values(not_before=None))
    db.session.commit()
    assert run(service, send).end is End.EMPTY
    assert set(made.states(send.id).values()) == {S.ACCEPTED}
    assert set(fake.recipients().values()) == {1}
    assert db.session.get_one(Send, send.id).trouble is None
    db.session.rollback()
