"""A vendor takes a version of a kit back: what is scheduled or being sent from it stops for good, and partners are told why.

Launching, going on and beginning a step lock the campaign before they look at the version; this locks the same campaigns after the
version is recalled. So whichever comes first, nothing is sent that should not be.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import structlog
from sqlalchemy import select

from app.accounts import audit
from app.accounts.actor import Actor
from app.accounts.models import Organisation
from app.audience import mailable
from app.campaigns import review
from app.campaigns.chosen import chosen
from app.campaigns.models import CAMPAIGN, Campaign, CampaignStatus
from app.clock import now
from app.db import db, scoped
from app.delivery import control, progress
from app.flows import kit_news
from app.flows.check import mail_of
from app.kits import publish
from app.kits.models import KitVersion, NewsKind

log = structlog.get_logger(__name__)

_S = CampaignStatus
_OVER = (_S.FINISHED, _S.CANCELLED)
_ON_THE_WAY = (_S.LAUNCHING, _S.SENDING, _S.PAUSED)
_REASON = 200  # characters that a campaign and a send keep of why they stand still


@dataclass(frozen=True)
class Effect:
    """What withdrawing a version does, counted before: campaigns, and people who would not get a mail they would have got."""

    partners: int
    sending: int
    waiting: int  # messages of those that are not sent yet
    scheduled: int
    planned: int  # people on the lists of the scheduled ones who may be mailed today
    unlaunched: int
    done: int

    @property
    def stops(self) -> int:
        """Campaigns that would go out, or go on, and won't."""
        return self.sending + self.scheduled


@dataclass(frozen=True)
class Withdrawn:
    """What was stopped, and how many partners are told."""

    stopped: int
    unscheduled: int
    partners: int


def effect(vendor: Organisation, version: KitVersion) -> Effect:
    """What would happen, for the vendor to see before: counts only."""
    query = scoped(vendor, Campaign).where(Campaign.kit_version_id == version.id)
    campaigns = [row for row in db.session.scalars(query) if row.status is not _S.CANCELLED]
    running = [row for row in campaigns if row.status in _ON_THE_WAY]
    scheduled = [row for row in campaigns if row.status is _S.SCHEDULED]
    done = sum(row.status is _S.FINISHED for row in campaigns)
    return Effect(
        partners=len({row.partner_id for row in campaigns}),
        sending=len(running),
        waiting=sum(progress.of(row).to_go for row in running),
        scheduled=len(scheduled),
        planned=sum(_mailable(row) for row in scheduled),
        unlaunched=len(campaigns) - len(running) - len(scheduled) - done,
        done=done,
    )


def _mailable(campaign: Campaign) -> int:
    partner = db.session.get_one(Organisation, campaign.partner_id)  # unscoped: of the vendor's own campaign
    found = chosen(partner, campaign)
    return mailable.count(partner, mail_of(campaign), found.people).mailable if found else 0


def withdraw(actor: Actor, version: KitVersion, reason: str) -> Withdrawn:
    """Recall the version and stop everything that would still be sent from it; each partner with a campaign of it is told.

    Raises Invalid without a reason, Conflict when it is recalled already or was never published.
    """
    db.session.refresh(version, with_for_update=True)
    publish.recall(actor, version, reason)
    db.session.flush()
    campaigns = _locked(version)
    why = _cut(
        f"{actor.organisation.name} withdrew version {version.version} of this kit: {version.recall_reason}"
    )
    unscheduled = [row for row in campaigns if row.status is _S.SCHEDULED]
    for campaign in unscheduled:
        _unschedule(campaign, why)
    stopped = control.halt([row for row in campaigns if row.status in _ON_THE_WAY], why)
    review.close_open(version.id, why, mailed=False)  # the news below tells the partners why
    for campaign in (*unscheduled, *stopped):
        audit.record(None, "campaign.kit_recalled", campaign, kit_version_id=version.id)
    partners = kit_news.note(version, NewsKind.RECALLED, _done_to(campaigns, unscheduled, stopped))
    log.info(
        "kit.withdrawn",
        version_id=version.id,
        stopped=len(stopped),
        unscheduled=len(unscheduled),
        partners=partners,
    )
    return Withdrawn(len(stopped), len(unscheduled), partners)


def _locked(version: KitVersion) -> list[Campaign]:
    """Every campaign of the version that is not cancelled, locked in one order and read again."""
    query = (
        select(Campaign)  # unscoped: of the vendor's own version
        .where(Campaign.kit_version_id == version.id, Campaign.status != _S.CANCELLED)
        .order_by(Campaign.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return list(db.session.scalars(query))


def _unschedule(campaign: Campaign, why: str) -> None:
    CAMPAIGN.move(campaign, _S.APPROVED)
    campaign.scheduled_at = campaign.launch_again = None
    campaign.launch_tries = 0
    campaign.paused_reason = why
    campaign.updated_at = now()


def _done_to(
    campaigns: Iterable[Campaign], unscheduled: list[Campaign], stopped: list[Campaign]
) -> dict[int, dict[str, str]]:
    """For each partner what became of its campaigns, by the campaign's id."""
    found: dict[int, dict[str, str]] = {}
    for campaign in campaigns:
        what = "open"
        if campaign in unscheduled:
            what = "unscheduled"
        elif campaign in stopped:
            what = "stopped"
        elif campaign.status in _OVER:
            what = "done"
        found.setdefault(campaign.partner_id, {})[str(campaign.id)] = what
    return found


def _cut(text: str) -> str:
    return text if len(text) <= _REASON else text[: _REASON - 1].rstrip() + "…"
