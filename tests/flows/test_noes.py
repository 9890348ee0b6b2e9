"""Whoever is on a list of noes gets no mail: the partner's, the vendor's and everybody's, added by hand, by file or by command."""

import csv
import io
from collections.abc import Callable

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select

from app.accounts.actor import Actor
from app.accounts.models import AuditEntry, Role
from app.assets.store import store
from app.audience import mailable, noes, noes_file, noes_upload
from app.audience.mailable import Reason
from app.audience.models import (
    Consent,
    Suppression,
    SuppressionReason,
    SuppressionScope,
    SuppressionUpload,
    UploadStatus,
)  # fmt: skip
from app.audience.suppress import address_hash, suppress
from app.clock import now
from app.db import db
from app.delivery import jobs
from app.delivery.blocked import SAID_NO
from app.delivery.models import DeliveryState
from app.errors import Invalid, Refused
from tests.audience.people import agreed, contact
from tests.delivery import made
from tests.rig.cast import Cast

pytestmark = pytest.mark.both_databases

Browser = Callable[..., FlaskClient]
S, R = SuppressionScope, SuppressionReason


def maya(cast: Cast) -> Actor:
    return Actor(cast.maya, cast.harbour, Role.ADMIN)


def ingrid(cast: Cast) -> Actor:
    return Actor(cast.ingrid, cast.northwind, Role.MARKETER)


def why(cast: Cast, person: int) -> Reason | None:
    return mailable.verdicts(cast.harbour.id, cast.northwind.id, [person])[person]


def uploaded(actor: Actor, text: str, name: str = "crm.csv") -> SuppressionUpload:
    row = noes_upload.start(actor, name, io.BytesIO(text.encode()))
    db.session.commit()
    return row


def test_a_partner_s_addition_withdraws_the_yes_and_taking_it_back_restores_it(cast: Cast) -> None:
    person = contact(cast.harbour, "sanne@vandijk.example")
    agreed(person)
    row = noes_upload.paste(maya(cast), " Sanne@VanDijk.example \n\nnobody\n")
    db.session.commit()
    assert (row.read, row.added, row.refused) == (2, 1, 1)
    assert row.findings == [{"line": 3, "reason": "No @ in it"}]
    assert why(cast, person.id) is Reason.SAID_NO
    assert db.session.scalars(select(Consent.withdrawn_at)).one() == row.created_at
    noes.take_back(maya(cast), "sanne@vandijk.example")
    db.session.commit()
    assert why(cast, person.id) is None


def test_what_a_person_said_themselves_can_not_be_taken_back(cast: Cast) -> None:
    noes_upload.paste(maya(cast), "sanne@vandijk.example")
    suppress(S.PARTNER, cast.harbour.id, address_hash("sanne@vandijk.example"), R.UNSUBSCRIBE)
    with pytest.raises(Refused):
        noes.take_back(maya(cast), "sanne@vandijk.example")
    row = db.session.scalars(select(SuppressionUpload)).one()
    assert noes_upload.take_back(maya(cast), row) == 0
    assert db.session.scalars(select(Suppression.reason)).one() is R.UNSUBSCRIBE


def test_a_vendor_s_list_holds_for_all_its_partners_and_for_no_other_vendor(cast: Cast) -> None:
    mine, theirs = contact(cast.harbour, "sanne@x.example"), contact(cast.leuvelink, "sanne@x.example")
    agreed(mine)
    agreed(theirs)
    noes_upload.paste(ingrid(cast), "sanne@x.example")
    db.session.commit()
    assert why(cast, mine.id) is Reason.SAID_NO_VENDOR
    for vendor, reason in ((cast.northwind, Reason.SAID_NO_VENDOR), (cast.southgate, None)):
        assert mailable.verdicts(cast.leuvelink.id, vendor.id, [theirs.id]) == {theirs.id: reason}
    assert db.session.scalars(select(Consent.withdrawn_at)).all() == [None, None], (
        "a vendor changes no partner’s records"
    )


