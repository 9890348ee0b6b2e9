"""Public MJML templates through the whole product: wrapped in a kit, published, co-branded, launched, and taken in by a mail server.

One of the people is called `{{7*7}}` and works for a company with markup in its name: both arrive to the letter.
"""

import email
import email.policy
import io
import zipfile
from email.message import EmailMessage
from pathlib import Path

import lxml.html
import pytest
from flask import Flask
from sqlalchemy import select

from app.assets import brand
from app.assets.brand import BrandInput
from app.audience.models import Contact
from app.campaigns import make
from app.db import db
from app.delivery import jobs
from app.flows import launch as launching
from app.kits import publish
from app.kits.mjml_import import import_mjml
from tests.conftest import NO_SHARED, SHARED
from tests.delivery import made, ready
from tests.kits_web import box
from tests.rig.cast import Cast
from tests.rig.sink import Sink

FOUND = sorted((SHARED / "data" / "mjml").glob("*.mjml"))
QUICK = ("happy-new-year", "ugg-royale")  # the smallest and the largest
TEMPLATES = [
    pytest.param(path, id=path.stem, marks=[] if path.stem in QUICK else [pytest.mark.long]) for path in FOUND
] or [pytest.param(None, id="public", marks=pytest.mark.skip(NO_SHARED))]
NAME, COMPANY = "{{7*7}}", "<b>A</b> & {% raw %}Co"
BRAND = BrandInput("#15324b", "#b9431a", "Harbour IT B.V.", "Kade 1, 3011 AA Rotterdam", sender_name="Harbour {{7*7}} IT", reply_to="hello@harbour-it.example")  # fmt: skip


def zipped(path: Path) -> bytes:
    """The template as a kit, in a zip; a greeting shows both of the contact's fields."""
    greeting = "<mj-section><mj-column><mj-text>Dear {{FirstName}} of ACME,</mj-text></mj-column></mj-section></mj-body>"
    source = path.read_text().replace("</mj-body>", greeting)
    files, _ = import_mjml(source.encode(), path.stem)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, data in files.items():
            words = data.replace(b"of ACME,", b'of {{ contact.company | default("ACME") }},')
            archive.writestr(name, words)
    return out.getvalue()


@pytest.mark.parametrize("path", TEMPLATES)
def test_a_public_template_is_published_co_branded_and_sent(
    path: Path, app: Flask, cast: Cast, sink: Sink
) -> None:
    version = publish.import_version(box.ingrid(cast), zipped(path))
    assert publish.errors(version) == []
    publish.publish(box.ingrid(cast), version, "New.")
    brand.save(ready.maya(cast), BRAND)
    campaign = make.create(ready.maya(cast), version, path.stem)
    campaign.list_id = made.people(cast, ["odd", "plain"]).id
    odd = db.session.scalars(select(Contact).where(Contact.email == "odd@people.example")).one()
    odd.first_name, odd.company = NAME, COMPANY
    db.session.commit()
    launching.launch(ready.maya(cast), campaign, 2)
    db.session.commit()
    send = launching.start_due(campaign.id)
    db.session.commit()
    assert send is not None
    jobs.expand_send(send.id)
    jobs.send_slice(send.id)
    mails = {mail.recipients[0]: parsed(mail.content) for mail in sink.accepted}
    assert set(mails) == {"odd@people.example", "plain@people.example"}
    for words in shown(mails["odd@people.example"]):
        assert f"Dear {NAME} of {COMPANY}," in words
    for words in shown(mails["plain@people.example"]):
        assert "Dear Plain of Acme & Söhne," in words
        assert "Kade 1, 3011 AA Rotterdam" in words
        assert "49" not in words.partition("Dear")[2].partition("Unsubscribe")[0]
    for mail in mails.values():
        assert mail["From"].addresses[0].display_name == "Harbour {{7*7}} IT"
        assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"


def parsed(content: bytes) -> EmailMessage:
    """A mail as its reader's program reads it."""
    mail = email.message_from_bytes(content, policy=email.policy.default)
    assert isinstance(mail, EmailMessage)
    return mail


def shown(mail: EmailMessage) -> list[str]:
    """The words of the text part and of the HTML part."""
    text, html = (mail.get_body((kind,)).get_content() for kind in ("plain", "html"))  # type: ignore[union-attr]
    return [" ".join(words.split()) for words in (text, lxml.html.document_fromstring(html).text_content())]
