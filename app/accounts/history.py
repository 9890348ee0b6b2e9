"""Reading the log of who did what: a page for people, the whole of it for a spreadsheet."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, func, select

from app.accounts.models import AuditEntry, Organisation, Person
from app.db import db, scoped
from app.web.paging import Page, offset_of

COLUMNS = ("time", "person", "action", "subject", "subject id", "details")
PAGE = 50
_CHUNK = 1_000
_WORDS = {
    "invitation.sent": "Sent an invitation",
    "invitation.sent_again": "Sent an invitation again",
    "invitation.accepted": "Accepted an invitation",
    "invitation.revoked": "Withdrew an invitation",
    "membership.role_changed": "Changed a role",
    "membership.removed": "Took somebody out of the team",
    "organisation.created": "Created the organisation",
    "organisation.changed": "Changed the organisation’s facts",
    "partner.joined": "A partner joined",
    "partnership.agreed": "Agreed to a partnership",
    "seed.asked": "Asked an address whether it wants copies",
    "seed.confirmed": "An address said yes to copies",
    "seed.stopped": "An address said no to copies",
    "seed.removed": "Took an address off the seed list",
    "campaign.test_sent": "Sent a test of a campaign",
    "brand.saved": "Saved a brand",
    "brand.undone": "Took the last save of a brand back",
    "brand.made": "Made another brand",
    "brand.renamed": "Renamed a brand",
    "brand.chosen": "Chose the brand that new campaigns take",
    "brand.archived": "Archived a brand",
    "brand.brought_back": "Brought an archived brand back",
    "sender_domain.named": "Named a sender domain",
    "sender_domain.verified": "All records of a sender domain were found",
    "sender_domain.failing": "The key of a sender domain went missing in the DNS",
    "sender_domain.mended": "The key of a sender domain was found again",
    "sender_domain.lapsed": "A sender domain is not used any more",
    "sender_domain.address_chosen": "Chose the address that campaigns come from",
    "sender_domain.key_made": "Made a new key for a sender domain",
    "sender_domain.key_changed": "The new key of a sender domain is in use",
    "sender_domain.removed": "Took a sender domain out",
    "review.asked": "Asked for a review of a campaign",
    "review.taken_back": "Took a campaign back from its review",
    "review.taken": "Took a review over",
    "review.commented": "Commented in a review",
    "review.comment_removed": "Took a comment out of a review",
    "review.replied": "Answered a comment of a review",
    "review.comment_settled": "Marked a comment of a review as done",
    "review.comment_reopened": "Opened a comment of a review again",
    "review.changes_requested": "Asked for changes to a campaign",
    "review.approved": "Approved a campaign",
    "review.revoked": "Took the approval of a campaign back",
    "review.lapsed": "An approved campaign was changed, so its approval ended",
    "review.unscheduled": "A planned campaign was changed after it was approved, so it was taken back",
    "review.escalated": "A late review went to the admins",
    "review.closed": "A review ended without an answer",
    "review.days_set": "Set in how many days reviews are answered",
    "asset.changed": "Changed what is said about a file",
    "asset.replaced": "Replaced a file",
    "asset.deleted": "Deleted a file",
    "asset.put_back": "Put a deleted file back",
    "asset.opened": "Let mails and pages show a picture",
    "asset.closed": "Made a picture private",
    "asset.shared": "Made a link to a file",
    "person.password_changed": "Changed their password",
}


@dataclass(frozen=True)
class Line:
    """One entry as people read it. `who` is None where the system or an operator did it."""

    at: datetime
    who: str | None
    action: str
    words: str
    subject_kind: str
    subject_id: int
    detail: dict[str, object]

    @property
    def subject(self) -> str:
        """What it was done to: `campaign 12`."""
        return f"{self.subject_kind.replace('_', ' ')} {self.subject_id}"

    @property
    def facts(self) -> str:
        """The details in one line."""
        return ", ".join(f"{key.replace('_', ' ')}: {value}" for key, value in self.detail.items())


def page(organisation: Organisation, number: int) -> Page[Line]:
    """One page of the organisation's log, newest first."""
    total = (
        db.session.scalar(select(func.count()).select_from(scoped(organisation, AuditEntry).subquery())) or 0
    )
    offset = offset_of(number, PAGE, total)
    query = _newest_first(organisation).offset(offset).limit(PAGE)
    return Page([_line(entry, name) for entry, name in db.session.execute(query)], offset, PAGE, total)


def rows(organisation: Organisation) -> Iterator[tuple[object, ...]]:
    """Every entry as a row for COLUMNS, newest first, read in chunks so that memory stays flat."""
    before: int | None = None
    while True:
        query = _newest_first(organisation).limit(_CHUNK)
        found = db.session.execute(query if before is None else query.where(AuditEntry.id < before)).all()
        for entry, name in found:
            line = _line(entry, name)
            yield line.at, line.who or "System", line.action, line.subject_kind, line.subject_id, line.facts
        if len(found) < _CHUNK:
            return
        before = found[-1][0].id
        db.session.expunge_all()


def _newest_first(organisation: Organisation) -> Select[AuditEntry, str | None]:
    return (
        select(AuditEntry, Person.name)  # unscoped: restricted to the organisation below
        .outerjoin(Person, Person.id == AuditEntry.person_id)
        .where(AuditEntry.organisation_id == organisation.id)
        .order_by(AuditEntry.id.desc())
    )


def _line(entry: AuditEntry, name: str | None) -> Line:
    words = _WORDS.get(entry.action) or entry.action.replace(".", " ").replace("_", " ").capitalize()
    return Line(entry.at, name, entry.action, words, entry.subject_kind, entry.subject_id, entry.detail)
