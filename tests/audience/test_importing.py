"""Rows become contacts with a yes that can be proved; each row is counted once, and a killed import goes on where it stood."""

from collections.abc import Sequence
from datetime import date, timedelta

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select

from app.assets.store import store
from app.audience import chunk, importing, jobs, refused
from app.audience.cells import defuse, fuse
from app.audience.columns import Becomes, guess
from app.audience.consent import Plan, Why, add_months, expires_on
from app.audience.entries import Entry, Refusal, read_date
from app.audience.models import (
    Consent,
    ConsentBasis,
    ConsentPurpose,
    Contact,
    ContactImport,
    ContactList,
    ImportStatus,
    ListMember,
    SuppressionReason,
    SuppressionScope,
)
from app.audience.suppress import address_hash, suppress, suppressed_hashes
from app.audience.table import Place
from app.clock import now
from app.db import db
from app.errors import Conflict, Invalid
from tests.audience.files import AGREED, confirmed, imported, maya, uploaded
from tests.audience.people import contact
from tests.rig.cast import Cast

pytestmark = pytest.mark.both_databases


def _people() -> dict[str, Contact]:
    return {row.email: row for row in db.session.scalars(select(Contact).order_by(Contact.id))}


def test_a_file_becomes_contacts_in_a_list_with_a_yes_each(cast: Cast) -> None:
    imp = imported(
        cast,
        "E-mailadres;Voornaam;Achternaam;Bedrijf;Functie;Telefoon\nSanne@VanDijk.example;Sanne;Willems;Van Dijk;IT;010 555\n",
    )
    person = _people()["sanne@vandijk.example"]
    assert (person.first_name, person.last_name, person.company, person.job_title, person.phone) == (
        "Sanne",
        "Willems",
        "Van Dijk",
        "IT",
        "010 555",
    )
    assert person.address_hash == address_hash("sanne@vandijk.example")
    yes = db.session.scalars(select(Consent)).one()
    assert (yes.purpose, yes.basis, yes.source, yes.wording) == (
        ConsentPurpose.MARKETING,
        ConsentBasis.EXPRESS,
        AGREED.source,
        AGREED.wording,
    )
    assert (yes.controller, yes.method, yes.given_on, yes.expires_on) == (
        "Harbour IT",
        "import",
        date(2025, 11, 6),
        None,
    )
    assert (yes.recorded_by, yes.import_id) == (cast.maya.id, imp.id)
    assert db.session.scalars(select(ListMember.list_id)).all() == [imp.list_id]
    assert (imp.status, imp.rows, imp.read, imp.added) == (ImportStatus.FINISHED, 1, 1, 1)


def test_every_row_is_counted_once(cast: Cast) -> None:
    contact(cast.harbour, "old@x.example", first_name="Olga", company="Old")
    no = contact(cast.harbour, "no@x.example")
    suppress(SuppressionScope.PARTNER, cast.harbour.id, no.address_hash, SuppressionReason.UNSUBSCRIBE)
    db.session.commit()
    imp = imported(
        cast,
        "email,first name,company\nnew@x.example,Ned,New\nold@x.example,,Newer\nno@x.example,No,\nNEW@x.example,Nina,\n@x.example,,\n",
    )
    counts = (imp.added, imp.updated, imp.said_no, imp.repeated, imp.refused)
    assert counts == (1, 1, 1, 1, 1)
    assert imp.rows == imp.read == sum(counts)
    people = _people()
    assert (people["new@x.example"].first_name, people["new@x.example"].company) == ("Nina", "New"), (
        "the later row counts, empty cells don't"
    )
    assert (people["old@x.example"].first_name, people["old@x.example"].company) == ("Olga", "Newer")
    assert db.session.scalars(select(Consent.contact_id).where(Consent.contact_id == no.id)).all() == [], (
        "a no stays a no"
    )


def test_the_later_row_counts_across_chunks_too_and_leaves_one_yes(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing, "CHUNK", 2)
    rows = "a@x.example,An,2024-01-01\nb@x.example,Bo,2024-01-01\nc@x.example,Cis,2024-01-01\na@x.example,Anna,2025-02-02\n"
    plan = Plan(why=Why.CUSTOMER, source="Invoice")
    imp = imported(cast, "email,first name,last order\n" + rows, plan)
    assert (imp.added, imp.repeated, imp.updated) == (3, 1, 0)
    person = _people()["a@x.example"]
    yes = db.session.scalars(select(Consent).where(Consent.contact_id == person.id)).one()
    assert (person.first_name, yes.given_on, yes.expires_on) == ("Anna", date(2025, 2, 2), date(2027, 2, 2))