def test_a_vendor_s_no_stops_a_message_of_a_running_campaign(cast: Cast) -> None:
    send = made.send(cast, ["anna", "bram"])
    jobs.expand_send(send.id)
    vendor = Actor(cast.ingrid, cast.northwind, Role.MARKETER)
    db.session.add_all([cast.ingrid, cast.northwind])
    noes_upload.paste(vendor, "bram@people.example")
    db.session.commit()
    send_id = db.session.scalars(select(made.Send.id)).one()
    db.session.rollback()
    jobs.send_slice(send_id)
    assert made.states(send_id) == {"anna": DeliveryState.ACCEPTED, "bram": DeliveryState.SUPPRESSED}
    assert made.delivery(send_id, "bram").reason == SAID_NO


def test_a_file_is_read_in_batches_goes_on_where_it_was_and_is_deleted(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = (
        "Email;Since\n" + "".join(f"p{n}@x.example;2026\n" for n in range(100)) + "p1@x.example\nbroken@@x\n"
    )
    row = uploaded(maya(cast), text)
    key = row.key or ""
    monkeypatch.setattr(noes_upload, "batches", lambda *at: noes_file.batches(*at, lines=40))
    assert not noes_upload.run(row.id, seconds=0)
    db.session.refresh(row)
    assert (row.status, row.read, row.added) == (UploadStatus.READING, 40, 40)
    while not noes_upload.run(row.id, seconds=0):
        pass
    db.session.refresh(row)
    assert (row.status, row.read, row.added, row.known, row.refused) == (
        UploadStatus.FINISHED,
        102,
        100,
        1,
        1,
    )
    assert row.findings[0]["line"] == 103
    assert row.key is None
    assert not store().exists(key)
    assert noes_upload.run(row.id), "a second bell changes nothing"
    assert noes_upload.take_back(maya(cast), row) == 100
    assert db.session.scalar(select(func.count(Suppression.id))) == 0


def test_the_beat_finds_what_waits_and_nothing_else(cast: Cast) -> None:
    row = uploaded(maya(cast), "a@x.example\n")
    assert noes_upload.due() == [row.id]
    db.session.rollback()
    noes_upload.run(row.id)
    assert noes_upload.due() == []


@pytest.mark.parametrize(
    ("line", "found"),
    [
        (b"a@x.example\r\n", ["a@x.example"]),
        (b'\xef\xbb\xbf"A@X.example"\n', ["a@x.example"]),
        (b"Sanne;a@x.example;Rotterdam\n", ["a@x.example"]),
        (b"<a@x.example>\tx", ["a@x.example"]),
        (b"x" * 9_000 + b"@x.example\na@x.example\n", ["a@x.example"]),
        (b"\n\n", []),
    ],
)
def test_an_address_is_found_in_a_line(line: bytes, found: list[str]) -> None:
    batches = list(noes_file.batches(io.BytesIO(line)))
    assert [email for batch in batches for email in batch.emails] == found
    assert batches[-1].position == len(line)


def test_pasting_too_much_or_nothing_says_what_to_do(cast: Cast) -> None:
    for text, said in (("", "at least one"), ("x@y.example\n" * 2_001, "Upload them as a file")):
        with pytest.raises(Invalid, match=said):
            noes_upload.paste(maya(cast), text)


def test_counts_are_by_reason_and_month(cast: Cast) -> None:
    holder = noes.holder_of(cast.harbour)
    for n, reason in enumerate((R.UNSUBSCRIBE, R.UNSUBSCRIBE, R.BOUNCE)):
        suppress(S.PARTNER, cast.harbour.id, f"h{n}", reason)
    suppress(S.PARTNER, cast.harbour.id, "old", R.MANUAL, at=now().replace(year=now().year - 2))
    suppress(S.PARTNER, cast.leuvelink.id, "theirs", R.MANUAL)
    found = noes.counts(holder)
    assert found.reasons == {R.UNSUBSCRIBE: 2, R.BOUNCE: 1, R.MANUAL: 1}
    assert found.months[0].people[R.UNSUBSCRIBE] == 2
    assert sum(month.total for month in found.months) == 3
    assert len(found.months) == 12


def test_the_pages_answer_one_address_and_never_list_any(cast: Cast, as_person: Browser) -> None:
    client = as_person(cast.maya)
    assert "Nobody is on it yet" in client.get("/noes").text
    answer = client.post("/noes", data={"addresses": "sanne@vandijk.example\nbad address"})
    assert answer.status_code == 303
    page = client.get(answer.location).text
    assert "1 line was refused" in page.replace("\u00a0", " ")
    assert "sanne@" not in page
    assert "bad address" not in page
    assert "sanne@" not in client.get("/noes").text
    asked = client.post("/noes/ask", data={"email": "SANNE@vandijk.example"}).text
    assert "Yes, sanne@vandijk.example gets no mail" in asked
    assert "Take it back" in asked
    assert "is not on it" in client.post("/noes/ask", data={"email": "other@x.example"}).text
    assert client.post("/noes/ask", data={"email": "nothing"}).status_code == 422
    assert (
        "Take it back"
        not in as_person(cast.noor).post("/noes/ask", data={"email": "sanne@vandijk.example"}).text
    )
    vendor = as_person(cast.ingrid)
    assert "is not on it" in vendor.post("/noes/ask", data={"email": "sanne@vandijk.example"}).text
    assert vendor.get("/noes/export.csv").status_code == 404
    assert client.post("/noes/take-back", data={"email": "sanne@vandijk.example"}).status_code == 303
    assert "is not on it" in client.post("/noes/ask", data={"email": "sanne@vandijk.example"}).text


def test_a_file_comes_in_over_the_page(cast: Cast, as_person: Browser) -> None:
    client = as_person(cast.vera)
    file = (io.BytesIO(b"a@x.example\n"), "crm.csv")
    answer = client.post("/noes", data={"file": file}, content_type="multipart/form-data")
    assert answer.status_code == 303
    assert 'hx-trigger="every 2s"' in client.get(answer.location).text
    noes_upload.run(db.session.scalars(select(SuppressionUpload.id)).one())
    assert "In force" in client.get(answer.location).text
    bad = client.post(
        "/noes", data={"file": (io.BytesIO(b"PK\x03\x04"), "a.csv")}, content_type="multipart/form-data"
    )
    assert bad.status_code == 422
    assert "workbook" in bad.text


def test_the_export_holds_the_partner_s_own_contacts_only(cast: Cast, as_person: Browser) -> None:
    contact(cast.harbour, "sanne@vandijk.example", first_name="=1+1")
    contact(cast.leuvelink, "lieve@x.example")
    noes_upload.paste(maya(cast), "sanne@vandijk.example\nunknown@x.example")
    noes_upload.paste(ingrid(cast), "sanne@vandijk.example\nlieve@x.example")
    db.session.commit()
    rows = list(csv.reader(io.StringIO(as_person(cast.maya).get("/noes/export.csv").text.lstrip("\ufeff"))))
    assert [(row[0], row[1], row[4]) for row in rows[1:]] == [
        ("sanne@vandijk.example", "'=1+1", "Harbour IT"),
        ("sanne@vandijk.example", "'=1+1", "Northwind Cloud"),
    ]


def test_the_log_names_nobody(cast: Cast) -> None:
    row = noes_upload.paste(maya(cast), "sanne@vandijk.example")
    noes_upload.take_back(maya(cast), row)
    db.session.commit()
    entries = db.session.scalars(select(AuditEntry).order_by(AuditEntry.id)).all()
    assert [entry.action for entry in entries] == ["noes.added", "noes.upload_taken_back"]
    assert "sanne" not in str([entry.detail for entry in entries])
