"""Nobody is mailed who should not be, and each one left out stands under one reason."""

import time
from datetime import timedelta

import pytest
from sqlalchemy import insert, select

from app.audience import mailable
from app.audience.bulk import measure
from app.audience.mailable import Reason
from app.audience.models import (
    Consent,
    ConsentBasis,
    ConsentPurpose,
    Contact,
    ContactList,
    ListMember,
    Suppression,
    SuppressionReason,
    SuppressionScope,
)
from app.audience.suppress import address_hash, is_suppressed, suppress, suppressed_hashes
from app.clock import now
from app.db import TenantError, db, scoped
from tests.audience.people import agreed, contact
from tests.rig.cast import Cast

pytestmark = pytest.mark.both_databases

PARTNER, VENDOR, PLATFORM = SuppressionScope.PARTNER, SuppressionScope.VENDOR, SuppressionScope.PLATFORM
UNSUBSCRIBE, BOUNCE, COMPLAINT = (
    SuppressionReason.UNSUBSCRIBE,
    SuppressionReason.BOUNCE,
    SuppressionReason.COMPLAINT,
)


def _reason(cast: Cast, customers: ContactList, person: Contact) -> Reason | None:
    """The verdict on one member of the list, checked to be the same in the count, the page and the expansion."""
    counted = mailable.count(cast.harbour, cast.northwind.id, customers.id)
    rows = mailable.mailable_contacts(cast.harbour.id, cast.northwind.id, customers.id, 0, 10)
    verdict = mailable.verdicts(cast.harbour.id, cast.northwind.id, [person.id])[person.id]
    assert counted.total == 1
    assert counted.mailable == len(rows) == (1 if verdict is None else 0)
    assert counted.reasons == ({} if verdict is None else {verdict: 1})
    return verdict


def test_someone_who_agreed_is_mailed_and_someone_without_a_yes_is_not(
    cast: Cast, customers: ContactList
) -> None:
    person = contact(cast.harbour, "sanne@vandijk.example", customers)
    assert _reason(cast, customers, person) is Reason.NO_CONSENT
    agreed(person)
    assert _reason(cast, customers, person) is None


def test_a_yes_to_tracking_is_not_a_yes_to_marketing_and_counts_apart(
    cast: Cast, customers: ContactList
) -> None:
    person = contact(cast.harbour, "sanne@vandijk.example", customers)
    agreed(person, ConsentPurpose.TRACKING)
    assert _reason(cast, customers, person) is Reason.NO_CONSENT
    agreed(person)
    rows = mailable.mailable_contacts(cast.harbour.id, cast.northwind.id, customers.id, 0, 10)
    assert [(r.contact_id, bool(r.tracked)) for r in rows] == [(person.id, True)]


def test_implied_consent_counts_on_its_last_day_and_not_the_day_after(
    cast: Cast, customers: ContactList
) -> None:
    person = contact(cast.harbour, "gert@lodewijk.example", customers)
    yes = agreed(person, expires_on=now().date())
    assert _reason(cast, customers, person) is None
    yes.expires_on = now().date() - timedelta(days=1)
    db.session.flush()
    assert _reason(cast, customers, person) is Reason.EXPIRED


def test_a_withdrawn_yes_never_counts_again(cast: Cast, customers: ContactList) -> None:
    person = contact(cast.harbour, "gert@lodewijk.example", customers)
    agreed(person).withdrawn_at = now()
    db.session.flush()
    assert _reason(cast, customers, person) is Reason.NO_CONSENT


@pytest.mark.parametrize(
    ("scope", "why", "expected"),
    [
        (PARTNER, UNSUBSCRIBE, Reason.SAID_NO),
        (PARTNER, SuppressionReason.MANUAL, Reason.SAID_NO),
        (VENDOR, UNSUBSCRIBE, Reason.SAID_NO_VENDOR),
        (PLATFORM, UNSUBSCRIBE, Reason.SAID_NO_ALL),
        (PARTNER, BOUNCE, Reason.BOUNCED),
        (VENDOR, COMPLAINT, Reason.COMPLAINED),
        (PLATFORM, BOUNCE, Reason.BOUNCED),
    ],
)
def test_a_no_outweighs_every_yes(
    cast: Cast, customers: ContactList, scope: SuppressionScope, why: SuppressionReason, expected: Reason
) -> None:
    person = contact(cast.harbour, "sanne@vandijk.example", customers)
    agreed(person)
    owner = {PARTNER: cast.harbour.id, VENDOR: cast.northwind.id, PLATFORM: 0}[scope]
    suppress(scope, owner, person.address_hash, why)
    assert _reason(cast, customers, person) is expected
    assert suppressed_hashes(cast.harbour.id, cast.northwind.id, [person.address_hash]) == {
        person.address_hash
    }
    query = select(Contact.id).where(is_suppressed(Contact.address_hash, cast.harbour.id, cast.northwind.id))
    assert db.session.scalars(query).all() == [person.id]


