"""A later step on each person's own clock: it begins with the first place, and the others get it at their own hour."""

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import update

from app.audience.models import Contact
from app.clock import now
from app.db import db
from app.delivery.models import DeliveryState
from app.delivery.timing import Timing
from tests.flows import made
from tests.rig.cast import Cast
from tests.rig.sink import Sink

pytestmark = pytest.mark.both_databases


def test_a_step_goes_to_each_place_at_its_own_hour(app: Flask, cast: Cast, sink: Sink) -> None:
    campaign = made.launched(cast, ["anna", "ben"])
    made.beat()
    second = made.send_of(campaign, 2)
    db.session.execute(update(Contact).where(Contact.email.startswith("anna")).values(time_zone="Asia/Tokyo"))
    later = now().replace(microsecond=0) + timedelta(hours=8)
    begun = now().replace(microsecond=0) - timedelta(minutes=1)
    second.starts_at = begun
    second.timing = Timing("Europe/Amsterdam", None, {"Asia/Tokyo": begun, "": later}).to_json()
    db.session.commit()
    made.beat()
    assert made.delivery(campaign, 2, "anna").state is DeliveryState.ACCEPTED
    ben = made.delivery(campaign, 2, "ben")
    assert (ben.state, ben.not_before) == (DeliveryState.READY, later)
    assert [len(made.subjects_to(sink, local)) for local in ("anna", "ben")] == [2, 1]
