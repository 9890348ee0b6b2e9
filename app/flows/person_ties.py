"""One person as a partner knows them: their address, the rows that are tied to them in every table, and the words by which they are found in free text."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, Table, and_, func, or_, select

from app.accounts.models import Organisation
from app.audience.models import Contact, SuppressionScope
from app.audience.suppress import PLATFORM, address_hash
from app.db import Base, db, scoped
from app.delivery.models import Delivery
from app.landing.models import Submission
from app.leads.models import Deal, Lead
from app.programs.queries import vendors_of

_SHORTEST_NAME = 5  # "Li Wu" is looked for as a whole; one short word alone would hit every other text
_SHORTEST_PHONE = 7


@dataclass(frozen=True)
class Subject:
    """A person, by address, with the ids of what belongs to them at one partner."""

    partner: Organisation
    email: str
    contacts: tuple[int, ...]
    leads: tuple[int, ...]
    submissions: tuple[int, ...]
    deals: tuple[int, ...]
    vendors: tuple[int, ...]  # who works with the partner: their noes and texts count too
    addresses: frozenset[str] = field(default_factory=frozenset)
    words: tuple[str, ...] = ()  # addresses, whole names, phone numbers: the longest first

    @property
    def hash(self) -> str:
        """The keyed hash of the address."""
        return address_hash(self.email)

    @property
    def hashes(self) -> list[str]:
        """Of all addresses under which they are known here."""
        return [address_hash(each) for each in sorted(self.addresses)]


def subject(partner: Organisation, email: str) -> Subject:
    """Everything of this partner that is tied to an address, normalised; a contact's ties lead on to leads under an older address."""
    contact_rows = list(db.session.scalars(scoped(partner, Contact).where(Contact.email == email)))
    contacts = tuple(row.id for row in contact_rows)
    submissions = _tied(partner, Submission, email, contacts)
    forms = or_(Lead.submission_id.in_([row.id for row in submissions]), *_who(Lead, email, contacts))
    leads = list(db.session.scalars(scoped(partner, Lead).where(forms)))
    deals = db.session.scalars(
        scoped(partner, Deal)
        .where(or_(Deal.contact_id.in_(contacts), Deal.lead_id.in_([lead.id for lead in leads])))
        .with_only_columns(Deal.id)
    )
    addresses = {email, *(row.email.lower() for row in [*submissions, *leads] if row.email)}
    names = [f"{row.first_name} {row.last_name}" for row in contact_rows]
    names += [str(row.fields.get("name", "")) for row in submissions] + [row.name for row in leads]
    phones = [row.phone for row in contact_rows] + [row.phone for row in leads]
    phones += [str(row.fields.get("phone", "")) for row in submissions]
    return Subject(
        partner,
        email,
        contacts,
        tuple(lead.id for lead in leads),
        tuple(row.id for row in submissions),
        tuple(deals),
        tuple(vendor.id for vendor, _ in vendors_of(partner)),
        frozenset(addresses),
        _words(addresses, names, phones),
    )


def _who(
    model: Any, email: str, contacts: tuple[int, ...]
) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return func.lower(model.email) == email, model.contact_id.in_(contacts)


def _tied(partner: Organisation, model: Any, email: str, contacts: tuple[int, ...]) -> list[Any]:
    return list(db.session.scalars(scoped(partner, model).where(or_(*_who(model, email, contacts)))))


def _words(addresses: set[str], names: list[str], phones: list[str]) -> tuple[str, ...]:
    whole = {" ".join(name.split()) for name in names}
    found = {name for name in whole if len(name) >= _SHORTEST_NAME and " " in name}
    found |= {phone.strip() for phone in phones if len(phone.strip()) >= _SHORTEST_PHONE}
    return tuple(sorted(addresses | found, key=lambda word: (-len(word), word)))


Tie = Callable[[Table, Subject], ColumnElement[bool]]


def _by_contact(t: Table, s: Subject) -> ColumnElement[bool]:
    return and_(t.c.partner_id == s.partner.id, t.c.contact_id.in_(s.contacts))