def test_a_no_to_another_partner_or_another_vendor_is_not_a_no_here(
    cast: Cast, customers: ContactList
) -> None:
    person = contact(cast.harbour, "sanne@vandijk.example", customers)
    agreed(person)
    suppress(PARTNER, cast.leuvelink.id, person.address_hash, UNSUBSCRIBE)
    suppress(VENDOR, cast.southgate.id, person.address_hash, UNSUBSCRIBE)
    assert _reason(cast, customers, person) is None
    assert suppressed_hashes(cast.harbour.id, cast.northwind.id, [person.address_hash]) == set()


def test_each_contact_stands_under_one_reason_and_the_numbers_add_up(
    cast: Cast, customers: ContactList
) -> None:
    people = [contact(cast.harbour, f"p{i}@example.org", customers) for i in range(6)]
    for person in people[:5]:
        agreed(person)
    suppress(PARTNER, cast.harbour.id, people[0].address_hash, UNSUBSCRIBE)
    suppress(VENDOR, cast.northwind.id, people[0].address_hash, UNSUBSCRIBE)
    suppress(PARTNER, cast.harbour.id, people[1].address_hash, BOUNCE)
    suppress(VENDOR, cast.northwind.id, people[1].address_hash, COMPLAINT)
    suppress(PLATFORM, 0, people[2].address_hash, BOUNCE)
    counted = mailable.count(cast.harbour, cast.northwind.id, customers.id)
    expected = {Reason.SAID_NO: 1, Reason.COMPLAINED: 1, Reason.BOUNCED: 1, Reason.NO_CONSENT: 1}
    assert (counted.total, counted.mailable, counted.excluded, counted.reasons) == (6, 2, 4, expected)
    assert all(reason.label and reason.mend for reason in Reason)


def test_saying_no_twice_is_one_no_and_a_persons_no_replaces_a_bounce(cast: Cast) -> None:
    key = address_hash("sanne@vandijk.example")
    for why in (BOUNCE, UNSUBSCRIBE, BOUNCE, UNSUBSCRIBE):
        suppress(PARTNER, cast.harbour.id, key, why)
    assert [s.reason for s in db.session.scalars(select(Suppression))] == [UNSUBSCRIBE]


def test_the_hash_is_keyed_blind_to_case_and_43_characters(cast: Cast) -> None:
    assert address_hash(" Sanne@VanDijk.example ") == address_hash("sanne@vandijk.example")
    assert len(address_hash("a@b.example")) == 43
    assert address_hash("a@b.example") != address_hash("b@b.example")


def test_pages_of_mailable_contacts_follow_each_other_without_gap_or_repeat(
    cast: Cast, customers: ContactList
) -> None:
    people = [contact(cast.harbour, f"p{i}@example.org", customers) for i in range(25)]
    for person in people:
        agreed(person)
    suppress(PARTNER, cast.harbour.id, people[7].address_hash, UNSUBSCRIBE)
    seen: list[int] = []
    while rows := mailable.mailable_contacts(
        cast.harbour.id, cast.northwind.id, customers.id, seen[-1] if seen else 0, 10
    ):
        seen += [row.contact_id for row in rows]
    assert seen == [p.id for p in people if p is not people[7]]


def test_an_erased_contact_is_in_no_count(cast: Cast, customers: ContactList) -> None:
    person = contact(cast.harbour, "sanne@vandijk.example", customers)
    agreed(person)
    person.erased_at = now()
    db.session.flush()
    assert mailable.count(cast.harbour, cast.northwind.id, customers.id).total == 0


def test_a_vendors_query_on_contacts_fails_by_construction(cast: Cast) -> None:
    for model in (Contact, ListMember, Consent):
        with pytest.raises(TenantError):
            scoped(cast.northwind, model)


def test_twenty_thousand_contacts_are_counted_and_read_in_a_moment(
    cast: Cast, customers: ContactList
) -> None:
    n = 20_000
    ids = range(1, n + 1)
    moment = now()
    rows = [
        {
            "id": i,
            "pid": f"p{i}",
            "partner_id": cast.harbour.id,
            "email": f"p{i}@example.org",
            "address_hash": f"h{i}",
            "fields": {},
        }
        for i in ids
    ]
    db.session.execute(insert(Contact), rows)
    db.session.execute(
        insert(ListMember),
        [{"list_id": customers.id, "contact_id": i, "partner_id": cast.harbour.id} for i in ids],
    )
    given = {"partner_id": cast.harbour.id, "purpose": ConsentPurpose.MARKETING, "basis": ConsentBasis.EXPRESS, "source": "fair",
             "controller": "Harbour IT", "method": "import", "given_on": moment.date()}  # fmt: skip
    db.session.execute(insert(Consent), [{**given, "contact_id": i} for i in ids])
    measure()  # as an import does at its end
    db.session.commit()
    start = time.perf_counter()
    assert mailable.count(cast.harbour, cast.northwind.id, customers.id).mailable == n
    after, read = 0, 0
    while page := mailable.mailable_contacts(cast.harbour.id, cast.northwind.id, customers.id, after, 5_000):
        after, read = page[-1].contact_id, read + len(page)
    took = time.perf_counter() - start
    assert read == n
    assert took < 3, f"counting and reading 20,000 contacts took {took:.1f} s"
