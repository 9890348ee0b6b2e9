"""What people, and the system, did with a campaign: the audit log's entries about it, in words.

Names are looked up when the log is read; the log itself holds only ids and figures.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, or_, select

from app.abtest.models import Experiment
from app.accounts.models import AuditEntry, Organisation, Person
from app.campaigns import review_page
from app.campaigns.models import Campaign
from app.campaigns.review_state import rounds_of
from app.db import db, scoped
from app.delivery.models import Delivery, Send, in_campaign

_WORDS = {
    "campaign.created": "made the campaign",
    "campaign.renamed": "gave it another name",
    "campaign.copied": "copied it",
    "campaign.moved": "took it to another version of the kit",
    "campaign.renewed": "began it again from the kit’s open version",
    "campaign.box_asked": "had the whole box made as a zip",
    "campaign.words_saved": "changed its words",
    "campaign.test_sent": "sent a test",
    "campaign.audience_chosen": "chose who gets it",
    "campaign.timed": "set its time",
    "campaign.approved": "checked it",
    "campaign.reopened": "took it back to draft",
    "campaign.launched": "launched it to {people} people",
    "campaign.scheduled": "scheduled it for {people} people",
    "campaign.unscheduled": "took the launch back",
    "campaign.rescheduled": "chose another time",
    "campaign.launch_refused": "It could not be launched at its time",
    "campaign.missed": "Its time came while Throughline was not running",
    "campaign.paused": "paused it",
    "campaign.paused_by_system": "Paused by itself: the mail server wanted nothing of us",
    "campaign.paused_after_stop": "Paused by itself: Throughline had not been running",
    "campaign.paused_by_figures": "Paused by itself: {bad} of {decided} messages {kind}",
    "campaign.resumed": "let it go on",
    "campaign.cancelled": "cancelled it",
    "campaign.kit_recalled": "Stopped: the vendor withdrew this version of the kit",
    "campaign.step_begun": "Step {step} began",
    "campaign.step_stopped": "Paused by itself: step {step} could not begin",
    "campaign.finished": "The last message was decided",
    "review.unscheduled": "Taken back: it was changed after the vendor approved it",
    "send.audience_changed": "People changed their mind between launch and sending: {rows} instead of {expected}",
    "delivery.resent": "sent an uncertain message again ({knows})",
    "test.planned": "planned a test",
    "test.ended": "ended the test",
}
_KINDS = {
    "refused": "were refused",
    "bounced": "came back",
    "complained": "were called spam",
    "uncertain": "were uncertain",
}
_KNOWS = {"asked": "asked: it had not arrived", "harmless": "a second copy does no harm"}


@dataclass(frozen=True)
class Line:
    """One line: when, who (None: the system) and what, as the rest of a sentence that begins with the name."""

    at: datetime
    who: str | None
    what: str


def history(organisation: Organisation, campaign: Campaign, limit: int = 200) -> list[Line]:
    """The newest entries of this organisation's log about a campaign, its sends, tests and messages, and its reviews by the vendor."""
    ids = {
        "send": select(Send.id).where(Send.campaign_id == campaign.id),  # unscoped: of this campaign
        "delivery": select(Delivery.id).where(in_campaign(campaign.id)),  # unscoped: of this campaign
        "experiment": select(Experiment.id).where(
            Experiment.campaign_id == campaign.id
        ),  # unscoped: of this campaign
    }
    about = [
        and_(AuditEntry.subject_kind == kind, AuditEntry.subject_id.in_(query)) for kind, query in ids.items()
    ]
    own = and_(AuditEntry.subject_kind == "campaign", AuditEntry.subject_id == campaign.id)
    query = (
        scoped(organisation, AuditEntry)
        .add_columns(Person.name)
        .outerjoin(Person, Person.id == AuditEntry.person_id)
    )
    rows = db.session.execute(query.where(or_(own, *about)).order_by(AuditEntry.id.desc()).limit(limit))
    lines = [Line(entry.at, name, _words(entry)) for entry, name in rows]
    return sorted(_reviews(campaign) + lines, key=lambda line: line.at, reverse=True)[:limit]


def _reviews(campaign: Campaign) -> list[Line]:
    """Both sides' part, the latest first: what the vendor answered stands in the vendor's own log."""
    events = reversed(review_page.history(rounds_of(campaign)))
    return [
        Line(event.when, None, f"{event.title}: “{event.text}”" if event.text else event.title)
        for event in events
    ]


def _words(entry: AuditEntry) -> str:
    words = _WORDS.get(entry.action) or entry.action.partition(".")[2].replace("_", " ")
    facts = {key: f"{value:,}" if isinstance(value, int) else value for key, value in entry.detail.items()}
    if "kind" in facts:
        facts["kind"] = _KINDS.get(str(facts["kind"]), str(facts["kind"]))
    if "knows" in facts:
        facts["knows"] = _KNOWS.get(str(facts["knows"]), str(facts["knows"]))
    try:
        return words.format(**facts)
    except KeyError:
        return words.partition(" {")[0]
