"""The fixed cast: who plays in every test, built through the models.

Northwind Cloud is the vendor, Harbour IT its partner; Leuvelink is a rival partner of the same vendor, Southgate a rival vendor
(Leuvelink works with both, Harbour IT only with Northwind).
"""

from dataclasses import dataclass
from functools import cache

from argon2 import PasswordHasher

from app.accounts.models import Membership, Organisation, OrganisationKind, Person, Role
from app.db import db
from app.programs.models import Partnership

PASSWORD = "a long walk along the harbour"


@dataclass(frozen=True)
class Cast:
    """Organisations, people and partnerships; every person's password is PASSWORD."""

    northwind: Organisation
    southgate: Organisation
    harbour: Organisation
    leuvelink: Organisation
    vera: Person  # Northwind's admin
    ingrid: Person  # Northwind's marketer
    tomas: Person  # Northwind's approver
    walter: Person  # Northwind's viewer
    maya: Person  # Harbour IT's admin
    jonas: Person  # Harbour IT's marketer
    noor: Person  # Harbour IT's viewer
    lieve: Person  # Leuvelink's admin
    simon: Person  # Southgate's admin
    northwind_harbour: Partnership
    northwind_leuvelink: Partnership
    southgate_leuvelink: Partnership


@cache
def _hash() -> str:
    # Cheap on purpose: what argon2 costs is tested where sign-in is tested.
    return PasswordHasher(time_cost=1, memory_cost=64, parallelism=1).hash(PASSWORD)


def _organisation(kind: OrganisationKind, name: str, slug: str, country: str, zone: str) -> Organisation:
    row = Organisation(kind=kind, name=name, slug=slug, country=country, timezone=zone)
    db.session.add(row)
    db.session.flush()
    return row


def _person(name: str, email: str, organisation: Organisation, role: Role) -> Person:
    person = Person(name=name, email=email, password_hash=_hash())
    db.session.add(person)
    db.session.flush()
    db.session.add(Membership(person_id=person.id, organisation_id=organisation.id, role=role))
    return person


def _partnership(vendor: Organisation, partner: Organisation, tier: str, region: str) -> Partnership:
    row = Partnership(vendor_id=vendor.id, partner_id=partner.id, tier=tier, region=region)
    db.session.add(row)
    return row


def build() -> Cast:
    """Write the cast to the database and commit."""
    vendor, partner = OrganisationKind.VENDOR, OrganisationKind.PARTNER
    northwind = _organisation(vendor, "Northwind Cloud", "northwind-cloud", "NO", "Europe/Oslo")
    southgate = _organisation(vendor, "Southgate", "southgate", "IE", "Europe/Dublin")
    harbour = _organisation(partner, "Harbour IT", "harbour-it", "NL", "Europe/Amsterdam")
    leuvelink = _organisation(partner, "Leuvelink", "leuvelink", "BE", "Europe/Brussels")
    cast = Cast(
        northwind=northwind,
        southgate=southgate,
        harbour=harbour,
        leuvelink=leuvelink,
        vera=_person("Vera Lund", "vera@northwind.example", northwind, Role.ADMIN),
        ingrid=_person("Ingrid Solberg", "ingrid@northwind.example", northwind, Role.MARKETER),
        tomas=_person("Tomás Rey", "tomas@northwind.example", northwind, Role.APPROVER),
        walter=_person("Walter Berg", "walter@northwind.example", northwind, Role.VIEWER),
        maya=_person("Maya de Vries", "maya@harbour-it.example", harbour, Role.ADMIN),
        jonas=_person("Jonas Bakker", "jonas@harbour-it.example", harbour, Role.MARKETER),
        noor=_person("Noor Visser", "noor@harbour-it.example", harbour, Role.VIEWER),
        lieve=_person("Lieve Claes", "lieve@leuvelink.example", leuvelink, Role.ADMIN),
        simon=_person("Simon Doyle", "simon@southgate.example", southgate, Role.ADMIN),
        northwind_harbour=_partnership(northwind, harbour, "gold", "Netherlands"),
        northwind_leuvelink=_partnership(northwind, leuvelink, "silver", "Belgium"),
        southgate_leuvelink=_partnership(southgate, leuvelink, "", "Belgium"),
    )
    db.session.commit()
    return cast
