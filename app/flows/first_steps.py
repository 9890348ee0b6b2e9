"""How far a new partner is on the way to the first campaign: looks, people, launch. Read from the real rows."""

from dataclasses import dataclass

from sqlalchemy import func, select

from app.accounts.models import Organisation, Person
from app.assets.brand import brand_gaps, default_brand
from app.assets.models import BrandProfile
from app.audience.models import Contact
from app.campaigns.models import Campaign
from app.db import db, scoped
from app.kits.queries import OpenKit, open_kits
from app.programs.queries import partnerships_of, vendors_of


@dataclass(frozen=True)
class FirstSteps:
    """The three steps of a new partner. `campaign` is the newest one, if there is any."""

    vendors: list[Organisation]
    manager: Person | None
    brand: BrandProfile | None
    gaps: list[str]
    contacts: int
    kits: list[OpenKit]
    campaign: Campaign | None
    launched: int

    @property
    def current(self) -> int:
        """The step to take now, counted from 1; 4 when a campaign was launched."""
        if self.gaps:
            return 1
        if not self.contacts:
            return 2
        return 3 if not self.launched else 4


def first_steps(partner: Organisation) -> FirstSteps:
    """Where `partner` stands."""
    brand = default_brand(partner)
    campaigns = scoped(partner, Campaign)
    contacts = select(func.count()).select_from(
        scoped(partner, Contact).where(Contact.erased_at.is_(None)).subquery()
    )
    launched = select(func.count()).select_from(campaigns.where(Campaign.launched_at.is_not(None)).subquery())
    managers = [ship.manager_id for ship in partnerships_of(partner) if ship.manager_id]
    return FirstSteps(
        vendors=[vendor for vendor, _ in vendors_of(partner)],
        manager=db.session.get(Person, managers[0]) if managers else None,
        brand=brand,
        gaps=brand_gaps(brand),
        contacts=db.session.scalar(contacts) or 0,
        kits=open_kits(partner),
        campaign=db.session.scalars(campaigns.order_by(Campaign.id.desc()).limit(1)).first(),
        launched=db.session.scalar(launched) or 0,
    )
