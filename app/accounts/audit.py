"""The log of who did what to which row: written in the same transaction as the deed, never changed afterwards.

It keeps ids and figures; a person's name or address is looked up when the log is read.
"""

from app.accounts.actor import Actor
from app.accounts.models import AuditEntry, Organisation
from app.db import Base, db

Fact = int | str | bool | None
_OWNERS = ("organisation_id", "partner_id", "vendor_id")


def record(
    actor: Actor | None, action: str, subject: Base, *, organisation_id: int | None = None, **facts: Fact
) -> AuditEntry:
    """Note that `actor` (None: the system, or an operator) did `action`, such as "campaign.launched", to `subject`.

    The entry belongs to the actor's organisation; without an actor to `organisation_id`, else to the subject's owner.
    `facts` hold ids and figures only. Raises ValueError when nothing says whose log it belongs in.
    """
    if getattr(subject, "id", None) is None:
        db.session.flush()
    owner = organisation_id or (actor.organisation.id if actor else _owner(subject))
    entry = AuditEntry(
        organisation_id=owner,
        person_id=actor.person.id if actor else None,
        action=action,
        subject_kind=subject.__tablename__,
        subject_id=subject.id,  # type: ignore[attr-defined]
        detail={key: value for key, value in facts.items() if value is not None},
    )
    db.session.add(entry)
    return entry


def _owner(subject: Base) -> int:
    if isinstance(subject, Organisation):
        return subject.id
    for name in _OWNERS:
        owner = getattr(subject, name, None)
        if owner is not None:
            return int(owner)
    raise ValueError(f"whose log? {type(subject).__name__} has no owner: give organisation_id")
