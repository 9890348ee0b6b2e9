"""Copies for the seed list: the real mail, every version once, never twice, never counted."""

import re
from collections import Counter
from collections.abc import Callable
from email import message_from_bytes, policy
from email.message import EmailMessage

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select

from app.accounts.actor import Actor
from app.accounts.models import Role
from app.audience.models import Contact, Suppression, SuppressionReason, SuppressionScope
from app.audience.suppress import suppress
from app.campaigns import seeds
from app.campaigns.models import Campaign
from app.campaigns.records import Seed
from app.db import db, scoped
from app.delivery import jobs, progress, seed_copies
from app.delivery.models import Delivery, Rendering, Send
from app.delivery.records import SeedCopy
from app.flows.launch import launch, start_due
from app.mail import jobs as mail_jobs
from app.mail.models import OutgoingMail
from app.tracking.models import TrackedEvent
from tests.delivery.ready import SUBJECTS, campaign, maya
from tests.rig.cast import Cast
from tests.rig.sink import Sink

pytestmark = pytest.mark.both_databases
Browser = Callable[..., FlaskClient]


def seed(actor: Actor, local: str) -> Seed:
    """An address that said yes."""
    found = seeds.ask(actor, f"{local}@seeds.example", local.title())
    seeds.say_yes(found)
    db.session.commit()
    return found


def vera(cast: Cast) -> Actor:
    return Actor(cast.vera, cast.northwind, Role.ADMIN)


def launched(mine: Campaign, cast: Cast, people: int) -> Send:
    launch(maya(cast), mine, people)
    db.session.commit()
    send = start_due(mine.id)
    assert send is not None
    db.session.commit()
    return send


def post_all() -> None:
    """The worker's side of the product's own mails."""
    for mail_id in list(
        db.session.scalars(select(OutgoingMail.id).where(OutgoingMail.template == seed_copies.KIND))
    ):
        mail_jobs.send_mail(mail_id)


def copies(sink: Sink) -> list[tuple[str, EmailMessage]]:
    return [
        (got.recipients[0].partition("@")[0], message_from_bytes(got.content, policy=policy.SMTP))
        for got in sink.accepted
        if got.recipients[0].endswith("@seeds.example")
    ]


def test_each_address_gets_each_version_once_however_often_the_job_runs(cast: Cast, sink: Sink) -> None:
    mine = campaign(cast, ["ana", "ben"], with_test=True)
    seed(maya(cast), "femke")
    seed(vera(cast), "ingrid")
    seeds.ask(maya(cast), "open@seeds.example")
    send = launched(mine, cast, 2)
    jobs.expand_send(send.id)
    jobs.expand_send(send.id)
    post_all()
    post_all()
    got = Counter((local, str(message["Subject"])) for local, message in copies(sink))
    assert got == {(local, line): 1 for local in ("femke", "ingrid") for line in SUBJECTS}


def test_a_job_that_dies_before_its_commit_leaves_nothing_and_its_second_run_writes_all(
    cast: Cast, sink: Sink
) -> None:
    mine = campaign(cast, ["ana"])
    seed(maya(cast), "femke")
    send = launched(mine, cast, 1)
    assert seed_copies.post_copies(send.id) == 1
    db.session.rollback()  # killed
    assert db.session.scalar(select(func.count(OutgoingMail.id)).where(OutgoingMail.raw.is_not(None))) == 0
    jobs.expand_send(send.id)
    assert seed_copies.post_copies(send.id) == 0
    post_all()
    assert [local for local, _ in copies(sink)] == ["femke"]


def test_a_job_that_dies_after_its_commit_writes_no_second_one(cast: Cast, sink: Sink) -> None:
    mine = campaign(cast, ["ana"])
    seed(maya(cast), "femke")
    send = launched(mine, cast, 1)
    seed_copies.post_copies(send.id)
    db.session.commit()  # killed here, before the rows of the send are written
    jobs.expand_send(send.id)
    post_all()
    assert [local for local, _ in copies(sink)] == ["femke"]
    assert db.session.scalar(select(func.count(Delivery.id))) == 1


def test_a_copy_is_the_mail_itself(cast: Cast, sink: Sink) -> None:
    mine = campaign(cast, ["ana"])
    seed(maya(cast), "femke")
    send = launched(mine, cast, 1)
    jobs.expand_send(send.id)
    post_all()
    ((_, message),) = copies(sink)
    rendering = db.session.scalars(select(Rendering).where(Rendering.send_id == send.id)).one()
    assert message["Subject"] == rendering.subject
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    html = message.get_body(("html",))
    assert html is not None
    assert "Femke" in html.get_content()
    assert "/o/" not in html.get_content()