def test_importing_the_same_file_again_adds_nobody(cast: Cast) -> None:
    data = "email,name\n" + "".join(f"p{i}@x.example,P {i}\n" for i in range(30))
    imported(cast, data)
    again = imported(cast, data)
    assert (again.added, again.updated, len(_people())) == (0, 30, 30)


def test_custom_fields_are_kept_and_joined_with_those_there(cast: Cast) -> None:
    mapping = [Becomes.EMAIL, Becomes.CUSTOM, Becomes.CUSTOM]
    imported(cast, "email,Size,Sector\na@x.example,48,Metal\n", mapping=mapping)
    imported(cast, "email,Size,Branch\na@x.example,50,\n", mapping=mapping)
    assert _people()["a@x.example"].fields == {"Size": "50", "Sector": "Metal"}


def test_a_column_can_say_it_row_by_row(cast: Cast) -> None:
    plan = Plan(why=Why.COLUMN)
    rows = "a@x.example,klant,14-09-2026,Invoice,ja\nb@x.example,express,2026-03-03,Fair,no\nc@x.example,,,,\nd@x.example,maybe,2026-01-01,Fair,\n"
    rows += "e@x.example,inquiry,,Phone,\nf@x.example,vraag,2026-10-01,Phone,perhaps\n"
    imp = imported(cast, "email,consent,consent date,consent source,tracking\n" + rows, plan)
    people = _people()
    got = {
        (row.contact_id, row.purpose): (row.basis, row.given_on, row.expires_on, row.source)
        for row in db.session.scalars(select(Consent))
    }
    a, b = people["a@x.example"].id, people["b@x.example"].id
    assert got == {
        (a, ConsentPurpose.MARKETING): (
            ConsentBasis.CUSTOMER,
            date(2026, 9, 14),
            date(2028, 9, 14),
            "Invoice",
        ),
        (a, ConsentPurpose.TRACKING): (ConsentBasis.EXPRESS, date(2026, 9, 14), None, "Invoice"),
        (b, ConsentPurpose.MARKETING): (ConsentBasis.EXPRESS, date(2026, 3, 3), None, "Fair"),
    }
    assert set(people) == {"a@x.example", "b@x.example", "c@x.example"}
    assert [finding["line"] for finding in imp.findings] == [5, 6, 7]


def test_a_column_that_says_no_is_a_no(cast: Cast) -> None:
    imp = imported(cast, "email,unsubscribed\na@x.example,yes\nb@x.example,no\n")
    assert (imp.added, imp.said_no) == (1, 1)
    hashes = [address_hash("a@x.example"), address_hash("b@x.example")]
    assert suppressed_hashes(cast.harbour.id, None, hashes) == {hashes[0]}


def test_without_a_known_reason_they_come_in_and_cannot_be_mailed(cast: Cast) -> None:
    assert imported(cast, "email\na@x.example\n", Plan(why=Why.UNKNOWN)).added == 1
    assert db.session.scalars(select(Consent)).all() == []


def test_tracking_is_recorded_only_when_it_was_agreed_to(cast: Cast) -> None:
    imported(cast, "email\na@x.example\n")
    assert db.session.scalars(select(Consent.purpose)).all() == [ConsentPurpose.MARKETING]
    imported(
        cast,
        "email\nb@x.example\n",
        Plan(why=Why.EXPRESS, source="Fair", wording="Yes", given_on="2026-01-01", tracking=True),
    )
    person = _people()["b@x.example"]
    purposes = db.session.scalars(select(Consent.purpose).where(Consent.contact_id == person.id)).all()
    assert set(purposes) == {ConsentPurpose.MARKETING, ConsentPurpose.TRACKING}


@pytest.mark.parametrize(
    ("plan", "mapping", "name", "field"),
    [
        (AGREED, [Becomes.LEAVE_OUT, Becomes.NAME], "Customers", "mapping"),
        (AGREED, [Becomes.EMAIL, Becomes.EMAIL], "Customers", "mapping"),
        (AGREED, [Becomes.EMAIL, Becomes.NAME], " ", "list_name"),
        (
            Plan(why=Why.EXPRESS, source="Fair", given_on="2026-01-01"),
            [Becomes.EMAIL, Becomes.NAME],
            "Customers",
            "wording",
        ),
        (Plan(why=Why.CUSTOMER, given_on="2026-01-01"), [Becomes.EMAIL, Becomes.NAME], "Customers", "source"),
        (Plan(why=Why.CUSTOMER, source="Invoice"), [Becomes.EMAIL, Becomes.NAME], "Customers", "given_on"),
        (
            Plan(why=Why.CUSTOMER, source="Invoice", given_on="2999-01-01"),
            [Becomes.EMAIL, Becomes.NAME],
            "Customers",
            "given_on",
        ),
        (
            Plan(why=Why.COLUMN, source="Fair", given_on="2026-01-01"),
            [Becomes.EMAIL, Becomes.NAME],
            "Customers",
            "why",
        ),
    ],
)
def test_an_import_without_its_answers_does_not_start(
    cast: Cast, plan: Plan, mapping: Sequence[Becomes], name: str, field: str
) -> None:
    imp = uploaded(cast, "email,name\na@x.example,An\n")
    with pytest.raises(Invalid) as wrong:
        importing.confirm(maya(cast), imp, mapping, plan, name)
    assert field in wrong.value.fields
    assert imp.status is ImportStatus.MAPPING


