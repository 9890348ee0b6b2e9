"""A slice against a scripted mail server: each reply leads to the state that docs/delivery.md promises."""

from datetime import timedelta
from itertools import count
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from app import clock
from app.audience.models import SuppressionReason, SuppressionScope
from app.audience.suppress import address_hash, suppress
from app.campaigns.models import Campaign, CampaignStatus
from app.db import db
from app.delivery import engine, expand, finish, jobs
from app.delivery.compose import MailWriter
from app.delivery.dialogue import Timeouts
from app.delivery.engine import End, Policy
from app.delivery.models import DeliveryState, Send, SendingWorker, SendStatus
from app.delivery.outcomes import Retries
from app.delivery.smtp import Server, SmtpTransport
from app.delivery.store import Store
from app.delivery.wire import Wait
from app.settings import current
from tests.delivery import made
from tests.delivery.conftest import check_invariants
from tests.rig.cast import Cast
from tests.rig.sink import Sink

pytestmark = pytest.mark.both_databases

S = DeliveryState
FAST = Policy(seconds=20, retries=Retries(attempts=3, pauses=(0.0,)))


def transport(sink: Sink, dot: float = 0.4) -> SmtpTransport:
    return SmtpTransport(Server("127.0.0.1", sink.port, timeouts=Timeouts(dot=dot)), "tests.example")


def launched(cast: Cast, *locals_: str, **kwargs: Any) -> Send:
    made.watch_transitions()
    send = made.send(cast, locals_, **kwargs)
    jobs.expand_send(send.id)
    db.session.remove()
    return send


def run(sink: Sink, send: Send, policy: Policy = FAST, dot: float = 0.4) -> engine.Result:
    db.session.remove()
    return engine.run_slice(
        db.engine, current().data_dir, send.id, transport(sink, dot), MailWriter(current()), policy
    )


def test_everyone_gets_their_own_mail_once(app: Flask, cast: Cast, sink: Sink) -> None:
    send = launched(cast, "anna", "bram", "chris", tracked=["bram"])
    assert run(sink, send).end is End.EMPTY
    assert set(check_invariants(sink, send.id).values()) == {S.ACCEPTED}
    mails = {m.recipients[0].partition("@")[0]: m.content.decode() for m in sink.accepted}
    assert "Hello Anna of Acme &amp; Söhne, Grüße." in " ".join(mails["anna"].split())
    assert "\r\n.a line that starts with a dot" in mails["anna"]
    assert "/o/" in mails["bram"], "who agreed to tracking gets the pixel"
    assert "/o/" not in mails["anna"], "who did not agree gets none"
    assert len({m.sender for m in sink.accepted}) == 3, "each bounce address tells its delivery"
    assert db.session.scalars(select(SendingWorker)).all() == []


def test_a_message_put_off_is_tried_again_and_then_given_up(app: Flask, cast: Cast, sink: Sink) -> None:
    send = launched(cast, "454x2-ok", "data-452x1-ok", "451", "anna")
    run(sink, send)
    states = check_invariants(sink, send.id)
    assert states == {
        "454x2-ok": S.ACCEPTED,
        "data-452x1-ok": S.ACCEPTED,
        "451": S.FAILED,
        "anna": S.ACCEPTED,
    }
    row = made.delivery(send.id, "451")
    assert row.attempts == 3
    assert row.reason == "Tried 3 times. The mail server puts the address off"
    assert row.reply == "451 4.0.0 as scripted"


def test_a_pause_lies_between_two_attempts(app: Flask, cast: Cast, sink: Sink) -> None:
    send = launched(cast, "454x1-ok")
    assert run(sink, send, Policy(retries=Retries(3, (60.0,)))).end is End.EMPTY
    row = made.delivery(send.id, "454x1-ok")
    assert row.state is S.READY
    assert row.not_before is not None
    assert 55 < (row.not_before - clock.now()).total_seconds() <= 60
    assert not finish.finish(send.id), "a send with a row that waits is not finished"