def test_no_figure_counts_them(cast: Cast, sink: Sink, client: FlaskClient) -> None:
    mine = campaign(cast, ["ana"])
    seed(maya(cast), "femke")
    send = launched(mine, cast, 1)
    jobs.expand_send(send.id)
    post_all()
    ((_, message),) = copies(sink)
    html = message.get_body(("html",))
    assert html is not None
    found = re.findall(r'href="(http://127\.0\.0\.1:8000/c/[^"]+)"', html.get_content())
    assert found
    for link in found:
        answer = client.get(link)
        assert answer.status_code == 302
        assert "/p/" not in answer.location  # the real page would count the visit
        if "127.0.0.1:8000" in answer.location:
            assert client.get(answer.location).status_code == 200
    assert client.get(found[0].rsplit("/", 1)[0] + "/999").status_code == 404
    assert db.session.scalar(select(func.count(TrackedEvent.id))) == 0
    assert progress.of(mine).total == db.session.scalar(select(func.count(Delivery.id))) == 1


@pytest.mark.parametrize("scope", [SuppressionScope.PARTNER, SuppressionScope.VENDOR])
def test_who_said_no_to_either_side_is_left_out_and_the_page_says_so(
    cast: Cast, sink: Sink, as_person: Browser, scope: SuppressionScope
) -> None:
    mine = campaign(cast, ["ana"])
    kept = seed(vera(cast) if scope is SuppressionScope.PARTNER else maya(cast), "femke")
    owner = cast.harbour if scope is SuppressionScope.PARTNER else cast.northwind
    suppress(scope, owner.id, kept.address_hash, SuppressionReason.UNSUBSCRIBE)
    send = launched(mine, cast, 1)
    jobs.expand_send(send.id)
    post_all()
    assert copies(sink) == []
    assert [row.mail_id for row in db.session.scalars(select(SeedCopy))] == [None]
    keeper = cast.maya if scope is SuppressionScope.VENDOR else cast.vera
    page = as_person(keeper).get(f"/campaigns/{mine.pid}").get_data(as_text=True)
    assert "They said no, or mail to them came back." in page


def test_its_unsubscribe_link_ends_the_copies_and_unsubscribes_who_is_a_contact_too(
    cast: Cast, sink: Sink, client: FlaskClient
) -> None:
    mine = campaign(cast, ["ana"])
    seed(maya(cast), "femke")
    also = seed(maya(cast), "ana")
    contact = db.session.scalars(scoped(cast.harbour, Contact)).one()
    contact.email, contact.address_hash = also.address, also.address_hash
    db.session.commit()
    send = launched(mine, cast, 1)
    jobs.expand_send(send.id)
    post_all()
    for local, message in copies(sink):
        address = str(message["List-Unsubscribe"]).strip("<>")
        assert client.get(address).status_code == 200
        assert len(seeds.usable(cast.harbour)) >= 1
        answer = client.post(address, data={"List-Unsubscribe": "One-Click"})
        assert answer.status_code == 200, local
        assert "No more copies" in answer.get_data(as_text=True)
        assert client.get(address + "/brand.css").mimetype == "text/css"
    assert seeds.usable(cast.harbour) == []
    hashes = set(db.session.scalars(select(Suppression.address_hash)))
    assert hashes == {also.address_hash}


def test_who_is_taken_out_gets_nothing_that_has_not_left(cast: Cast, sink: Sink, as_person: Browser) -> None:
    mine = campaign(cast, ["ana"])
    gone = seed(maya(cast), "femke")
    send = launched(mine, cast, 1)
    jobs.expand_send(send.id)
    assert as_person(cast.maya).post(f"/seeds/{gone.pid}/remove").status_code == 303
    post_all()
    assert copies(sink) == []
    page = as_person(cast.maya).get(f"/campaigns/{mine.pid}").get_data(as_text=True)
    assert "An address that was taken out" in page


def test_each_keeper_sees_its_own_copies_alone(cast: Cast, sink: Sink, as_person: Browser) -> None:
    mine = campaign(cast, ["ana"])
    seed(maya(cast), "femke")
    seed(vera(cast), "ingrid")
    jobs.expand_send(launched(mine, cast, 1).id)
    post_all()
    partner = as_person(cast.maya).get(f"/campaigns/{mine.pid}").get_data(as_text=True)
    vendor = as_person(cast.vera).get(f"/campaigns/{mine.pid}").get_data(as_text=True)
    assert "1 copy for your seed addresses" in partner.replace("\xa0", " ")
    assert "femke@seeds.example" in partner
    assert "ingrid@seeds.example" not in partner
    assert "ingrid@seeds.example" in vendor
    assert "femke@seeds.example" not in vendor
