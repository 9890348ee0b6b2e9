"""Roughly how many of a campaign's people another partner of the same vendor is about to mail with the same kit, or has just mailed.

Never whom, never by which partner, and never so exactly that two questions would tell of one person: see docs/decisions/0011.
"""

import math
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from sqlalchemy import Select, func, or_, select, union_all
from sqlalchemy.orm import aliased

from app.accounts.models import Organisation
from app.audience.mailable import mailable_select
from app.audience.models import Contact
from app.audience.people import People
from app.campaigns.chosen import people_of
from app.campaigns.models import Campaign, CampaignStatus
from app.clock import now
from app.db import begin_writing, db, scoped
from app.delivery.models import CollisionAnswer, Delivery, DeliveryState, in_campaign
from app.flows.check import LaunchCheck, mail_of
from app.kits.models import KitVersion

log = structlog.get_logger(__name__)

SMALLEST = 20  # people who get it: for fewer nothing is said
AROUND = timedelta(days=14)  # how long before and after a mail counts as near
HOLDS = timedelta(days=7)  # an answer stays as it is, whatever becomes of the list meanwhile
FRESH = 3  # new answers for a partner and a kit within HOLDS
EPSILON = 0.3  # of each answer: what one person more or less may change in the odds is at most e to the power of this
_S = CampaignStatus
_LAUNCHED = (_S.LAUNCHING, _S.SENDING, _S.PAUSED, _S.FINISHED)
_NOT_MAILED = (DeliveryState.SUPPRESSED, DeliveryState.CANCELLED)
_random = secrets.SystemRandom()


@dataclass(frozen=True)
class Told:
    """What the launch page says. `about` None: fewer than ten. `again` set: nothing new is said before that time."""

    about: int | None = None
    at: datetime | None = None
    again: datetime | None = None


def told(found: LaunchCheck, *, fresh: bool) -> Told | None:
    """The answer for a campaign before its launch: the one given this week, or a fresh one, which is kept. None for few people.

    `fresh`: whether a new one may be drawn. Only where it is sure to be committed once it is seen (a GET that succeeds), else
    asking again would draw anew. It ends the transaction and begins another as a writer; what was read before is read afresh.
    """
    if found.audience is None or found.people < SMALLEST:
        return None
    partner, campaign = found.partner, found.campaign
    audience = f"{'segment' if found.audience.is_segment else 'list'} {found.audience.pid}"
    given = _given(partner, campaign, audience)
    if given is None and fresh:
        people, most = found.audience.people, found.people
        begin_writing()
        given = _given(partner, campaign, audience, lock=True) or _fresh(
            partner, campaign, audience, people, most
        )
    return given


def _given(partner: Organisation, campaign: Campaign, audience: str, lock: bool = False) -> Told | None:
    if lock:  # two pages loaded at once get one answer between them
        db.session.execute(select(Organisation.id).where(Organisation.id == partner.id).with_for_update())
    row = db.session.scalars(
        scoped(partner, CollisionAnswer)
        .where(
            CollisionAnswer.campaign_id == campaign.id,
            CollisionAnswer.audience == audience,
            CollisionAnswer.asked_at > now() - HOLDS,
        )
        .order_by(CollisionAnswer.id.desc())
        .limit(1)
    ).first()
    return Told(row.about, row.asked_at) if row else None


def _fresh(partner: Organisation, campaign: Campaign, audience: str, people: People, most: int) -> Told:
    kit_id = _kit_of(campaign)
    recent = list(
        db.session.scalars(
            scoped(partner, CollisionAnswer)
            .where(CollisionAnswer.kit_id == kit_id, CollisionAnswer.asked_at > now() - HOLDS)
            .order_by(CollisionAnswer.asked_at)
        )
    )
    if len(recent) >= FRESH:
        return Told(again=recent[-FRESH].asked_at + HOLDS)
    about = rounded(_count(partner, campaign, kit_id, people) + noise(), most)
    row = CollisionAnswer(
        partner_id=partner.id, kit_id=kit_id, campaign_id=campaign.id, audience=audience, about=about
    )
    db.session.add(row)
    db.session.flush()
    log.info("collision.told", campaign_id=campaign.id)
    return Told(about, row.asked_at)


def rounded(count: int, most: int) -> int | None:
    """A count as it may be told: None below ten, else two digits of it (tens at the least), and never more than there are people."""
    if count < 10:
        return None
    step = max(10, 10 ** (len(str(count)) - 2))
    return int(min((count + step // 2) // step * step, most // 10 * 10))


def noise(uniform: Callable[[], float] = _random.random) -> int:
    """A whole number around 0, drawn so that counts one apart give any answer with odds at most e^EPSILON apart.

    The difference of two geometric draws (Ghosh, Roughgarden and Sundararajan 2009, “Universally utility-maximizing privacy mechanisms”).
    """
    return _geometric(uniform()) - _geometric(uniform())


def _geometric(u: float) -> int:
    return math.floor(math.log(1.0 - u) / -EPSILON)


def _kit_of(campaign: Campaign) -> int:
    query = select(KitVersion.kit_id).where(KitVersion.id == campaign.kit_version_id)  # unscoped: its own
    return int(db.session.scalars(query).one())


def _count(partner: Organisation, campaign: Campaign, kit_id: int, people: People) -> int:
    """How many of the campaign's people are among those of others, by the keyed hash of the address: one statement."""
    parts = [_hashes_of(other) for other in _others(partner, campaign, kit_id)]
    near = [part for part in parts if part is not None]
    if not near:
        return 0
    mine = aliased(Contact)
    own = mailable_select(partner.id, mail_of(campaign), people).subquery()
    theirs = union_all(*near).subquery()
    query = select(func.count(mine.id)).where(  # unscoped: counted, never listed
        mine.id.in_(select(own.c.contact_id)), mine.address_hash.in_(select(theirs.c.address_hash))
    )
    return int(db.session.scalar(query) or 0)


def _others(partner: Organisation, campaign: Campaign, kit_id: int) -> list[Campaign]:
    """Campaigns of the vendor's other partners with any version of this kit, near in time."""
    moment = now()
    versions = select(KitVersion.id).where(KitVersion.kit_id == kit_id)  # unscoped: of the campaign's kit
    planned = (Campaign.status == _S.SCHEDULED) & (Campaign.scheduled_at <= moment + AROUND)
    launched = Campaign.status.in_(_LAUNCHED) & (Campaign.launched_at >= moment - AROUND)
    query = select(Campaign).where(  # unscoped: counted, never shown
        Campaign.vendor_id == campaign.vendor_id,
        Campaign.partner_id != partner.id,
        Campaign.kit_version_id.in_(versions),
        or_(planned, launched),
    )
    return list(db.session.scalars(query))


def _hashes_of(other: Campaign) -> Select[str] | None:
    """The address hashes of those who get, or got, another partner's campaign."""
    theirs = aliased(Contact)
    if other.status is CampaignStatus.SCHEDULED:
        people = people_of(other)
        if people is None:
            return None
        those = mailable_select(other.partner_id, mail_of(other), people).subquery()
        ids: Select[int] = select(those.c.contact_id)
    else:
        ids = select(Delivery.contact_id).where(  # unscoped: counted, never listed
            in_campaign(other.id), Delivery.state.not_in(_NOT_MAILED)
        )
    return select(theirs.address_hash).where(theirs.id.in_(ids))
