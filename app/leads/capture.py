"""From a filled form to a person to follow up.

One lead per person and campaign: a second form of the same person updates the lead instead of making another.
"""

from datetime import timedelta

import structlog
from sqlalchemy import select

from app.campaigns.models import Campaign
from app.clock import now
from app.db import db
from app.landing.models import Submission
from app.leads.models import Lead, LeadNote, LeadStatus
from app.settings import current

log = structlog.get_logger(__name__)

_WORDS = {"name": 160, "company": 160, "phone": 40}


def capture(submission: Submission) -> Lead | None:
    """The lead of a submission, new or updated. None where the submission is held back as a robot's."""
    if submission.held_reason:
        return None
    known = db.session.scalars(
        select(Lead).where(
            Lead.campaign_id == submission.campaign_id, Lead.email == submission.email
        )  # unscoped: the campaign is one partner's
    ).first()
    if known:
        return _update(known, submission)
    campaign = db.session.get_one(
        Campaign, submission.campaign_id
    )  # unscoped: the submission names its campaign
    lead = Lead(
        partner_id=submission.partner_id,
        vendor_id=campaign.vendor_id,
        campaign_id=campaign.id,
        submission_id=submission.id,
        contact_id=submission.contact_id,
        status=LeadStatus.NEW,
        email=submission.email,
        note=_note(submission),
        created_at=submission.at,
        answer_by=submission.at + timedelta(hours=current().answer_hours),
        shared_at=submission.at if campaign.shares_leads else None,
        **_facts(submission),
    )
    db.session.add(lead)
    db.session.flush()
    log.info("lead.captured", lead=lead.id, campaign=campaign.id)
    return lead


def _facts(submission: Submission) -> dict[str, str]:
    facts = {key: str(submission.fields.get(key, "")).strip()[:size] for key, size in _WORDS.items()}
    facts["name"] = facts["name"] or submission.email
    return facts


def _note(submission: Submission) -> str:
    known = {*_WORDS, "email"}
    return "\n".join(str(value) for key, value in submission.fields.items() if key not in known and value)


def _update(lead: Lead, submission: Submission) -> Lead:
    for key, value in _facts(submission).items():
        if value and value != submission.email:
            setattr(lead, key, value)
    if added := _note(submission):
        db.session.add(LeadNote(partner_id=lead.partner_id, lead_id=lead.id, text=added, at=now()))
    log.info("lead.updated", lead=lead.id, campaign=lead.campaign_id)
    return lead
