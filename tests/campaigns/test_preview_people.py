"""A mail is shown as a contact would get it: the partner's own alone, in a frame whose address lasts an hour and names nobody."""

import re
from collections.abc import Callable
from html import unescape
from typing import Any

import pytest
from flask.testing import FlaskClient

from app import tokens
from app.audience.models import Contact
from app.campaigns import preview
from app.db import db
from tests.campaigns.made import draft
from tests.rig.cast import Cast

Browser = Callable[..., FlaskClient]


def contact(partner: Any, email: str, **fields: str) -> Contact:
    row = Contact(partner_id=partner.id, email=email, address_hash=email.ljust(43, "0")[:43], **fields)
    db.session.add(row)
    db.session.commit()
    return row


def source_of(page: str) -> str:
    return unescape(re.findall(r'data-src="([^"]+)"', page)[0])


def test_a_contact_is_found_and_gets_the_mail_in_the_frame(
    as_person: Browser, client: FlaskClient, cast: Cast
) -> None:
    campaign = draft(cast)
    ana = contact(cast.harbour, "ana@example.com", first_name="{{7*7}} <b>Ana</b>", last_name="Peeters")
    blank = contact(cast.harbour, "post@example.com")
    browser = as_person(cast.noor)
    found = browser.get(
        f"/campaigns/{campaign.pid}/people?find=peet", headers={"HX-Request": "true"}
    ).get_data(as_text=True)
    assert f'value="{ana.pid}"' in found
    assert blank.pid not in found
    assert "1\xa0person found" in found
    page = browser.get(f"/campaigns/{campaign.pid}/preview?person={ana.pid}").get_data(as_text=True)
    assert f'value="{ana.pid}" selected' in page
    assert "Hello {{7*7}} &lt;b&gt;Ana&lt;/b&gt;," in page
    address = source_of(page)
    assert "Peeters" not in str(
        tokens._serializer(preview._DRAFT).loads_unsafe(address.rsplit("/", 1)[1][1:])
    )
    shown = client.get(address)
    assert "{{7*7}} &lt;b&gt;Ana&lt;/b&gt;" in " ".join(shown.get_data(as_text=True).split())
    assert "sandbox" in shown.headers["Content-Security-Policy"]
    assert "Set-Cookie" not in shown.headers
    page = browser.get(f"/campaigns/{campaign.pid}/words?person={blank.pid}").get_data(as_text=True)
    assert "Hello there," in page, "what isn’t known of somebody shows as the kit says"


def test_somebody_elses_contact_is_not_there(as_person: Browser, cast: Cast) -> None:
    campaign = draft(cast)
    theirs = contact(cast.leuvelink, "eva@example.com", first_name="Eva")
    browser = as_person(cast.maya)
    for address in ("words", "preview", "people"):
        assert browser.get(f"/campaigns/{campaign.pid}/{address}?person={theirs.pid}").status_code == 404
        assert as_person(cast.lieve).get(f"/campaigns/{campaign.pid}/{address}").status_code == 404
    assert "Eva" not in browser.get(f"/campaigns/{campaign.pid}/people?find=eva").get_data(as_text=True)
    saved = browser.post(
        f"/campaigns/{campaign.pid}/words",
        data={"slot-person": "J", "person": theirs.pid},
        headers={"HX-Request": "true"},
    )
    assert saved.status_code == 200, "what one types is saved all the same"
    assert "Eva" not in saved.get_data(as_text=True)


def test_a_frames_address_ends(
    as_person: Browser, client: FlaskClient, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    campaign = draft(cast)
    address = source_of(as_person(cast.maya).get(f"/campaigns/{campaign.pid}/words").get_data(as_text=True))
    assert client.get(address).status_code == 200
    assert client.get(address[:-2]).status_code == 404
    assert client.get(address.replace("/preview/c", "/preview/k")).status_code == 404
    monkeypatch.setattr(preview, "DRAFT_AGE", -1)
    late = client.get(address)
    assert late.status_code == 404
    assert "Load the page again" in late.get_data(as_text=True)


def test_every_mail_of_a_sequence_and_its_page_can_be_looked_at(
    as_person: Browser, client: FlaskClient, cast: Cast
) -> None:
    campaign = draft(cast)
    browser = as_person(cast.maya)
    pieces = re.findall(
        r'<option value="((?:email|page)/\w+)"',
        browser.get(f"/campaigns/{campaign.pid}/words").get_data(as_text=True),
    )
    assert {piece.partition("/")[0] for piece in pieces} == {"email", "page"}
    for piece in pieces:
        page = browser.get(f"/campaigns/{campaign.pid}/preview?piece={piece}").get_data(as_text=True)
        assert client.get(source_of(page)).status_code == 200
        assert ('class="tl-lists"' in page) is piece.startswith("email/")