def test_refused_rows_can_be_downloaded_defused_and_the_database_keeps_only_line_and_reason(
    cast: Cast,
) -> None:
    imp = imported(
        cast,
        'email,name\n=cmd|calc,"=HYPERLINK(""x"")"\np@smit,example;x\nok@x.example,Ok\nnot an address,Ann\n',
    )
    text = b"".join(refused.download(imp, imp.layout["header"])).decode("utf-8-sig")
    lines = text.split("\r\n")
    assert lines[0] == "Line,Why it was refused,What to do,email,name"
    assert lines[1].startswith("2,No @ in it,Look it up,'=cmd|calc,\"'=HYPERLINK(")
    assert "calc" not in str(imp.findings)
    assert "Ann" not in str(imp.findings)
    assert [f["line"] for f in imp.findings] == [2, 3, 5]
    assert refused.first(imp, 2)[0].cells[0] == "=cmd|calc"


def test_a_kill_in_the_middle_of_a_chunk_leaves_nothing_of_it_and_going_on_adds_no_row_twice(
    app: Flask, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing, "CHUNK", 10)
    imp = confirmed(
        cast, "email,name\n" + "".join(f"p{i}@x.example,P\n" if i % 5 else f"p{i},P\n" for i in range(95))
    )
    real, calls = chunk.Writer.write, []

    def killed(self: chunk.Writer, read: Sequence[Entry | Refusal], place: Place) -> None:
        calls.append(place.position)
        real(self, read, place)
        if len(calls) == 4:
            raise KeyboardInterrupt  # what was written in this chunk never gets committed

    monkeypatch.setattr(chunk.Writer, "write", killed)
    with pytest.raises(KeyboardInterrupt):
        importing.run(imp.id)
    db.session.rollback()
    db.session.expire_all()
    assert (imp.read, imp.added, imp.refused, imp.status) == (30, 24, 6, ImportStatus.IMPORTING)
    assert len(_people()) == 24
    db.session.commit()

    assert importing.run(imp.id) is True, "the lease of the dead worker still holds: nobody may take it yet"
    assert imp.read == 30
    imp.lease_until = now() - timedelta(seconds=1)
    db.session.commit()
    assert jobs.wake_imports(app) == 1
    db.session.commit()
    assert importing.run(imp.id)
    db.session.expire_all()
    assert (imp.read, imp.added, imp.repeated, imp.refused, imp.status) == (
        95,
        76,
        0,
        19,
        ImportStatus.FINISHED,
    )
    assert db.session.scalar(select(func.count()).select_from(Contact)) == 76
    assert db.session.scalar(select(func.count()).select_from(Consent)) == 76
    assert len(b"".join(refused.download(imp, imp.layout["header"])).splitlines()) == 20
    assert [f["line"] for f in imp.findings] == [2 + i for i in range(0, 95, 5)]


def test_a_worker_that_lost_its_lease_writes_nothing_more(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing, "CHUNK", 2)
    imp = confirmed(cast, "email\n" + "".join(f"p{i}@x.example\n" for i in range(6)))
    real, calls = chunk.Writer.write, []

    def stolen(self: chunk.Writer, read: Sequence[Entry | Refusal], place: Place) -> None:
        calls.append(1)
        if len(calls) == 2:
            db.session.get_one(ContactImport, imp.id).worker = "another"
            db.session.commit()
        real(self, read, place)

    monkeypatch.setattr(chunk.Writer, "write", stolen)
    importing.run(imp.id)
    db.session.expire_all()
    assert (imp.read, imp.status, imp.worker) == (2, ImportStatus.IMPORTING, "another")
    assert len(_people()) == 2


def test_a_turn_ends_after_its_time_and_the_next_goes_on(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importing, "CHUNK", 2)
    imp = confirmed(cast, "email\n" + "".join(f"p{i}@x.example\n" for i in range(6)))
    turns = 1
    while not importing.run(imp.id, seconds=0):
        turns += 1
    db.session.expire_all()
    assert (imp.status, imp.added, turns) == (ImportStatus.FINISHED, 6, 4)


