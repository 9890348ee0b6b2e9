"""Tests of a campaign's mails: made as the real ones are, to known addresses only, and nothing in them counts."""

import re
from collections.abc import Callable
from datetime import timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select

from app import tokens
from app.audience.models import Contact, Suppression
from app.campaigns import seeds, send_test, subject_test
from app.campaigns.models import Campaign
from app.campaigns.prepare import email, message_headers, source
from app.campaigns.records import TrialMail
from app.clock import now
from app.db import db, scoped
from app.delivery.models import Delivery
from app.errors import NotFound, TooMany
from app.mail.models import OutgoingMail
from app.render.mime import Recipient, Tokens, build
from app.settings import current
from app.tracking.models import TrackedEvent
from tests.campaigns.made import FILLED, draft, maya
from tests.delivery.ready import SUBJECTS
from tests.delivery.ready import campaign as complete
from tests.rig.cast import Cast

Browser = Callable[..., FlaskClient]


def sent() -> list[EmailMessage]:
    rows = db.session.scalars(
        select(OutgoingMail).where(OutgoingMail.template == send_test.KIND).order_by(OutgoingMail.id)
    )
    return [message_from_bytes(row.raw or b"", policy=policy.SMTP) for row in rows]


def page(campaign: Campaign) -> str:
    return f"/campaigns/{campaign.pid}/test-mail"


def values(**changed: object) -> dict[str, object]:
    return {
        "versions": ["invitation"],
        "to": ["me"],
        "source": "listed",
        "person": "sample-known",
    } | changed


def html_of(message: EmailMessage) -> str:
    part = message.get_body(("html",))
    assert part is not None
    return str(part.get_content())


def test_it_is_the_real_mail_with_a_mark_in_its_subject(cast: Cast) -> None:
    campaign = complete(cast, ["ana"])
    send_test.send(maya(cast), campaign)
    made = source(campaign)
    compiled = email(made, made.kit.emails[0])
    token = "test." + tokens.make(send_test.PURPOSE, db.session.scalars(select(TrialMail.id)).one())
    fields = send_test.own_fields(maya(cast))
    real = build(compiled, message_headers(made)).splice(
        Recipient(cast.maya.email, Tokens(token, token, token, token), fields), "qp"
    )
    raw = db.session.scalars(select(OutgoingMail.raw).where(OutgoingMail.template == send_test.KIND)).one()
    assert raw is not None

    def settled(data: bytes) -> bytes:
        return re.sub(
            rb"tl-[0-9a-f]{32}", b"-", re.sub(rb"(?m)^(Date|Subject): .*(\r\n[ \t].*)*\r\n", b"", data)
        )

    assert settled(raw) == settled(real)
    (message,) = sent()
    assert str(message["Subject"]).startswith("[Test] ")
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert str(message["To"]).endswith(f"<{cast.maya.email}>")
    assert message.get_body(("plain",)) is not None
    assert max(map(len, raw.split(b"\r\n"))) <= 998


def test_missing_words_are_marked_and_hold_up_no_test(cast: Cast) -> None:
    send_test.send(maya(cast), draft(cast))
    assert "is missing" in html_of(sent()[0])


def test_every_version_and_step_can_be_tested(cast: Cast, as_person: Browser) -> None:
    campaign = complete(cast, ["ana"], with_test=True)
    browser = as_person(cast.maya)
    text = browser.get(page(campaign)).get_data(as_text=True)
    assert "version A" in text
    assert "version B" in text
    answer = browser.post(page(campaign), data=values(versions=["invitation/A", "invitation/B"]))
    assert answer.status_code == 303
    assert [str(m["Subject"]) for m in sent()] == [f"[Test] {line}" for line in SUBJECTS]
    told = browser.get(page(campaign)).get_data(as_text=True)
    assert told.count(cast.maya.email) >= 3
    assert "On its way" in told


def test_the_words_are_for_somebody_from_the_list_or_described(cast: Cast, as_person: Browser) -> None:
    campaign = complete(cast, ["ana"])
    contact = db.session.scalars(scoped(cast.harbour, Contact)).one()
    browser = as_person(cast.maya)
    browser.post(page(campaign), data=values(person=contact.pid))
    browser.post(page(campaign), data=values(source="typed", first_name="<b>Zoë</b>", person="sample-known"))
    browser.post(page(campaign), data=values(source="typed", first_name="", person="sample-known"))
    listed, typed, unnamed = (html_of(message) for message in sent())
    assert "Ana" in listed
    assert contact.email not in listed
    assert "&lt;b&gt;Zoë&lt;/b&gt;" in typed
    assert "Ana" not in unnamed
    assert [m["To"].addresses[0].addr_spec for m in sent()] == [cast.maya.email] * 3


def test_it_goes_to_ones_own_address_and_to_addresses_that_said_yes(cast: Cast, as_person: Browser) -> None:
    campaign = complete(cast, ["ana"])
    yes, open_, no = (seeds.ask(maya(cast), f"{name}@seeds.example") for name in ("yes", "open", "no"))
    seeds.say_yes(yes)
    seeds.say_yes(no)
    seeds.say_no(no)
    db.session.commit()
    browser = as_person(cast.maya)
    text = browser.get(page(campaign)).get_data(as_text=True)
    assert "yes@seeds.example" in text
    assert "open@seeds.example" not in text
    assert "no@seeds.example" not in text
    assert browser.post(page(campaign), data=values(to=[open_.pid])).status_code == 422
    assert browser.post(page(campaign), data=values(to=[no.pid])).status_code == 422
    assert browser.post(page(campaign), data=values(to=["lieve@leuvelink.example"])).status_code == 422
    assert sent() == []
    assert browser.post(page(campaign), data=values(to=["me", yes.pid])).status_code == 303
    assert [m["To"].addresses[0].addr_spec for m in sent()] == [cast.maya.email, "yes@seeds.example"]


