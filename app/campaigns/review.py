"""A vendor's look at a campaign before it goes out: asked for, answered, taken back, or closed because there is nothing to decide.

Whoever decides holds the campaign's row, so of two answers one counts and the other is told. What is approved is what the reviewer saw.
"""

from sqlalchemy import select

from app.accounts.actor import Actor
from app.accounts.audit import record
from app.accounts.models import Organisation
from app.campaigns import review_mail, review_people
from app.campaigns.models import CAMPAIGN, Campaign, CampaignStatus
from app.campaigns.prepare import Prepared, source
from app.campaigns.ready import before_review as missing
from app.campaigns.review_clock import due
from app.campaigns.review_content import Snapshot, fingerprint, snapshot
from app.campaigns.review_diff import Change as Change
from app.campaigns.review_diff import Comparison, against_kit
from app.campaigns.review_marks import Mark, marks
from app.campaigns.review_models import Outcome, ReviewRound
from app.campaigns.review_queries import campaign_of, comments, days_of, unresolved
from app.campaigns.review_state import needed, newest, rounds_of, standing
from app.clock import now
from app.db import db
from app.errors import Conflict, Invalid, Refused
from app.kits.models import VersionStatus
from app.kits.queries import version_by_id

__all__ = [
    "Change", "approve", "ask", "broken", "changes", "close", "close_open", "compared", "lapse", "missing", "must_match", "needed", "request_changes", "revoke",
    "standing", "take", "withdraw_request",
]  # fmt: skip

MAX_TEXT = 2_000
_REVOCABLE = (CampaignStatus.DRAFT, CampaignStatus.APPROVED, CampaignStatus.SCHEDULED)
_ASKABLE = (CampaignStatus.DRAFT, CampaignStatus.CHANGES_REQUESTED, CampaignStatus.APPROVED)


class AlreadyAnswered(Conflict):
    """Somebody else was first."""


def compared(campaign: Campaign, made: Prepared | None = None) -> Comparison:
    """What differs from the kit's own words, and the labels of what doesn't."""
    made = made or source(campaign)
    return against_kit(made.kit, snapshot(campaign, made))


def changes(campaign: Campaign) -> list[Change]:
    """What the partner changed from what the kit suggests, in the kit's order."""
    return list(compared(campaign).changed)


def broken(campaign: Campaign) -> list[Mark]:
    """The rules that are broken as it is now: approving needs a reason."""
    made = source(campaign)
    content = snapshot(campaign, made)
    return [mark for mark in marks(made, content, against_kit(made.kit, content)) if mark.broken]


def ask(actor: Actor, campaign: Campaign, note: str = "") -> ReviewRound:
    """Send a campaign to its vendor's reviewer; from then on its words are fixed. Raises Refused with what is still missing,
    or where no review is needed, Conflict where it is with the reviewer already.
    """
    review_people.must_be_partner(campaign, actor)
    _hold(campaign)
    if campaign.status is CampaignStatus.IN_REVIEW:
        raise Conflict("This campaign is with its reviewer already.")
    if campaign.status not in _ASKABLE:
        raise Refused("Only a campaign that isn’t launched is reviewed.")
    where = standing(campaign)
    if not where.blocks:
        raise Refused("This campaign needs no review." if not where.needed else "This campaign is approved.")
    lacks = missing(campaign)
    if lacks:
        raise Refused(f"It can’t be reviewed yet. {lacks[0].text} {lacks[0].mend}")
    text = _text(note, "note")
    lapse(campaign)
    row = _round(actor, campaign, snapshot(campaign), len(where.rounds) + 1, text)
    CAMPAIGN.move(campaign, CampaignStatus.IN_REVIEW)
    campaign.updated_at = now()
    record(actor, "review.asked", row, campaign_id=campaign.id, number=row.number)
    review_mail.asked(row, campaign, len(changes(campaign)))
    return row


