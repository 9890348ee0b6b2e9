"""A launch that could not happen at its time: the person who planned it is asked, and a failing one is not tried for ever.

What came due while nothing ran would go out at an hour that nobody chose; what fails again and again would hide in a log.
"""

from datetime import datetime, timedelta

import structlog

from app.accounts import audit
from app.accounts.models import Organisation, Person
from app.campaigns import in_words
from app.campaigns.models import CAMPAIGN, Campaign, CampaignStatus
from app.db import db
from app.mail.posting import post
from app.web.hosts import app_url_for

log = structlog.get_logger(__name__)

# Less late than this it still goes out by itself: a restart, a full queue. Later the person is asked.
MISSED_AFTER = timedelta(hours=1)
# How long after each try that failed the next one waits. After the last one it is taken back.
BACK_OFF = tuple(timedelta(seconds=seconds) for seconds in (5, 15, 60, 300, 900))
_FAILED = (
    f"Something failed on our side {len(BACK_OFF)} times, and nothing was sent. Launch it again, or tell us."
)


def is_missed(campaign: Campaign, moment: datetime) -> bool:
    """Whether its time passed so long ago that it no longer goes out by itself."""
    return campaign.scheduled_at is not None and moment - campaign.scheduled_at > MISSED_AFTER


def ask(campaign: Campaign) -> None:
    """It came due while nothing ran: back to approved, and the person who launched it chooses: now, or another time."""
    CAMPAIGN.move(campaign, CampaignStatus.APPROVED)
    campaign.missed_at, campaign.scheduled_at = campaign.scheduled_at, None
    campaign.paused_reason = None
    _forget_tries(campaign)
    audit.record(None, "campaign.missed", campaign, at=campaign.missed_at.isoformat())  # type: ignore[union-attr]
    tell(
        campaign,
        f"It was to go out on {in_words.missed(campaign)}, but Throughline was not running then.",
        "Nothing was sent. Send it now, or choose another time.",
    )
    log.warning("launch.missed", campaign_id=campaign.id)


def take_back(campaign: Campaign, reason: str) -> None:
    """Not now: a person has to look at it, and finds the reason on the launch page and in a mail."""
    CAMPAIGN.move(campaign, CampaignStatus.APPROVED)
    campaign.scheduled_at = None
    campaign.paused_reason = f"It was not launched at its time. {reason}"[:200]
    _forget_tries(campaign)
    audit.record(None, "campaign.launch_refused", campaign)
    tell(campaign, "It was not launched at its time.", reason)
    log.warning("launch.refused", campaign_id=campaign.id)


def take_turn(campaign: Campaign, moment: datetime) -> bool:
    """Count a try to begin it; False where it isn't time for one, or where too many have failed.

    Committed before the try is made, so that one that kills its worker counts too. The caller locks the campaign before and after.
    """
    if campaign.launch_again is not None and campaign.launch_again > moment:
        return False
    if campaign.launch_tries >= len(BACK_OFF):
        take_back(campaign, _FAILED)
        return False
    campaign.launch_again = moment + BACK_OFF[campaign.launch_tries]
    campaign.launch_tries += 1
    db.session.commit()
    db.session.refresh(campaign, with_for_update=True)
    return campaign.status is CampaignStatus.SCHEDULED


def _forget_tries(campaign: Campaign) -> None:
    campaign.launch_tries, campaign.launch_again = 0, None


def tell(campaign: Campaign, what: str, then: str) -> None:
    """Mail the person who launched it, or else made it; `what` happened and what they can do `then`."""
    person = db.session.get(Person, campaign.launched_by or campaign.created_by or 0)
    if person is None:
        return
    partner = db.session.get_one(Organisation, campaign.partner_id)
    launched = campaign.status is not CampaignStatus.APPROVED
    endpoint = "results.show" if launched else "launches.check"
    context = {
        "person": person,
        "campaign": campaign,
        "what": what,
        "then": then,
        "link": app_url_for(endpoint, pid=campaign.pid),
    }
    post("campaign_waits", person.email, context, partner)
