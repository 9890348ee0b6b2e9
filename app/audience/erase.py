"""What a person at the partner does with one contact: say no for them, and take that back. Erasing them is flows/person_erase.py."""

from app.accounts.actor import Actor
from app.accounts.audit import record
from app.audience import consent
from app.audience.models import Contact, Suppression, SuppressionReason, SuppressionScope
from app.audience.suppress import lift, suppress, suppressions_of
from app.clock import now
from app.errors import Refused


def say_no(actor: Actor, contact: Contact) -> None:
    """Record that this person said no to the partner, by phone or in person; every yes is withdrawn."""
    at = now()
    suppress(
        SuppressionScope.PARTNER, actor.organisation.id, contact.address_hash, SuppressionReason.MANUAL, at=at
    )
    consent.withdraw(actor.organisation.id, [contact.id], at)
    record(actor, "contact.suppressed", contact)


def take_back(actor: Actor, contact: Contact) -> None:
    """Take back a no that a colleague recorded by hand. Raises Refused for every other: those are the person's own."""
    rows = [
        row
        for row in suppressions_of(actor.organisation.id, [], contact.address_hash)
        if _by_hand(actor, row)
    ]
    if not rows:
        raise Refused("Only a no that was recorded here by hand can be taken back.")
    lift(rows)
    for row in rows:
        consent.restore(actor.organisation.id, contact.id, row.at)
    record(actor, "contact.suppression_taken_back", contact)


def _by_hand(actor: Actor, row: Suppression) -> bool:
    return (
        row.scope is SuppressionScope.PARTNER
        and row.reason is SuppressionReason.MANUAL
        and row.organisation_id == actor.organisation.id
    )