def test_only_so_many_tests_an_hour(cast: Cast, as_person: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(send_test, "AN_HOUR", 2)
    campaign = complete(cast, ["ana"])
    send_test.send(maya(cast), campaign)
    send_test.send(maya(cast), campaign)
    with pytest.raises(TooMany):
        send_test.send(maya(cast), campaign)
    db.session.commit()
    answer = as_person(cast.jonas).post(page(campaign), data=values())
    assert answer.status_code == 429
    assert "more than 2 tests within an hour" in answer.get_data(as_text=True)
    for trial in db.session.scalars(select(TrialMail)):
        trial.created_at = now() - timedelta(hours=2)
    db.session.commit()
    assert as_person(cast.jonas).post(page(campaign), data=values()).status_code == 303


def test_unknown_versions_and_empty_forms_are_refused(cast: Cast, as_person: Browser) -> None:
    campaign = complete(cast, ["ana"])
    with pytest.raises(NotFound):
        send_test.send(maya(cast), campaign, ["invitation/Z"])
    browser = as_person(cast.maya)
    answer = browser.post(page(campaign), data={"source": "listed", "person": "sample-known"})
    assert answer.status_code == 422
    assert "Choose at least one." in answer.get_data(as_text=True)
    assert as_person(cast.noor).post(page(campaign), data=values()).status_code == 403
    assert as_person(cast.lieve).get(page(campaign)).status_code == 404


def links(message: EmailMessage) -> list[str]:
    return re.findall(r'href="(http://127\.0\.0\.1:8000/[cu]/[^"]+)"', html_of(message))


def test_its_links_lead_on_and_nothing_is_counted(cast: Cast, client: FlaskClient) -> None:
    campaign = complete(cast, ["ana"])
    send_test.send(maya(cast), campaign)
    db.session.commit()
    found = links(sent()[0])
    clicks = [link for link in found if "/c/" in link]
    assert clicks
    for link in clicks:
        answer = client.get(link)
        assert answer.status_code == 302
        if link.endswith("/1"):
            shown = client.get(answer.location)
            assert shown.status_code == 200
            assert "/preview/" in answer.location
    assert client.get(clicks[0].rsplit("/", 1)[0] + "/999").status_code == 404
    assert client.get(clicks[0].replace("/c/test.", "/c/test.A")).status_code == 404
    assert client.get(clicks[0].replace("/c/test.", "/c/seed.")).status_code == 404
    assert client.get(clicks[0].replace("/c/test.", "/c/")).status_code == 404
    assert db.session.scalar(select(func.count(TrackedEvent.id))) == 0
    assert db.session.scalar(select(func.count(Delivery.id))) == 0
    assert "/o/" not in html_of(sent()[0])


def test_its_unsubscribe_link_shows_the_page_and_takes_nobody_off(cast: Cast, client: FlaskClient) -> None:
    campaign = complete(cast, ["ana"])
    send_test.send(maya(cast), campaign)
    db.session.commit()
    message = sent()[0]
    address = str(message["List-Unsubscribe"]).strip("<>")
    assert address in links(message)
    assert "This page belongs to a test" in client.get(address).get_data(as_text=True)
    answer = client.post(address, data={"List-Unsubscribe": "One-Click"})
    assert answer.status_code == 200
    assert "Nobody was taken off" in answer.get_data(as_text=True)
    assert client.get(address + "/brand.css").mimetype == "text/css"
    assert db.session.scalar(select(func.count(Suppression.id))) == 0


def test_the_editors_button_sends_the_email_one_looks_at(cast: Cast, as_person: Browser) -> None:
    campaign = draft(cast, **FILLED)
    answer = as_person(cast.jonas).post(
        f"/campaigns/{campaign.pid}/words",
        data={**{f"slot-{k}": v for k, v in FILLED.items()}, "then": "test", "piece": "email/invitation"},
    )
    assert answer.status_code == 303
    assert [m["To"].addresses[0].addr_spec for m in sent()] == [cast.jonas.email]


def test_a_draft_with_tests_can_still_be_deleted(cast: Cast, as_person: Browser) -> None:
    campaign = draft(cast, **FILLED)
    send_test.send(maya(cast), campaign)
    assert as_person(cast.maya).post(f"/campaigns/{campaign.pid}/delete").status_code == 302
    assert db.session.scalar(select(func.count(TrialMail.id))) == 0


def test_a_planned_test_of_another_email_leaves_this_one_alone(cast: Cast) -> None:
    campaign = complete(cast, ["ana"], with_test=True)
    made = source(campaign)
    keys = [version.key for version in send_test.versions(made, campaign)]
    assert keys[:2] == ["invitation/A", "invitation/B"]
    planned = subject_test.of(campaign)
    assert planned is not None
    subject_test.remove(maya(cast), campaign)
    assert next(v.key for v in send_test.versions(made, campaign)) == "invitation"
    assert current().mail_from in str(message_headers(made).from_address)