def test_a_refusal_rejects_this_person_only(app: Flask, cast: Cast, sink: Sink) -> None:
    send = launched(cast, "550", "data-554", "anna")
    run(sink, send)
    assert check_invariants(sink, send.id) == {"550": S.REJECTED, "data-554": S.REJECTED, "anna": S.ACCEPTED}
    assert made.delivery(send.id, "550").reason == "The mail server refuses the address"


@pytest.mark.parametrize("local", ["hang-dot", "rst-dot", "garbage"])
def test_whatever_no_reply_decides_is_uncertain_and_never_sent_again(
    app: Flask, cast: Cast, sink: Sink, local: str
) -> None:
    send = launched(cast, local, "anna")
    run(sink, send)
    run(sink, send)
    states = check_invariants(sink, send.id)
    assert states == {local: S.UNCERTAIN, "anna": S.ACCEPTED}
    row = made.delivery(send.id, local)
    assert row.reason
    assert row.reason.startswith("Their server")
    db.session.rollback()
    assert finish.finish(send.id), "what is uncertain waits for a person, not for us"


def test_421_pauses_the_campaign_and_rejects_nobody(app: Flask, cast: Cast, sink: Sink) -> None:
    send = launched(cast, "421x1-ok", "anna", "bram")
    result = run(sink, send)
    assert result.end is End.REFUSED
    assert "421" in result.why
    assert S.REJECTED not in check_invariants(sink, send.id).values()
    assert made.delivery(send.id, "421x1-ok").attempts == 0, "it was not the message's fault"


def test_a_job_pauses_when_the_server_turns_us_away(app: Flask, cast: Cast, sink: Sink) -> None:
    send = launched(cast, "anna", "bram")
    sink.greeting = "554 no service for you"
    try:
        jobs.send_slice(send.id, FAST)
    finally:
        sink.greeting = "220 sink ESMTP"
    campaign = db.session.get_one(Campaign, send.campaign_id)
    db.session.refresh(campaign)
    assert campaign.status is CampaignStatus.PAUSED
    assert campaign.paused_reason
    assert "turns us away" in campaign.paused_reason
    assert set(check_invariants(sink, send.id).values()) == {S.READY}


def test_an_absent_server_costs_nobody_an_attempt(app: Flask, cast: Cast, sink: Sink) -> None:
    send = launched(cast, "anna")
    nobody = SmtpTransport(Server("127.0.0.1", 1), "tests.example")
    result = engine.run_slice(db.engine, current().data_dir, send.id, nobody, MailWriter(current()), FAST)
    assert result.end is End.AWAY
    row = made.delivery(send.id, "anna")
    assert (row.state, row.attempts) == (S.READY, 0)
    assert row.not_before is not None
    assert db.session.get_one(Send, send.id).trouble == "The mail server takes no connections."


def test_a_no_between_claim_and_commit_is_heard(app: Flask, cast: Cast, sink: Sink) -> None:
    send = launched(cast, "anna", "bram", "chris")
    writer = MailWriter(current())
    real = writer.envelope

    def say_no_first(row: Any, segments: bytes, form: Any) -> Any:
        if row.email.startswith("bram"):
            suppress(
                SuppressionScope.VENDOR,
                cast.northwind.id,
                address_hash(row.email),
                SuppressionReason.UNSUBSCRIBE,
            )
            db.session.commit()
        return real(row, segments, form)

    writer.envelope = say_no_first  # type: ignore[method-assign]
    engine.run_slice(db.engine, current().data_dir, send.id, transport(sink), writer, FAST)
    states = check_invariants(sink, send.id)
    assert states == {"anna": S.ACCEPTED, "bram": S.SUPPRESSED, "chris": S.ACCEPTED}
    assert "bram@people.example" not in sink.recipients()


def test_a_pause_acts_within_a_round(app: Flask, cast: Cast, sink: Sink) -> None:
    send = launched(cast, *(f"p{n}" for n in range(20)))
    writer = MailWriter(current())
    real, written = writer.envelope, list[str]()

    def pause_at_the_fifth(row: Any, segments: bytes, form: Any) -> Any:
        written.append(row.email)
        if len(written) == 5:
            db.session.get_one(Send, send.id).status = SendStatus.PAUSED
            db.session.commit()
        return real(row, segments, form)

    writer.envelope = pause_at_the_fifth  # type: ignore[method-assign]
    result = engine.run_slice(db.engine, current().data_dir, send.id, transport(sink), writer, FAST)
    assert result.end is End.STOPPED
    assert sum(sink.recipients().values()) == 4
    states = list(check_invariants(sink, send.id).values())
    assert (states.count(S.ACCEPTED), states.count(S.READY)) == (4, 16)


