"""A campaign from the partner's own domain: From, signature and return path are its own, and two verifiers find them good."""

import re
from collections.abc import Iterator
from dataclasses import replace
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import delete, update

from app import tokens
from app.campaigns import send_test
from app.campaigns.models import Campaign, CampaignStatus
from app.campaigns.prepare import source
from app.db import db
from app.delivery import compose, jobs
from app.delivery.models import DeliveryState, Send
from app.domains import keys, manage
from app.domains.models import DkimKey, DomainStatus, SenderDomain
from app.flows import launch as launching
from app.flows.check import check
from app.flows.mail_rules import mail_rules
from app.mail.jobs import send_mail
from app.mail.models import OutgoingMail
from tests.delivery import made, ready
from tests.domains import zone
from tests.rig import verifiers
from tests.rig.cast import Cast
from tests.rig.nameserver import NameServer
from tests.rig.sink import Sink

S = DeliveryState
BACK = f"bounce.{zone.NAME}"


@pytest.fixture(scope="module")
def dns() -> Iterator[NameServer]:
    """The DNS that the application and the verifiers ask."""
    with NameServer() as server:
        yield server


@pytest.fixture(scope="module")
def overrides(sink: Sink, dns: NameServer) -> dict[str, Any]:
    """The sandbox transport, whose mailbox is the sink, and a host for returned mail."""
    return {
        "mail_transport": "sandbox",
        "sandbox_smtp": f"127.0.0.1:{sink.port}",
        "dns_server": dns.address,
        "bounce_host": "in.throughline.example",
    }


@pytest.fixture(autouse=True)
def _empty_dns(dns: NameServer) -> None:
    dns.clear()


def launched(cast: Cast, people: int = 2) -> tuple[Campaign, Send]:
    """A whole campaign with the product's own kit, launched and expanded."""
    campaign = ready.campaign(cast, [f"p{number}" for number in range(people)])
    launching.launch(ready.maya(cast), campaign, people)
    db.session.commit()
    send = launching.start_due(campaign.id)
    db.session.commit()
    assert send is not None
    jobs.expand_send(send.id)
    db.session.remove()
    return campaign, send


def parsed(message: bytes) -> EmailMessage:
    found = BytesParser(policy=policy.default).parsebytes(message)
    assert isinstance(found, EmailMessage)
    return found


def paused_reason(send: Send) -> str:
    campaign = db.session.get_one(Campaign, send.campaign_id)
    db.session.refresh(campaign)
    assert campaign.status is CampaignStatus.PAUSED
    return campaign.paused_reason or ""


def test_it_comes_from_the_partner_and_two_verifiers_find_it_good(
    app: Flask, cast: Cast, sink: Sink, dns: NameServer
) -> None:
    verifiers.need_perl()
    domain = zone.verified(dns, zone.maya(cast))
    used, _ = keys.of(domain)
    assert used is not None
    _, send = launched(cast)
    assert send.sender_domain == zone.NAME, "frozen at the launch"
    jobs.send_slice(send.id)
    assert set(made.states(send.id).values()) == {S.ACCEPTED}
    for message in sink.accepted:
        assert verifiers.by_dkimpy(message.content, dns)
        assert verifiers.by_perl(message.content, dns) == f"pass {zone.NAME} {used.selector}"
        head = parsed(message.content)
        assert head["From"] == f"Harbour IT <hello@{zone.NAME}>"
        assert head["Reply-To"] == "hello@harbour-it.example"
        assert head["Message-ID"].endswith(f"@{zone.NAME}>")
        signed = re.search(rb"h=(.*?);", message.content.replace(b"\r\n ", b""), re.DOTALL)
        assert signed is not None
        names = [name.strip() for name in signed[1].split(b":")]
        for name in (b"list-unsubscribe", b"list-unsubscribe-post", b"from", b"reply-to"):
            assert names.count(name) == 2, f"{name!r} is signed, and no second one can be added"


def test_returned_mail_comes_to_the_partner_s_host_with_a_token_that_finds_the_message(
    app: Flask, cast: Cast, sink: Sink, dns: NameServer
) -> None:
    zone.verified(dns, zone.maya(cast))
    _, send = launched(cast, 1)
    jobs.send_slice(send.id)
    [message] = sink.accepted
    local, _, host = message.sender.partition("@")
    assert host == BACK
    assert tokens.read(compose.BOUNCE, local.partition("+")[2]) == made.delivery(send.id, "p0").id


def test_without_the_return_path_it_comes_back_to_the_platform(
    app: Flask, cast: Cast, sink: Sink, dns: NameServer
) -> None:
    domain = zone.named(zone.maya(cast))
    zone.publish(dns, domain, "owner", "dkim", "dmarc")
    assert zone.looked_up(domain).status is DomainStatus.VERIFIED
    _, send = launched(cast, 1)
    jobs.send_slice(send.id)
    [message] = sink.accepted
    assert message.sender.endswith("@throughline.example")
    assert parsed(message.content)["From"] == f"Harbour IT <hello@{zone.NAME}>"
    assert verifiers.by_dkimpy(message.content, dns)


def test_an_unverified_domain_sends_from_the_platform_with_the_partner_in_reply_to(
    app: Flask, cast: Cast, sink: Sink, dns: NameServer
) -> None:
    zone.named(zone.maya(cast))
    _, send = launched(cast, 1)
    assert send.sender_domain is None
    jobs.send_slice(send.id)
    head = parsed(sink.accepted[0].content)
    assert head["From"] == "Harbour IT <campaigns@throughline.example>"
    assert head["Reply-To"] == "hello@harbour-it.example"
    assert "DKIM-Signature" not in head, "the mail server signs"


