"""Lists and segments as campaigns use them: which campaigns hold one back from being deleted, and which a condition may name."""

from typing import Any

from sqlalchemy import and_, delete, insert, or_, select, update

from app.accounts.actor import Actor
from app.accounts.audit import record
from app.accounts.models import Organisation
from app.audience import segments
from app.audience.consent import consents_of
from app.audience.mailable import Mail, Mailable, may_get
from app.audience.models import (
    Consent,
    ConsentPurpose,
    Contact,
    ContactImport,
    ContactList,
    ListMember,
    Segment,
)
from app.audience.people import People
from app.audience.read_rules import known_of
from app.audience.rule_words import sentence
from app.audience.rules import Rules
from app.audience.segments import Counted
from app.campaigns.chosen import Audience
from app.campaigns.models import Campaign, CampaignStatus
from app.clock import now
from app.db import db, scoped
from app.delivery.models import Send, SendStatus
from app.errors import Conflict, Invalid, Refused

_DONE = (CampaignStatus.FINISHED, CampaignStatus.CANCELLED)
MOST_CAMPAIGNS = 200


def campaigns_to_name(partner: Organisation) -> list[tuple[int, str, str]]:
    """The partner's launched campaigns as (id, public id, name), the latest first."""
    query = scoped(partner, Campaign).where(Campaign.launched_at.is_not(None))
    rows = db.session.scalars(query.order_by(Campaign.launched_at.desc()).limit(MOST_CAMPAIGNS))
    return [(row.id, row.pid, row.name) for row in rows]


def segments_in_words(partner: Organisation) -> list[tuple[Counted, str]]:
    """Every segment with its people now, and its rules in words."""
    known = known_of(partner, campaigns_to_name(partner))
    return [
        (each, sentence(Rules.from_json(each.segment.rules), known)) for each in segments.counted(partner)
    ]


def words_of(partner: Organisation, audience: Audience) -> str:
    """Whom a chosen segment means, in words."""
    return sentence(audience.people.rules, known_of(partner, campaigns_to_name(partner)))


def drawn(
    partner: Organisation, mail: Mail, people: People, counted: Mailable
) -> list[tuple[Contact, Consent | None]]:
    """Five of those who get the mail, by lot, each with the latest yes that counts."""
    found = segments.sample(partner, people, counted.total, many=5, only=may_get(partner.id, mail))
    yeses = [[yes for yes in consents_of(partner.id, person.id) if _counts(yes)] for person in found]
    return [(person, yes[0] if yes else None) for person, yes in zip(found, yeses, strict=True)]


def _counts(yes: Consent) -> bool:
    ends = yes.expires_on
    return (
        yes.purpose is ConsentPurpose.MARKETING
        and yes.withdrawn_at is None
        and (ends is None or ends >= now().date())
    )


def users_of(partner: Organisation, row: Segment | ContactList) -> list[Campaign]:
    """The campaigns that still need this list or segment: drafts, planned ones, those that are sending."""
    column = Campaign.segment_id if isinstance(row, Segment) else Campaign.list_id
    query = scoped(partner, Campaign).where(column == row.id, Campaign.status.not_in(_DONE))
    return list(db.session.scalars(query.order_by(Campaign.id)))


def segments_with(partner: Organisation, row: ContactList) -> list[Segment]:
    """The segments whose rules ask about this list."""
    found = db.session.scalars(scoped(partner, Segment).order_by(Segment.name))
    return [each for each in found if row.id in Rules.from_json(each.rules).lists]


def delete_segment(actor: Actor, segment: Segment) -> None:
    """Delete a segment. Raises Refused while a campaign that isn't over goes to it; what was sent keeps its own rules."""
    used = users_of(actor.organisation, segment)
    if used:
        raise Refused(f"“{used[0].name}” goes to this segment. Choose other people there first.")
    _let_go(actor.organisation, Campaign.segment_id, segment.id)
    record(actor, "segment.deleted", segment)
    db.session.delete(segment)
    db.session.flush()


def _let_go(partner: Organisation, column: Any, row_id: int) -> None:
    """Campaigns that are over no longer name what is deleted."""
    mine = (Campaign.partner_id == partner.id, column == row_id)  # unscoped: by partner id
    db.session.execute(update(Campaign).where(*mine).values({column: None}))