def test_one_contact_that_breaks_the_writing_does_not_stop_the_others(
    app: Flask, cast: Cast, sink: Sink
) -> None:
    send = launched(cast, "anna", "bram", "chris")
    writer = MailWriter(current())
    real = writer.envelope

    def poisoned(row: Any, segments: bytes, form: Any) -> Any:
        if row.email.startswith("bram"):
            raise ZeroDivisionError
        return real(row, segments, form)

    writer.envelope = poisoned  # type: ignore[method-assign]
    engine.run_slice(db.engine, current().data_dir, send.id, transport(sink), writer, FAST)
    assert check_invariants(sink, send.id) == {"anna": S.ACCEPTED, "bram": S.FAILED, "chris": S.ACCEPTED}


def test_an_address_that_cannot_stand_in_a_header_fails_with_a_reason(
    app: Flask, cast: Cast, sink: Sink
) -> None:
    send = launched(cast, "bad address", "anna")
    run(sink, send)
    assert check_invariants(sink, send.id) == {"bad address": S.FAILED, "anna": S.ACCEPTED}


def test_the_server_without_8bitmime_gets_plain_ascii(
    app: Flask, cast: Cast, sink: Sink, monkeypatch: pytest.MonkeyPatch
) -> None:
    send = launched(cast, "anna")
    monkeypatch.setattr("tests.rig.sink._Conversation.command", _old_server)
    run(sink, send)
    assert check_invariants(sink, send.id) == {"anna": S.ACCEPTED}
    assert sink.accepted[0].content.isascii()
    assert b"quoted-printable" in sink.accepted[0].content


def _old_server(self: Any, verb: bytes, line: str) -> str:
    if verb == b"EHLO":
        return "502 5.5.2 not understood"
    if verb == b"MAIL":
        assert "BODY=" not in line
    self.to = ["anna@people.example"] if verb == b"RCPT" else self.to
    return "250 ok"


def test_several_lanes_make_one_round(app: Flask, cast: Cast, sink: Sink) -> None:
    send = launched(cast, *(f"p{n}" for n in range(11)), "rst-dot", "550", "454x1-ok")
    run(sink, send, Policy(lanes=4, retries=FAST.retries))
    states = check_invariants(sink, send.id)
    assert {states.pop("rst-dot"), states.pop("550")} == {S.UNCERTAIN, S.REJECTED}
    assert set(states.values()) == {S.ACCEPTED}


def test_expansion_leaves_out_who_may_not_be_mailed_and_says_so(app: Flask, cast: Cast, sink: Sink) -> None:
    send = made.send(cast, ["anna", "bram", "chris"])
    suppress(
        SuppressionScope.PARTNER,
        cast.harbour.id,
        address_hash("bram@people.example"),
        SuppressionReason.UNSUBSCRIBE,
    )
    db.session.commit()
    done = expand.expand(db.engine, send.id, chunk=1)
    assert done == expand.Expansion(rows=2, expected=3)
    assert expand.expand(db.engine, send.id) is None, "a second run finds nothing to do"
    db.session.refresh(send)
    assert (send.status, send.expanded, send.expected) == (SendStatus.SENDING, 2, 2)


def test_the_last_message_finishes_send_and_campaign(app: Flask, cast: Cast, sink: Sink) -> None:
    send = launched(cast, "anna", "550")
    jobs.send_slice(send.id, FAST)
    jobs.finish_send(send.id)
    campaign = db.session.get_one(Campaign, send.campaign_id)
    db.session.refresh(campaign)
    assert campaign.status is CampaignStatus.FINISHED
    assert campaign.finished_at is not None


