"""What a benchmark sends: a vendor with a published kit, its partner, people who agreed, and a campaign one button away from its launch.

Everything is made by the product's own functions, except for the people: a hundred thousand of them are written in bulk.
"""

import io
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from sqlalchemy import Connection, insert

from app import ROOT
from app.accounts.actor import Actor
from app.accounts.models import Membership, Organisation, OrganisationKind, Person, Role
from app.assets import brand
from app.assets.brand import BrandInput
from app.audience.models import Consent, ConsentBasis, ConsentPurpose, Contact, ContactList, ListMember
from app.audience.suppress import hash_with
from app.campaigns import make, schedule, words
from app.campaigns.models import Campaign
from app.clock import now
from app.db import db, new_pid
from app.flows.check import check
from app.flows.launch import launch
from app.kits import publish
from app.kits.models import KitVersion
from app.programs.models import Partnership
from app.settings import current

KIT = ROOT / "bench" / "kits" / "eight-links"
DOMAINS = tuple(f"company{number:02}.example" for number in range(50))
FIRST = ("Sanne", "Jürgen", "Zoë", "Daan", "Amira", "Ruben", "Claudia", "Søren", "Bram", "Noor")
LAST = ("Willems", "Hoekstra", "Beek", "Østergaard", "Verhoef", "Idrissi", "Smit")
LAST_PLAIN = (
    "willems",
    "hoekstra",
    "beek",
    "ostergaard",
    "verhoef",
    "idrissi",
    "smit",
)  # as they stand in domains
COMPANIES = ("Beek & Söhne", "Maritime IT", "Verhoef Logistics", "Østergaard A/S")
TITLES = ("office manager", "head of IT", "owner", "")
_CHUNK = 5_000


@dataclass(frozen=True)
class Stage:
    """The two who work together."""

    vendor: Actor
    partner: Actor


def build() -> Stage:
    """A vendor and its partner with a complete brand."""
    vendor = _actor(OrganisationKind.VENDOR, "Northwind Cloud", "Ingrid Solberg")
    partner = _actor(OrganisationKind.PARTNER, "Harbour IT", "Maya de Vries")
    db.session.add(
        Partnership(vendor_id=vendor.organisation.id, partner_id=partner.organisation.id, tier="gold")
    )
    brand.save(
        partner,
        BrandInput(
            primary_color="#15324b",
            call_color="#b9431a",
            legal_name="Harbour IT B.V.",
            postal_address="Wilhelminakade 88, 3072 AR Rotterdam",
            website="https://harbour-it.example",
            sender_name="Harbour IT",
            reply_to="maya@harbour-it.example",
        ),
    )
    db.session.flush()
    return Stage(vendor, partner)


def _actor(kind: OrganisationKind, name: str, who: str) -> Actor:
    slug = name.lower().replace(" ", "-")
    organisation = Organisation(kind=kind, name=name, slug=slug)
    person = Person(name=who, email=f"{who.split()[0].lower()}@{slug}.example")
    db.session.add_all([organisation, person])
    db.session.flush()
    db.session.add(Membership(person_id=person.id, organisation_id=organisation.id, role=Role.ADMIN))
    return Actor(person, organisation, Role.ADMIN)


def published(stage: Stage, folder: Path = KIT) -> KitVersion:
    """The kit of a folder, checked and opened to partners. Raises Refused where the check finds an error."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as file:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                file.write(path, path.relative_to(folder).as_posix())
    version = publish.import_version(stage.vendor, archive.getvalue())
    publish.publish(stage.vendor, version, "The first version.")
    return version


def people(
    stage: Stage, count: int, local: Callable[[int], str] = "person{}".format, name: str = ""
) -> ContactList:
    """A list of `count` people who agreed to marketing and to tracking, each on record with a yes of their own.

    `local` gives the local part of an address by its number.
    """
    audience = ContactList(partner_id=stage.partner.organisation.id, name=name or f"{count} people")
    db.session.add(audience)
    db.session.flush()
    connection = db.session.connection()
    for start in range(0, count, _CHUNK):
        numbers = range(start, min(count, start + _CHUNK))
        _write(connection, audience, [(number, local(number)) for number in numbers])
    return audience


def _write(connection: Connection, audience: ContactList, who: Sequence[tuple[int, str]]) -> None:
    rows = [_contact(audience.partner_id, number, local) for number, local in who]
    ids = list(connection.scalars(insert(Contact).returning(Contact.id, sort_by_parameter_order=True), rows))
    owner = {"partner_id": audience.partner_id}
    connection.execute(insert(ListMember), [{**owner, "list_id": audience.id, "contact_id": i} for i in ids])
    connection.execute(insert(Consent), [row for i in ids for row in _consents(audience.partner_id, i)])


def _contact(partner_id: int, number: int, local: str) -> dict[str, object]:
    email = f"{local}@{DOMAINS[number % len(DOMAINS)]}"
    return {
        "pid": new_pid(),
        "partner_id": partner_id,
        "email": email,
        "address_hash": hash_with(current().suppression_key.encode(), email),
        "first_name": FIRST[number % len(FIRST)],
        "last_name": LAST[number % len(LAST)],
        "company": f"{COMPANIES[number % len(COMPANIES)]} {number % 5_000}",
        "job_title": TITLES[number % len(TITLES)],
    }


def _consents(partner_id: int, contact_id: int) -> Iterator[dict[str, object]]:
    for purpose in (ConsentPurpose.MARKETING, ConsentPurpose.TRACKING):
        yield {
            "partner_id": partner_id,
            "contact_id": contact_id,
            "purpose": purpose,
            "basis": ConsentBasis.EXPRESS,
            "source": "Maritime IT Day, registration form",
            "wording": "Yes, Harbour IT may write to me about its services. I can stop that at any time.",
            "controller": "Harbour IT",
            "method": "import",
            "given_on": date(2026, 1, 2),
            "recorded_at": now(),
        }


def campaign(
    stage: Stage, version: KitVersion, audience: ContactList, name: str = "Autumn programme"
) -> Campaign:
    """A campaign with its words filled in and its people chosen. Raises RuntimeError where the words are refused."""
    mine = make.create(stage.partner, version, name)
    refused = words.save(stage.partner, mine, {"host": "Jonas Bakker"})
    if refused:
        raise RuntimeError(f"the kit refuses the words: {refused}")
    mine.list_id = audience.id
    db.session.flush()
    return mine


def press(stage: Stage, mine: Campaign) -> int:
    """What the Launch button does; returns to how many people. The caller commits, and that rings for the worker."""
    found = check(stage.partner, mine)
    schedule.set_time(stage.partner, mine, None)
    launch(stage.partner, mine, found.people)
    return found.people
