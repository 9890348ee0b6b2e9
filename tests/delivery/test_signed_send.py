"""A whole send that we sign ourselves: each person's own mail with a signature that holds, and nothing unsigned when the key is gone."""

from collections.abc import Iterator
from dataclasses import replace
from email import policy
from email.parser import BytesParser
from pathlib import Path

import dkim
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from flask import Flask

from app.campaigns.models import Campaign, CampaignStatus
from app.db import db
from app.delivery import jobs
from app.delivery.dkim import signer_for
from app.delivery.models import DeliveryState, Send
from tests.delivery import made
from tests.rig.cast import Cast
from tests.rig.sink import Sink

S = DeliveryState


@pytest.fixture
def key(app: Flask, tmp_path: Path) -> Iterator[Path]:
    """The key of the sender's domain, in use."""
    path = tmp_path / "key.pem"
    path.write_bytes(
        rsa.generate_private_key(65537, 2048).private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    before = app.extensions["settings"]
    app.extensions["settings"] = replace(before, dkim_domain="throughline.example", dkim_key=path)
    yield path
    app.extensions["settings"] = before


def launched(cast: Cast, count: int) -> Send:
    send = made.send(cast, [f"p{number}" for number in range(count)], tracked=["p1"])
    jobs.expand_send(send.id)
    db.session.remove()
    return send


def test_everyone_gets_their_own_signed_mail_once(app: Flask, cast: Cast, sink: Sink, key: Path) -> None:
    signer = signer_for(app.extensions["settings"])
    assert signer
    name, record = signer.dns_record()
    send = launched(cast, 40)
    jobs.send_slice(send.id)
    assert set(made.states(send.id).values()) == {S.ACCEPTED}
    assert set(sink.recipients().values()) == {1}
    for message in sink.accepted:
        assert dkim.verify(
            message.content,
            dnsfunc=lambda asked, timeout=5: record.encode() if asked.rstrip(b".") == name.encode() else None,
        ), "a receiver finds the signature good"
        to = BytesParser(policy=policy.default).parsebytes(message.content)["To"].addresses
        assert tuple(each.addr_spec for each in to) == message.recipients, "the mail is this person's own"


def test_without_its_key_the_campaign_pauses_with_words(
    app: Flask, cast: Cast, sink: Sink, key: Path
) -> None:
    send = launched(cast, 3)
    key.unlink()
    jobs.send_slice(send.id)
    campaign = db.session.get_one(Campaign, send.campaign_id)
    db.session.refresh(campaign)
    assert campaign.status is CampaignStatus.PAUSED
    assert "The DKIM key can’t be read" in (campaign.paused_reason or "")
    assert set(made.states(send.id).values()) == {S.READY}
    assert not sink.accepted