def rename_list(actor: Actor, row: ContactList, name: str) -> None:
    """Give a list another name. Raises Invalid for none, or one that another list has."""
    name = " ".join(name.split())
    if not 0 < len(name) <= 120 or "\x00" in name:
        raise Invalid("It isn’t renamed.", {"name": "Give it a name of at most 120 characters."})
    others = scoped(actor.organisation, ContactList).where(ContactList.id != row.id)
    if any(other.name.lower() == name.lower() for other in db.session.scalars(others)):
        raise Invalid("It isn’t renamed.", {"name": "Another list has this name. Merge the two instead."})
    row.name = name
    record(actor, "list.renamed", row)


def delete_list(actor: Actor, row: ContactList) -> None:
    """Delete a list; its people stay contacts. Raises Refused while a campaign or a segment needs it."""
    used = users_of(actor.organisation, row)
    if used:
        raise Refused(f"“{used[0].name}” goes to this list. Choose other people there first.")
    asking = segments_with(actor.organisation, row)
    if asking:
        raise Refused(f"The segment “{asking[0].name}” asks about this list. Change it first.")
    _remove(actor, row)
    record(actor, "list.deleted", row)


def merge_lists(actor: Actor, row: ContactList, into: ContactList) -> int:
    """Put everybody of one list into another, and delete the first. Campaigns and segments that needed it go on with the other.

    Raises Refused for a list and itself, or while a send is being written from it. Returns how many joined.
    """
    if row.id == into.id:
        raise Refused("Choose another list to merge it into.")
    mine = (ListMember.list_id == row.id, ListMember.partner_id == row.partner_id)
    there = select(ListMember.contact_id).where(
        ListMember.list_id == into.id, ListMember.partner_id == row.partner_id
    )  # unscoped: by partner id
    new = select(ListMember.contact_id).where(
        *mine, ListMember.contact_id.not_in(there)
    )  # unscoped: by partner id
    ids = list(db.session.scalars(new))
    for start in range(0, len(ids), 5_000):
        db.session.execute(
            insert(ListMember),
            [
                {"list_id": into.id, "contact_id": each, "partner_id": row.partner_id}
                for each in ids[start : start + 5_000]
            ],
        )
    for campaign in users_of(actor.organisation, row):
        campaign.list_id = into.id
    for segment in segments_with(actor.organisation, row):
        segment.rules = _instead(segment.rules, str(row.id), str(into.id))
    record(actor, "list.merged", row, into=into.pid, joined=len(ids))
    _remove(actor, row)
    return len(ids)


def _instead(rules: dict[str, Any], old: str, new: str) -> dict[str, Any]:
    """The rules with one list in another's place."""

    def changed(one: dict[str, Any]) -> dict[str, Any]:
        if one["about"] != "list":
            return one
        return {**one, "value": list(dict.fromkeys(new if each == old else each for each in one["value"]))}

    groups = [
        {**group, "conditions": [changed(each) for each in group["conditions"]]} for group in rules["groups"]
    ]
    return {**rules, "groups": groups}


def _remove(actor: Actor, row: ContactList) -> None:
    partner = actor.organisation
    sends = (Send.partner_id == partner.id, Send.list_id == row.id)  # unscoped: by partner id
    unwritten = or_(
        Send.status == SendStatus.EXPANDING,
        and_(Send.status == SendStatus.PAUSED, Send.started_at.is_(None)),
    )
    writing = select(Send.id).where(*sends, unwritten).limit(1)  # unscoped: by partner id
    if db.session.scalar(writing):
        raise Conflict("A campaign is being written to this list just now. Try again when it is sending.")
    db.session.execute(update(Send).where(*sends).values(list_id=None))
    _let_go(partner, Campaign.list_id, row.id)
    imports = (ContactImport.partner_id == partner.id, ContactImport.list_id == row.id)
    going = select(ContactImport.id).where(
        *imports, ContactImport.finished_at.is_(None)
    )  # unscoped: by partner id
    if db.session.scalar(going.limit(1)):
        raise Conflict("An import is going into this list just now. Try again when it is done.")
    db.session.execute(update(ContactImport).where(*imports).values(list_id=None))
    db.session.execute(
        delete(ListMember).where(ListMember.list_id == row.id, ListMember.partner_id == partner.id)
    )
    db.session.delete(row)
    db.session.flush()