def test_a_stopped_import_keeps_what_is_in_and_takes_no_more(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing, "CHUNK", 2)
    imp = confirmed(cast, "email\n" + "".join(f"p{i}@x.example\n" for i in range(6)))
    importing.run(imp.id, seconds=0)
    db.session.expire_all()
    importing.stop(maya(cast), imp)
    db.session.commit()
    assert importing.run(imp.id)
    db.session.expire_all()
    assert (imp.status, imp.read) == (ImportStatus.CANCELLED, 2)
    with pytest.raises(Conflict):
        importing.stop(maya(cast), imp)


def test_a_file_that_is_gone_from_the_store_fails_with_a_reason(cast: Cast) -> None:
    imp = confirmed(cast, "email\na@x.example\n")
    store().delete(imp.key)
    assert importing.run(imp.id)
    db.session.expire_all()
    assert imp.status is ImportStatus.FAILED
    assert imp.reason


def test_files_are_deleted_after_thirty_days_and_the_proof_stays(app: Flask, cast: Cast) -> None:
    imp = imported(cast, "email\na@x.example\nnobody\n")
    assert jobs.purge_files(app) == 0
    imp.finished_at = now() - timedelta(days=31)
    db.session.commit()
    assert jobs.purge_files(app) == 1
    db.session.commit()
    assert not store().exists(imp.key)
    assert not store().exists(f"{imp.refused_key}/0.csv")
    assert len(imp.fingerprint) == 64
    assert jobs.purge_files(app) == 0


def test_a_rival_partner_gets_a_contact_of_its_own_and_lists_are_found_whatever_their_capitals(
    cast: Cast,
) -> None:
    contact(cast.leuvelink, "a@x.example", first_name="Rival")
    db.session.commit()
    imported(cast, "email,first name\na@x.example,Ours\n", into="Customers")
    imported(cast, "email,first name\nb@x.example,Ours\n", into="customers")
    rows = db.session.execute(
        select(Contact.partner_id, Contact.first_name).where(Contact.email == "a@x.example")
    ).all()
    assert sorted(tuple(row) for row in rows) == sorted(
        [(cast.leuvelink.id, "Rival"), (cast.harbour.id, "Ours")]
    )
    assert db.session.scalar(select(func.count()).select_from(ContactList)) == 1


def test_headings_are_recognised_in_several_languages() -> None:
    found = guess(
        ["E-mail adres", "Prénom", "NACHNAME", "Bedrijfsnaam", "Opmerkingen", "e-mail", "Klant sinds"]
    )
    expected = [
        Becomes.EMAIL,
        Becomes.FIRST_NAME,
        Becomes.LAST_NAME,
        Becomes.COMPANY,
        Becomes.LEAVE_OUT,
        Becomes.LEAVE_OUT,
        Becomes.CONSENT_DATE,
    ]
    assert found == expected


@pytest.mark.parametrize(
    ("text", "month_first", "day"),
    [
        ("2026-05-19", False, date(2026, 5, 19)),
        ("19-05-2026", False, date(2026, 5, 19)),
        ("05/19/2026", True, date(2026, 5, 19)),
        ("05/06/2026", False, date(2026, 6, 5)),
        ("2026-05-19 10:12:00", False, date(2026, 5, 19)),
        ("31-02-2026", False, None),
        ("19.05.26", False, None),
        ("soon", False, None),
    ],
)
def test_dates_are_read_one_way_or_not_at_all(text: str, month_first: bool, day: date | None) -> None:
    assert read_date(text, month_first) == day


@given(st.dates(date(1970, 1, 1), date(2200, 1, 1)), st.integers(0, 60))
def test_months_later_is_never_in_another_month(day: date, months: int) -> None:
    later = add_months(day, months)
    assert (later.year * 12 + later.month) - (day.year * 12 + day.month) == months
    assert later.day == day.day or (later + timedelta(days=1)).day == 1


def test_customers_hold_two_years_inquiries_six_months_and_a_yes_for_good() -> None:
    day = date(2024, 2, 29)
    held = {basis: expires_on(basis, day) for basis in ConsentBasis}
    assert held == {
        ConsentBasis.CUSTOMER: date(2026, 2, 28),
        ConsentBasis.INQUIRY: date(2024, 8, 29),
        ConsentBasis.EXPRESS: None,
    }


@given(st.text(max_size=20))
def test_no_exported_cell_starts_a_formula_and_ours_come_back_as_they_were(text: str) -> None:
    assert not defuse(text).lstrip().startswith(("=", "+", "-", "@"))
    assert fuse(defuse(text)) == text or text.startswith("'")
