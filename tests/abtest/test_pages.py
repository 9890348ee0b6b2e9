"""What a test's page says comes from rows: deliveries that were accepted, and the first form of each person who got one."""

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

from app.abtest.models import Experiment, ExperimentStatus, Variant
from app.audience.models import Contact, ContactList
from app.campaigns.models import Campaign
from app.clock import now
from app.db import db
from app.delivery.models import Delivery, DeliveryState, Rendering, Send
from app.flows import verdict
from app.kits.models import Kit, KitVersion
from app.landing.models import PublishedPage, Submission
from tests.rig.cast import Cast

Browser = Callable[..., FlaskClient]
pytestmark = pytest.mark.both_databases


def add(row: Any) -> Any:
    db.session.add(row)
    db.session.flush()
    return row


class World:
    """A campaign of Harbour IT's whose mail went out in two versions."""

    def __init__(self, cast: Cast, people: int = 80, started: timedelta = timedelta(days=3)) -> None:
        self.own = {"partner_id": cast.harbour.id, "vendor_id": cast.northwind.id}
        kit = add(Kit(vendor_id=cast.northwind.id, slug="office", name="Office"))
        version = add(
            KitVersion(
                kit_id=kit.id,
                vendor_id=cast.northwind.id,
                version="1",
                manifest={},
                archive_key="k",
                sha256="0" * 64,
            )
        )
        self.campaign = add(
            Campaign(**self.own, kit_version_id=version.id, name="Spring", timezone="Europe/Amsterdam")
        )
        self.started = now() - started
        self.test = add(
            Experiment(
                **self.own,
                campaign_id=self.campaign.id,
                name="Subject line",
                email="offer",
                status=ExperimentStatus.RUNNING,
                started_at=self.started,
                ends_at=self.started + timedelta(days=7),
            )
        )
        self.versions = [
            add(
                Variant(
                    **self.own,
                    experiment_id=self.test.id,
                    label=x,
                    is_control=x == "A",
                    value={"subject": f"Line {x}"},
                )
            )
            for x in "AB"
        ]
        people_list = add(ContactList(partner_id=cast.harbour.id, name="All"))
        self.send = add(
            Send(
                **self.own,
                campaign_id=self.campaign.id,
                experiment_id=self.test.id,
                email="offer",
                list_id=people_list.id,
            )
        )
        owners = {**self.own, "send_id": self.send.id}
        self.renderings = [
            add(
                Rendering(
                    **owners, variant_id=v.id, subject=v.value["subject"], html="", text="", segments=b""
                )
            )
            for v in self.versions
        ]
        self.page = add(PublishedPage(**self.own, campaign_id=self.campaign.id, name="page", content={}))
        self.people = [self._person(i) for i in range(people)]

    def _person(self, number: int) -> tuple[Contact, Variant]:
        partner = self.own["partner_id"]
        contact = add(Contact(partner_id=partner, email=f"p{number}@example.org", address_hash=str(number)))
        side = number % 2
        add(
            Delivery(
                send_id=self.send.id,
                campaign_id=self.campaign.id,
                partner_id=partner,
                contact_id=contact.id,
                rendering_id=self.renderings[side].id,
                variant_id=self.versions[side].id,
                state=DeliveryState.ACCEPTED,
                decided_at=self.started,
            )
        )
        return contact, self.versions[side]

    def submit(
        self, number: int, at: datetime | None = None, held: str | None = None, email: str | None = None
    ) -> None:
        contact = self.people[number][0]
        count = db.session.query(Submission).count()
        add(
            Submission(
                partner_id=self.own["partner_id"],
                campaign_id=self.campaign.id,
                page_id=self.page.id,
                form_token=str(count),
                contact_id=None if held or email else contact.id,
                email=email or contact.email,
                fields={},
                held_reason=held,
                at=at or self.started + timedelta(hours=1 + number),
            )
        )


@pytest.fixture
def world(cast: Cast) -> World:
    return World(cast)


def figures(world: World) -> list[tuple[str, int, int]]:
    return [
        (item.variant.label, item.arm.converters, item.arm.assigned) for item in verdict.totals(world.test)
    ]


def text_of(response: Any) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.get_data(as_text=True))).replace(
        "\u00a0", " "
    )


def test_people_count_once_and_only_those_who_got_the_mail(world: World) -> None:
    world.submit(1)
    world.submit(1, at=world.started + timedelta(hours=9))
    world.submit(2, held="filled the field that people don’t see")
    world.submit(3, email="somebody.else@example.org")
    world.submit(4, at=world.started + timedelta(days=8))
    assert figures(world) == [("A", 0, 40), ("B", 1, 40)]


def test_a_message_that_was_refused_is_nobody_reached(world: World) -> None:
    delivery = db.session.query(Delivery).first()
    assert delivery is not None
    delivery.state = DeliveryState.REJECTED
    world.submit(0)
    assert figures(world) == [("A", 0, 39), ("B", 0, 40)]


def test_the_page_says_what_is_known_and_how(cast: Cast, as_person: Browser) -> None:
    world = World(cast, people=200)
    for number in [*range(1, 140, 2), *range(0, 20, 2)]:
        world.submit(number, at=world.started + timedelta(minutes=20 * number))
    db.session.commit()
    page = as_person(cast.maya).get(f"/tests/{world.test.pid}")
    words = text_of(page)
    assert "B is better. The true lift of B is between" in words
    assert "“Line B”" in words
    assert "70 %" in words
    assert "style=" not in page.get_data(as_text=True)
    listed = text_of(as_person(cast.ingrid).get("/tests"))
    assert "B is better" in listed
    assert "Harbour IT" in listed


def test_too_little_is_said_to_be_too_little(world: World, cast: Cast, as_person: Browser) -> None:
    world.submit(1)
    db.session.commit()
    words = text_of(as_person(cast.maya).get(f"/tests/{world.test.pid}"))
    assert "Not enough data yet. A verdict needs 25 filled forms, 1 so far." in words


def test_before_the_launch_it_is_planned(world: World, cast: Cast, as_person: Browser) -> None:
    world.test.started_at = world.test.ends_at = None
    world.test.status = ExperimentStatus.PLANNED
    db.session.query(Delivery).delete()
    db.session.commit()
    assert "Planned. It starts when the campaign is launched" in text_of(
        as_person(cast.maya).get(f"/tests/{world.test.pid}")
    )
    assert "Planned" in text_of(as_person(cast.maya).get("/tests"))


def test_a_test_ends_when_its_time_has_come_and_stays_as_it_was(world: World) -> None:
    end = world.test.ends_at
    assert end is not None
    assert verdict.end_due(end - timedelta(seconds=1)) == 0
    assert verdict.end_due(end) == 1
    assert verdict.end_due(end) == 0
    assert world.test.ended_at == end
    assert verdict.report(world.test, end).final


def test_rivals_see_none_of_it(world: World, cast: Cast, as_person: Browser) -> None:
    db.session.commit()
    for rival in (cast.lieve, cast.simon):
        assert as_person(rival).get(f"/tests/{world.test.pid}").status_code == 404
        assert "No test yet" in text_of(as_person(rival).get("/tests"))
