"""What the first server refused is judged as a bounce is: a dead mailbox is not mailed again, a spam filter stops nobody."""

import pytest
from sqlalchemy import update

from app.audience.mailable import count
from app.audience.models import ContactList
from app.clock import now
from app.db import db
from app.delivery import health, tally
from app.delivery.models import Delivery, DeliveryState, Send, SendStatus
from app.delivery.records import Came, Source
from app.delivery.returned.first_hop import hear_refusals, judged
from tests.returned.conftest import Sent
from tests.returned.state import kept, noes
from tests.rig.cast import Cast

pytestmark = pytest.mark.both_databases
ADDRESS = "The mail server refuses the address"
MESSAGE = "The mail server refuses the message"


def refuse(
    row: Delivery, reply: str, reason: str = ADDRESS, state: DeliveryState = DeliveryState.REJECTED
) -> None:
    db.session.execute(
        update(Delivery).where(Delivery.id == row.id).values(state=state, reason=reason, reply=reply)
    )
    db.session.execute(update(Send).where(Send.id == row.send_id).values(status=SendStatus.SENDING))
    db.session.commit()


def hear() -> int:
    heard = hear_refusals()
    db.session.commit()
    return heard


@pytest.mark.parametrize(
    ("reply", "reason", "kind"),
    [
        ("550 5.1.1 …: Recipient address rejected: User unknown", ADDRESS, "hard"),
        ("550 no such user here", ADDRESS, "hard"),
        ("550 5.1.2 … domain does not exist", ADDRESS, "hard"),
        ("552 5.2.2 mailbox is full", ADDRESS, "soft"),
        ("554 5.7.1 relay access denied", ADDRESS, "soft"),
        ("554 5.7.1 Service unavailable; client host blocked using zen.spamhaus.org", ADDRESS, "soft"),
        ("550 5.7.1 message content rejected as spam", MESSAGE, "soft"),
        ("550", ADDRESS, "soft"),
        ("", ADDRESS, "soft"),
    ],
)
def test_the_same_judge_decides(reply: str, reason: str, kind: str) -> None:
    assert str(judged(reason, reply).kind) == kind


def test_a_dead_mailbox_at_the_first_server_is_not_mailed_again(cast: Cast, sent: Sent) -> None:
    refuse(sent.to_sanne, "550 5.1.1 …: Recipient address rejected: User unknown")
    refuse(sent.to_gert, "550 5.7.1 message content rejected as spam", MESSAGE)
    assert hear() == 2
    assert hear() == 0
    assert noes(sent.sanne) == {("partner", "bounce")}
    assert noes(sent.gert) == set()
    assert {(row.kind, row.source) for row in kept()} == {
        (Came.HARD, Source.REPLY),
        (Came.SOFT, Source.REPLY),
    }
    customers = db.session.query(ContactList).one()  # type: ignore[no-untyped-call]
    assert count(cast.harbour, cast.northwind.id, customers.id).mailable == 1


def test_a_refusal_is_held_against_a_send_once(sent: Sent) -> None:
    refuse(sent.to_sanne, "550 5.1.1 User unknown")
    hear()
    send = db.session.get_one(Send, sent.to_sanne.send_id)
    send.expanded = 1
    db.session.commit()
    (figures,) = tally.of([send])
    assert health.bad(send, figures.counts) == {
        "refused": 1, "uncertain": 0, "bounced": 0, "complained": 0, "decided": 1,
    }  # fmt: skip


def test_what_was_given_up_after_refusals_for_now_counts_as_soft(sent: Sent) -> None:
    refuse(sent.to_sanne, "452 4.2.2 over quota", "Tried 6 times. Put off", DeliveryState.FAILED)
    refuse(sent.to_gert, "", "The mail can’t be written", DeliveryState.FAILED)
    assert hear() == 1
    assert [(row.kind, row.delivery_id) for row in kept()] == [(Came.SOFT, sent.to_sanne.id)]


def test_a_send_that_ended_long_ago_is_left_alone(sent: Sent) -> None:
    refuse(sent.to_sanne, "550 5.1.1 User unknown")
    values = {"status": SendStatus.FINISHED, "finished_at": now().replace(year=2020)}
    db.session.execute(update(Send).where(Send.id == sent.to_sanne.send_id).values(**values))
    db.session.commit()
    assert hear() == 0