def test_a_database_that_goes_away_in_the_middle_costs_nobody_their_mail(
    app: Flask, cast: Cast, sink: Sink, monkeypatch: pytest.MonkeyPatch
) -> None:
    send = launched(cast, *(f"p{n}" for n in range(40)))
    real, calls = Store.begin_round, count()

    def away(self: Store, rows: Any, decided: Any) -> Any:
        number = next(calls)
        if number == 6:
            real(self, rows, decided)
            self.end_round()  # it was committed, but the answer is lost
        if 6 <= number < 9:
            raise OperationalError("UPDATE", {}, Exception("the server closed the connection"))
        return real(self, rows, decided)

    monkeypatch.setattr(Store, "begin_round", away)
    result = run(sink, send, Policy(lanes=3, retries=FAST.retries))
    assert result.end is End.TIME, "more is due"
    assert S.COMMITTING not in check_invariants(sink, send.id).values()
    run(sink, send)
    assert set(check_invariants(sink, send.id).values()) == {S.ACCEPTED}


def test_a_database_that_stays_away_leaves_the_rest_to_the_sweeper(
    app: Flask, cast: Cast, sink: Sink, monkeypatch: pytest.MonkeyPatch
) -> None:
    send = launched(cast, *(f"p{n}" for n in range(10)))
    monkeypatch.setattr("app.delivery.slices.SALVAGE_SECONDS", 0.5)
    calls, real = count(), Store.begin_round

    def away(self: Store, rows: Any, decided: Any) -> Any:
        if next(calls) >= 3:
            raise OperationalError("UPDATE", {}, Exception("the server closed the connection"))
        return real(self, rows, decided)

    with monkeypatch.context() as patch:
        patch.setattr(Store, "begin_round", away)
        with pytest.raises(OperationalError):
            run(sink, send)
    assert len(db.session.scalars(select(SendingWorker)).all()) == 1, "its rows can be found by it"
    check_invariants(sink, send.id)


class OneDomainWaits:
    """Limits that let three messages a domain go, and note what was given back."""

    def __init__(self, everyone: bool = False) -> None:
        self.everyone = everyone
        self.taken = 0
        self.closed = False

    def take(self, domain: str) -> Wait | None:
        self.taken += 1
        return Wait(30.0, self.everyone) if self.taken > 3 else None

    def give_back(self, domain: str) -> None:
        self.taken -= 1

    def close(self) -> None:
        self.closed = True


def test_a_domain_at_its_limit_waits_and_costs_nobody_a_try(app: Flask, cast: Cast, sink: Sink) -> None:
    send = launched(cast, *(f"p{n}" for n in range(8)))
    limits = OneDomainWaits()
    assert run(sink, send, Policy(seconds=1, limits=limits)).end is End.TIME
    states = check_invariants(sink, send.id)
    assert list(states.values()).count(S.ACCEPTED) == 3
    waiting = [made.delivery(send.id, local) for local, state in states.items() if state is S.READY]
    assert len(waiting) == 5
    assert {row.attempts for row in waiting} == {0}
    slots = sorted((row.not_before - clock.now()).total_seconds() for row in waiting if row.not_before)
    assert slots[0] > 25
    assert slots[-1] > slots[0] + 100, "they don’t all come back at once"
    assert limits.closed


def test_a_limit_for_everyone_holds_the_slice_and_the_window_ends_it(
    app: Flask, cast: Cast, sink: Sink
) -> None:
    send = launched(cast, *(f"p{n}" for n in range(8)))
    policy = Policy(limits=OneDomainWaits(everyone=True), until=clock.now() + timedelta(seconds=1))
    assert run(sink, send, policy).end is End.TIME
    states = list(check_invariants(sink, send.id).values())
    assert (states.count(S.ACCEPTED), states.count(S.READY)) == (3, 5)


def test_a_slice_makes_room_where_others_wait(app: Flask, cast: Cast, sink: Sink) -> None:
    send = launched(cast, *(f"p{n}" for n in range(8)))
    policy = Policy(seconds=60, limits=OneDomainWaits(everyone=True), others_wait=lambda: True)
    assert run(sink, send, policy).end is End.TIME
