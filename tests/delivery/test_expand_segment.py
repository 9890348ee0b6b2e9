"""A send to a segment: those whom the rules meant at launch, window by window, each judged as any list's people are."""

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select, update

from app import clock
from app.audience.models import Contact, SuppressionReason, SuppressionScope
from app.audience.rules import About, Condition, Group, How, Join, Rules
from app.audience.suppress import address_hash, suppress
from app.db import db
from app.delivery import expand
from app.delivery.models import Delivery, Send
from tests.delivery import made
from tests.rig.cast import Cast

pytestmark = pytest.mark.both_databases
PEOPLE = [f"p{n:02}" for n in range(40)]


def to_segment(cast: Cast, rules: Rules) -> Send:
    """A launched send to these rules, among forty people with consent of whom every other one reads Dutch."""
    send = made.send(cast, PEOPLE)
    for local in PEOPLE[::2]:
        db.session.execute(
            update(Contact).where(Contact.email == f"{local}@people.example").values(language="nl")
        )
    send.list_id = None
    send.people = {"rules": rules.to_json(), "as_of": clock.now().isoformat()}
    db.session.commit()
    return send


def got(send_id: int) -> list[str]:
    """Who has a row, by name, with repeats."""
    query = select(Contact.email).join(Delivery, Delivery.contact_id == Contact.id)
    return sorted(
        email.partition("@")[0] for email in db.session.scalars(query.where(Delivery.send_id == send_id))
    )


@pytest.mark.parametrize("chunk", [1, 7, 100])
def test_those_whom_the_rules_mean_get_one_row_each_in_chunks_of_any_size(
    app: Flask, cast: Cast, chunk: int
) -> None:
    dutch = Rules((Group((Condition(About.LANGUAGE, How.IS, "nl"),)),))
    send = to_segment(cast, dutch)
    suppress(
        SuppressionScope.PARTNER,
        cast.harbour.id,
        address_hash("p04@people.example"),
        SuppressionReason.UNSUBSCRIBE,
    )
    db.session.commit()
    send_id = send.id
    assert expand.expand(db.engine, send_id, chunk) == expand.Expansion(19, 40)
    assert got(send_id) == [local for local in PEOPLE[::2] if local != "p04"]


def test_another_partners_people_are_never_among_them(app: Flask, cast: Cast) -> None:
    everybody = Rules((Group((Condition(About.LANGUAGE, How.IS, "xx"),), Join.NONE),))
    send = to_segment(cast, everybody)
    db.session.execute(
        update(Contact).where(Contact.email == "p07@people.example").values(partner_id=cast.leuvelink.id)
    )
    db.session.commit()
    send_id = send.id
    expand.expand(db.engine, send_id, 6)
    assert got(send_id) == [local for local in PEOPLE if local != "p07"]


def test_days_are_counted_from_the_launch_and_not_from_the_chunk(app: Flask, cast: Cast) -> None:
    fresh = Rules((Group((Condition(About.ADDED, How.WITHIN, 5.0),)),))
    send = to_segment(cast, fresh)
    assert send.people
    send.people = {**send.people, "as_of": (clock.now() - timedelta(days=10)).isoformat()}
    old = clock.now() - timedelta(days=12)
    db.session.execute(update(Contact).where(Contact.email.like("p0%")).values(created_at=old))
    later = clock.now() - timedelta(days=16)
    db.session.execute(update(Contact).where(Contact.email.like("p1%")).values(created_at=later))
    db.session.commit()
    send_id = send.id
    expand.expand(db.engine, send_id, 9)
    assert set(PEOPLE) - set(got(send_id)) == {local for local in PEOPLE if local.startswith("p1")}


def test_a_send_whose_list_is_gone_reaches_nobody(app: Flask, cast: Cast) -> None:
    send = made.send(cast, PEOPLE[:3])
    send.list_id = None
    db.session.commit()
    send_id = send.id
    expand.expand(db.engine, send_id, 5)
    assert got(send_id) == []
