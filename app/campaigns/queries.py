"""Finding campaigns: a partner's own, and for the vendor how its kits are taken up (counts and states, no contact)."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeVar

from sqlalchemy import func, select

from app.accounts.models import Organisation
from app.campaigns.models import Campaign, CampaignStatus
from app.db import db, get_or_404, scoped
from app.kits.models import Kit, KitVersion
from app.kits.pieces import KitSource
from app.kits.queries import kit_source

M = TypeVar("M", Kit, KitVersion, Organisation)

RUNNING = frozenset(
    {CampaignStatus.SCHEDULED, CampaignStatus.LAUNCHING, CampaignStatus.SENDING, CampaignStatus.PAUSED}
)
ENDED = frozenset({CampaignStatus.FINISHED, CampaignStatus.CANCELLED})


@dataclass(frozen=True)
class Row:
    """A campaign with the names that stand beside it in lists."""

    campaign: Campaign
    kit: Kit
    version: KitVersion
    vendor: Organisation
    partner: Organisation

    @property
    def source(self) -> KitSource:
        """The kit's pieces and slots."""
        return kit_source(self.version)


def campaign_for(organisation: Organisation, pid: str) -> Campaign:
    """A partner's own campaign, or one of a vendor's kits. Raises NotFound."""
    return get_or_404(organisation, Campaign, pid)


def campaign_by_id(campaign_id: int) -> Campaign:
    """The campaign that a row of ours points to; whoever asks has checked that the row is theirs."""
    return db.session.get_one(Campaign, campaign_id)  # unscoped: by the asker's own row


def vendor_of(campaign: Campaign) -> Organisation:
    """The vendor whose kit it is."""
    return db.session.get_one(Organisation, campaign.vendor_id)


def partner_of(campaign: Campaign) -> Organisation:
    """The partner who made it."""
    return db.session.get_one(Organisation, campaign.partner_id)


def campaigns_of(organisation: Organisation, statuses: Iterable[CampaignStatus] | None = None) -> list[Row]:
    """The organisation's campaigns (a vendor's: those of its kits), newest first, in these states or in all."""
    wanted = scoped(organisation, Campaign).order_by(Campaign.id.desc())
    if statuses is not None:
        wanted = wanted.where(Campaign.status.in_(list(statuses)))
    return _rows(list(db.session.scalars(wanted)))


def rows_of_kit(vendor: Organisation, kit: Kit) -> list[Row]:
    """Who uses a kit of the vendor: each campaign with its partner and state, newest first."""
    versions = select(KitVersion.id).where(
        KitVersion.kit_id == kit.id
    )  # unscoped: joined to the vendor's own campaigns
    return _rows(
        list(
            db.session.scalars(
                scoped(vendor, Campaign)
                .where(Campaign.kit_version_id.in_(versions))
                .order_by(Campaign.id.desc())
            )
        )
    )


def used_by(vendor: Organisation) -> dict[int, int]:
    """How many campaigns there are of each of the vendor's kit versions, by the version's id."""
    made = scoped(vendor, Campaign).subquery()
    return {
        row[0]: row[1]
        for row in db.session.execute(
            select(made.c.kit_version_id, func.count()).group_by(made.c.kit_version_id)
        )
    }


def latest_by_kit(partner: Organisation) -> dict[int, Campaign]:
    """The partner's newest campaign that isn't cancelled of each kit, by the kit's id."""
    found: dict[int, Campaign] = {}
    for row in campaigns_of(partner):
        if row.campaign.status is not CampaignStatus.CANCELLED:
            found.setdefault(row.kit.id, row.campaign)
    return found


def _rows(campaigns: list[Campaign]) -> list[Row]:
    versions = _by_id(KitVersion, {c.kit_version_id for c in campaigns})
    kits = _by_id(Kit, {v.kit_id for v in versions.values()})
    organisations = _by_id(Organisation, {c.vendor_id for c in campaigns} | {c.partner_id for c in campaigns})
    return [
        Row(
            c,
            kits[versions[c.kit_version_id].kit_id],
            versions[c.kit_version_id],
            organisations[c.vendor_id],
            organisations[c.partner_id],
        )
        for c in campaigns
    ]


def _by_id(model: type[M], ids: set[int]) -> dict[int, M]:
    query = select(model).where(model.id.in_(ids))  # unscoped: ids come from the organisation's own campaigns
    return {row.id: row for row in db.session.scalars(query)} if ids else {}