def approve(actor: Actor, row: ReviewRound, seen: str, answer: str = "", waiver: str = "") -> None:
    """The campaign may go out as it was seen; `seen` is the fingerprint of what the reviewer's page showed.

    Raises AlreadyAnswered, Conflict where it changed meanwhile, Refused while comments are open, Invalid where a rule is broken and
    no reason (`waiver`) says why that is fine.
    """
    campaign = _take_up(actor, row)
    if version_by_id(row.kit_version_id).status is VersionStatus.RECALLED:
        raise Refused("This version of the kit is withdrawn, so nothing can go out with it.")
    content = snapshot(campaign)
    if fingerprint(content) != seen:
        raise Conflict("It changed while you looked, such as the partner’s brand. Look again, then answer.")
    left = unresolved(comments(campaign, sent_only=False))
    if left:
        raise Refused(f"{_many(len(left), 'comment')} still open. Settle what is done, or ask for changes.")
    reason = _text(waiver, "waiver")
    if broken(campaign) and not reason:
        raise Invalid(
            "It isn’t approved yet.", {"waiver": "A rule is broken. Say why it may go out all the same."}
        )
    row.answer, row.waiver = _text(answer, "answer"), reason
    row.snapshot, row.fingerprint = content, seen
    _end(row, Outcome.APPROVED, actor)
    CAMPAIGN.move(campaign, CampaignStatus.APPROVED)
    campaign.updated_at = now()
    record(actor, "review.approved", row, campaign_id=campaign.id, waived=bool(reason))
    review_mail.approved(row, campaign)


def request_changes(actor: Actor, row: ReviewRound, answer: str = "") -> int:
    """Give it back with what is to be changed: the open comments, which the partner reads from now on, and a word of one's own.

    Returns how many comments are open. Raises AlreadyAnswered, Invalid where there is neither a comment nor a word.
    """
    campaign = _take_up(actor, row)
    text = _text(answer, "answer")
    left = unresolved(comments(campaign, sent_only=False))
    if not left and not text:
        raise Invalid(
            "It isn’t answered yet.", {"answer": "Say what is to be changed, here or beside a field."}
        )
    moment = now()
    for comment in left:
        comment.sent_at = comment.sent_at or moment
    row.answer = text
    _end(row, Outcome.CHANGES, actor)
    CAMPAIGN.move(campaign, CampaignStatus.CHANGES_REQUESTED)
    campaign.updated_at = moment
    record(actor, "review.changes_requested", row, campaign_id=campaign.id, comments=len(left))
    review_mail.changes_asked(row, campaign, left)
    return len(left)


def revoke(actor: Actor, row: ReviewRound, reason: str) -> None:
    """Take one's yes back before the launch, with the reason that the partner reads: changes are asked for, and nothing goes out.

    Raises Conflict once it is launched, or where the yes doesn't count any more, Invalid without a reason.
    """
    review_people.must_answer(row, actor)
    campaign = campaign_of(row)
    _hold(campaign)
    db.session.refresh(row, with_for_update=True)
    if row.outcome is not Outcome.APPROVED or row.lapsed_at is not None:
        raise Conflict("There is no approval to take back.")
    if campaign.status not in _REVOCABLE:
        raise Conflict(
            "It is launched already. Withdraw the kit’s version to stop it, or talk to the partner."
        )
    row.answer = _text(reason, "answer")
    if not row.answer:
        raise Invalid("The approval stands.", {"answer": "Say why. The partner reads this."})
    for status in (CampaignStatus.APPROVED, CampaignStatus.CHANGES_REQUESTED):
        if campaign.status is not CampaignStatus.DRAFT and campaign.status is not status:
            CAMPAIGN.move(campaign, status)
    _end(row, Outcome.CHANGES, actor)
    campaign.updated_at = now()
    record(actor, "review.revoked", row, campaign_id=campaign.id)
    review_mail.changes_asked(row, campaign, [])


def withdraw_request(actor: Actor, campaign: Campaign) -> None:
    """The partner takes it back, to change it: a draft again. Raises Conflict where it was answered meanwhile."""
    review_people.must_be_partner(campaign, actor)
    _hold(campaign)
    row = standing(campaign).open
    if row is None or campaign.status is not CampaignStatus.IN_REVIEW:
        raise Conflict("This campaign isn’t with a reviewer any more. Look at the answer.")
    _end(row, Outcome.TAKEN_BACK, actor)
    CAMPAIGN.move(campaign, CampaignStatus.DRAFT)
    campaign.updated_at = now()
    record(actor, "review.taken_back", row, campaign_id=campaign.id)
    review_mail.taken_back(row, campaign)


def take(actor: Actor, row: ReviewRound) -> None:
    """Have a waiting review oneself: reminders come here from now on. Any admin or marketer of the vendor may."""
    campaign = _take_up(actor, row)
    if row.reviewer_id != actor.person.id:
        row.reviewer_id = actor.person.id
        record(actor, "review.taken", row, campaign_id=campaign.id)


def lapse(campaign: Campaign) -> bool:
    """An approval ends where what it approved has changed since; the campaign is a draft again. Returns whether one did."""
    approved = newest(rounds_of(campaign))
    if approved is None or approved.fingerprint == fingerprint(snapshot(campaign)):
        return False
    approved.lapsed_at = now()
    if campaign.status is CampaignStatus.APPROVED:
        CAMPAIGN.move(campaign, CampaignStatus.DRAFT)
    record(None, "review.lapsed", approved, organisation_id=campaign.partner_id, campaign_id=campaign.id)
    return True