@pytest.mark.parametrize(
    ("was", "becomes"),
    [
        (b"List-Unsubscribe=One-Click", b"List-Unsubscribe=Two-Clicks"),
        (b"List-Unsubscribe: <http://127.0.0.1:8000/u/", b"List-Unsubscribe: <http://127.0.0.1:8000/x/"),
        (b"List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n", b""),
        (b"MIME-Version: 1.0\r\n", b"MIME-Version: 1.0\r\nList-Unsubscribe-Post: List-Unsubscribe=Never\r\n"),
    ],
    ids=["other words", "another address", "taken out", "a second one"],
)
def test_neither_way_out_can_be_changed(
    app: Flask, cast: Cast, sink: Sink, dns: NameServer, was: bytes, becomes: bytes
) -> None:
    verifiers.need_perl()
    zone.verified(dns, zone.maya(cast))
    _, send = launched(cast, 1)
    jobs.send_slice(send.id)
    message = sink.accepted[0].content
    assert message.count(was) == 1
    changed = message.replace(was, becomes)
    assert not verifiers.by_dkimpy(changed, dns)
    assert verifiers.by_perl(changed, dns).startswith("fail")


def _retired(domain: SenderDomain) -> None:
    db.session.execute(update(DkimKey).values(sealed=None))


def _lapsed(domain: SenderDomain) -> None:
    db.session.execute(update(SenderDomain).values(status=DomainStatus.LAPSED, held_name=None))


def _gone(domain: SenderDomain) -> None:
    db.session.execute(delete(DkimKey))
    db.session.execute(delete(SenderDomain))


@pytest.mark.parametrize(
    ("spoil", "words"),
    [(_retired, "can’t be opened"), (_lapsed, "not verified any more"), (_gone, "not verified")],
)
def test_without_its_key_the_campaign_pauses_with_words(
    app: Flask, cast: Cast, sink: Sink, dns: NameServer, spoil: Any, words: str
) -> None:
    domain = zone.verified(dns, zone.maya(cast))
    _, send = launched(cast, 2)
    spoil(domain)
    db.session.commit()
    jobs.send_slice(send.id)
    assert words in paused_reason(send)
    assert set(made.states(send.id).values()) == {S.READY}
    assert not sink.accepted, "nothing goes out unsigned, nor from another address"


def test_another_secret_key_opens_no_key_and_launches_from_the_platform(
    app: Flask, cast: Cast, sink: Sink, dns: NameServer
) -> None:
    domain = zone.verified(dns, zone.maya(cast))
    before = app.extensions["settings"]
    app.extensions["settings"] = replace(before, secret_key="another secret of at least 32 characters")
    try:
        assert keys.is_locked(domain, keys.of(domain)[0])
        _, send = launched(cast, 1)
        assert send.sender_domain is None
    finally:
        app.extensions["settings"] = before


def test_another_partner_s_key_is_never_taken(app: Flask, cast: Cast, sink: Sink, dns: NameServer) -> None:
    zone.verified(dns, zone.lieve(cast))
    _, send = launched(cast, 1)
    assert send.sender_domain is None
    db.session.execute(update(Send).values(sender_domain=zone.NAME))
    db.session.commit()
    jobs.send_slice(send.id)
    assert "not verified" in paused_reason(send)
    assert not sink.accepted


def test_amazon_ses_signs_by_itself_and_takes_no_domain_of_a_partner(
    app: Flask, cast: Cast, dns: NameServer
) -> None:
    zone.verified(dns, zone.maya(cast))
    campaign = ready.campaign(cast, ["p0"])
    before = app.extensions["settings"]
    app.extensions["settings"] = replace(before, mail_transport="ses://eu-west-1")
    try:
        sender = source(campaign).sender
        assert sender is not None
        assert (sender.address, sender.domain) == ("campaigns@throughline.example", None)
    finally:
        app.extensions["settings"] = before


def test_the_launch_page_says_who_sends_and_who_signs(app: Flask, cast: Cast, dns: NameServer) -> None:
    domain = zone.verified(dns, zone.maya(cast))
    campaign = ready.campaign(cast, ["p0"])
    rule = mail_rules(check(ready.maya(cast), campaign))[0]
    assert rule["title"] == f"Sent by Harbour IT from hello@{zone.NAME}"
    assert rule["note"] == f"Signed by {zone.NAME}. Answers go to hello@harbour-it.example."
    dns.txt(zone.records(domain)["dkim"].name)
    zone.looked_up(domain)
    titles = [rule["title"] for rule in mail_rules(check(ready.maya(cast), campaign))]
    assert f"A record of {zone.NAME} is missing" in titles


def test_a_test_mail_is_signed_as_the_campaign_will_be(
    app: Flask, cast: Cast, sink: Sink, dns: NameServer
) -> None:
    zone.verified(dns, zone.maya(cast))
    manage.choose_local(zone.maya(cast), "news")
    campaign = ready.campaign(cast, ["p0"])
    fields = send_test.own_fields(ready.maya(cast))
    version = send_test.versions(source(campaign), campaign)[0]
    send_test.send(ready.maya(cast), campaign, [version.key], [cast.maya.email], fields)
    db.session.commit()
    mail = db.session.query(OutgoingMail).filter(OutgoingMail.raw.is_not(None)).one()
    send_mail(mail.id)
    [message] = sink.accepted
    assert parsed(message.content)["From"] == f"Harbour IT <news@{zone.NAME}>"
    assert verifiers.by_dkimpy(message.content, dns)
