"""Reading partnerships: who works with whom. Ended ones are left out unless asked for."""

from sqlalchemy import func, select

from app.accounts.models import Organisation, Person
from app.db import db, scoped
from app.programs.models import Partnership, PartnershipStatus

USUAL_TIERS = ("Gold", "Silver", "Registered")


def partnerships_of(org: Organisation) -> list[Partnership]:
    """The active partnerships of a vendor or a partner, oldest first."""
    query = scoped(org, Partnership).where(Partnership.status == PartnershipStatus.ACTIVE)
    return list(db.session.scalars(query.order_by(Partnership.agreed_at, Partnership.id)))


def partnership_between(vendor_id: int, partner_id: int) -> Partnership | None:
    """The active partnership of these two, if there is one."""
    query = select(Partnership).where(  # unscoped: both sides are named
        Partnership.vendor_id == vendor_id,
        Partnership.partner_id == partner_id,
        Partnership.status == PartnershipStatus.ACTIVE,
    )
    return db.session.scalars(query).one_or_none()


def partners_of(vendor: Organisation) -> list[tuple[Organisation, Partnership]]:
    """A vendor's partners with the terms they work on, by name."""
    query = (
        select(Organisation, Partnership)  # unscoped: restricted to the vendor below
        .join(Partnership, Partnership.partner_id == Organisation.id)
        .where(Partnership.vendor_id == vendor.id, Partnership.status == PartnershipStatus.ACTIVE)
        .order_by(func.lower(Organisation.name), Organisation.id)
    )
    return [(organisation, partnership) for organisation, partnership in db.session.execute(query)]


def vendors_of(partner: Organisation) -> list[tuple[Organisation, Partnership]]:
    """A partner's vendors with the terms they work on, by name."""
    query = (
        select(Organisation, Partnership)  # unscoped: restricted to the partner below
        .join(Partnership, Partnership.vendor_id == Organisation.id)
        .where(Partnership.partner_id == partner.id, Partnership.status == PartnershipStatus.ACTIVE)
        .order_by(func.lower(Organisation.name), Organisation.id)
    )
    return [(organisation, partnership) for organisation, partnership in db.session.execute(query)]


def manager_of(vendor: Organisation, partner: Organisation) -> str | None:
    """The name of whoever looks after a partner at a vendor; None while nobody does."""
    query = (
        select(Person.name)
        .join(Partnership, Partnership.manager_id == Person.id)  # unscoped: both sides are named
        .where(Partnership.vendor_id == vendor.id, Partnership.partner_id == partner.id)
    )
    return db.session.scalars(query).first()


def tiers_of(vendor: Organisation) -> list[str]:
    """The tiers a vendor has given so far, by name; the usual ones until there are any."""
    query = (
        select(Partnership.tier).where(Partnership.vendor_id == vendor.id, Partnership.tier != "").distinct()
    )  # unscoped: the vendor's own
    return sorted(db.session.scalars(query)) or list(USUAL_TIERS)


def manager_names(vendor: Organisation) -> dict[int, str]:
    """The names of the people who look after a vendor's partners, by the person's id."""
    query = (
        select(Person.id, Person.name)
        .join(Partnership, Partnership.manager_id == Person.id)
        .where(Partnership.vendor_id == vendor.id)
        .distinct()
    )
    return {row.id: row.name for row in db.session.execute(query)}