def must_match(campaign: Campaign, made: Prepared) -> None:
    """What is frozen at the launch is what was approved, to the letter. Raises Refused where it isn't."""
    if not needed(campaign):
        return
    approved = newest(rounds_of(campaign))
    if approved is None or approved.fingerprint != fingerprint(snapshot(campaign, made)):
        raise Refused("It was changed after it was approved. Ask for the review again.")


def close(campaign: Campaign, reason: str, *, mailed: bool = True) -> bool:
    """End a waiting review that nobody can answer any more; a campaign in review is a draft again. Returns whether one waited."""
    _hold(campaign)
    row = next((row for row in rounds_of(campaign) if row.outcome is None), None)
    if row is None:
        return False
    row.answer = reason[:MAX_TEXT]
    _end(row, Outcome.CLOSED, None)
    if campaign.status is CampaignStatus.IN_REVIEW:
        CAMPAIGN.move(campaign, CampaignStatus.DRAFT)
    record(None, "review.closed", row, organisation_id=row.vendor_id, campaign_id=campaign.id)
    if mailed:
        review_mail.closed(row, campaign)
    return True


def close_open(version_id: int, reason: str, *, mailed: bool = True) -> int:
    """End every waiting review of a kit version, such as one that is withdrawn; `mailed`: both sides are told. Returns how many."""
    query = select(ReviewRound).where(  # unscoped: by the version, which its vendor withdraws
        ReviewRound.kit_version_id == version_id, ReviewRound.outcome.is_(None)
    )
    rows = list(db.session.scalars(query.order_by(ReviewRound.id)))
    return sum(close(campaign_of(row), reason, mailed=mailed) for row in rows)


def _round(actor: Actor, campaign: Campaign, content: Snapshot, number: int, note: str) -> ReviewRound:
    vendor = db.session.get_one(Organisation, campaign.vendor_id)
    first, moment, days = review_people.first_choice(campaign), now(), days_of(vendor)
    row = ReviewRound(
        partner_id=campaign.partner_id,
        vendor_id=campaign.vendor_id,
        campaign_id=campaign.id,
        kit_id=version_by_id(campaign.kit_version_id).kit_id,
        kit_version_id=campaign.kit_version_id,
        number=number,
        asked_by=actor.person.id,
        asked_at=moment,
        note=note,
        days=days,
        due_at=due(moment, days, vendor.timezone),
        reviewer_id=first.id if first else None,
        fingerprint=fingerprint(content),
        snapshot=content,
    )
    db.session.add(row)
    db.session.flush()
    return row


def _take_up(actor: Actor, row: ReviewRound) -> Campaign:
    """Hold the campaign and the round for an answer. Raises AlreadyAnswered with who was first, Forbidden, Refused."""
    review_people.must_answer(row, actor)
    campaign = campaign_of(row)
    _hold(campaign)
    db.session.refresh(row, with_for_update=True)
    if row.outcome is not None:
        raise AlreadyAnswered(f"{_first(row)} Nothing you just did was kept.", outcome=str(row.outcome))
    if campaign.status is not CampaignStatus.IN_REVIEW:
        raise Conflict("This campaign isn’t in review any more.")
    return campaign


def _first(row: ReviewRound) -> str:
    who = review_people.name_of(row.decided_by)
    return {
        Outcome.APPROVED: f"{who} has approved it already.",
        Outcome.CHANGES: f"{who} has asked for changes already.",
        Outcome.TAKEN_BACK: f"{who} has taken it back.",
    }.get(row.outcome or Outcome.CLOSED, "This review is closed.")


def _end(row: ReviewRound, outcome: Outcome, actor: Actor | None) -> None:
    row.outcome, row.decided_at = outcome, now()
    row.decided_by = actor.person.id if actor else None


def _hold(campaign: Campaign) -> None:
    db.session.flush()
    db.session.refresh(campaign, with_for_update=True)


def _text(raw: str, field: str) -> str:
    text = raw.replace("\r\n", "\n").strip()
    if len(text) > MAX_TEXT:
        raise Invalid("It isn’t sent yet.", {field: f"Write {MAX_TEXT:,} characters or fewer."})
    return "".join(c for c in text if c == "\n" or c.isprintable())


def _many(number: int, noun: str) -> str:
    return f"{number} {noun} is" if number == 1 else f"{number} {noun}s are"