def _by_hash(t: Table, s: Subject) -> ColumnElement[bool]:
    return and_(t.c.partner_id == s.partner.id, t.c.address_hash.in_(s.hashes))


def _by_id(ids: Callable[[Subject], tuple[int, ...]]) -> Tie:
    return lambda t, s: and_(t.c.partner_id == s.partner.id, t.c.id.in_(ids(s)))


def _noes(t: Table, s: Subject) -> ColumnElement[bool]:
    scopes = [
        and_(t.c.scope == SuppressionScope.PARTNER, t.c.organisation_id == s.partner.id),
        and_(t.c.scope == SuppressionScope.VENDOR, t.c.organisation_id.in_(s.vendors)),
        and_(t.c.scope == SuppressionScope.PLATFORM, t.c.organisation_id == PLATFORM),
    ]
    return and_(t.c.address_hash.in_(s.hashes), or_(*scopes))


def _events(t: Table, s: Subject) -> ColumnElement[bool]:
    theirs = select(Delivery.id).where(  # unscoped: of the partner's own contacts
        Delivery.contact_id.in_(s.contacts), Delivery.partner_id == s.partner.id
    )
    mine = or_(t.c.contact_id.in_(s.contacts), t.c.delivery_id.in_(theirs))
    return and_(t.c.partner_id == s.partner.id, mine)


def _waiting(t: Table, s: Subject) -> ColumnElement[bool]:
    theirs = select(Delivery.id).where(  # unscoped: of the partner's own contacts
        Delivery.contact_id.in_(s.contacts), Delivery.partner_id == s.partner.id
    )
    return and_(t.c.delivery_id.in_(theirs))


def _log(t: Table, s: Subject) -> ColumnElement[bool]:
    kinds = {"contact": s.contacts, "lead": s.leads, "submission": s.submissions, "deal": s.deals}
    about = [and_(t.c.subject_kind == kind, t.c.subject_id.in_(ids)) for kind, ids in kinds.items()]
    return and_(t.c.organisation_id == s.partner.id, or_(*about))


def _mails(t: Table, s: Subject) -> ColumnElement[bool]:
    return and_(t.c.organisation_id == s.partner.id, func.lower(t.c.recipient).in_(s.addresses))


# How a table's rows are tied to a person. Every table with a column `contact_id`, and every one with columns of the kinds own, kept or
# within, has its line: a test looks.
TIES: Mapping[str, Tie] = {
    "contact": _by_id(lambda s: s.contacts),
    "list_member": _by_contact,
    "engagement": _by_contact,
    "engagement_due": _by_contact,
    "consent": _by_contact,
    "opt_in": _by_contact,
    "preference": _by_hash,
    "topic_off": _by_hash,
    "suppression": _noes,
    "delivery": _by_contact,
    "returned_mail": _by_contact,
    "incoming_mail": _waiting,
    "address_change": _by_contact,
    "left_out": _by_contact,
    "sequence_end": _by_contact,
    "assignment": _by_contact,
    "tracked_event": _events,
    "touchpoint": _by_contact,
    "submission": _by_id(lambda s: s.submissions),
    "lead": _by_id(lambda s: s.leads),
    "lead_note": lambda t, s: and_(t.c.partner_id == s.partner.id, t.c.lead_id.in_(s.leads)),
    "deal": _by_id(lambda s: s.deals),
    "outgoing_mail": _mails,
    "trial_mail": lambda t, s: and_(
        t.c.partner_id == s.partner.id, func.lower(t.c.recipient).in_(s.addresses)
    ),
    "seed": lambda t, s: and_(
        t.c.organisation_id == s.partner.id, t.c.address_hash.in_(s.hashes), t.c.address != ""
    ),
    "audit_entry": _log,
    "erasure": _by_hash,
}


def table_of(name: str) -> Table:
    """A table of the database by its name."""
    return Base.metadata.tables[name]
