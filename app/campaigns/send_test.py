"""A test of a campaign's mail to whoever asks for it: to their own address alone, as a mail of the product.

It is no delivery: nothing is tracked, counted or unsubscribed by it.
"""

from dataclasses import dataclass

from app.accounts.actor import Actor
from app.accounts.audit import record
from app.campaigns.models import Campaign
from app.campaigns.prepare import email, source
from app.campaigns.preview import in_order
from app.errors import NotFound
from app.mail.models import OutgoingMail
from app.mail.posting import post
from app.render.email import preview_html, preview_line, preview_text

TEMPLATE = "campaign_test"
NOTE = "A test: nothing in it is tracked, and its unsubscribe link leads nowhere."


@dataclass(frozen=True)
class Words:
    """The mail as its reader would get it."""

    subject: str
    text: str
    html: str


def send(actor: Actor, campaign: Campaign, name: str | None = None) -> OutgoingMail:
    """Mail one of the campaign's emails (the first, if not named) to the actor, marks standing where words are missing.

    Raises NotFound where the kit has no such email, RenderError where it can't be rendered.
    """
    made = source(campaign)
    piece = made.kit.email(name) if name else next(iter(in_order(made.kit)), None)
    if piece is None:
        raise NotFound(kind="EmailPiece")
    compiled = email(made, piece, mark_missing=True)
    first, _, last = actor.person.name.partition(" ")
    person = {
        "first_name": first,
        "last_name": last,
        "company": actor.organisation.name,
        "email": actor.person.email,
    }
    subject, _ = preview_line(compiled, person)
    words = Words(f"Test: {subject}", preview_text(compiled, person), preview_html(compiled, person))
    mail = post(TEMPLATE, actor.person.email, {"words": words, "note": NOTE}, actor.organisation)
    record(actor, "campaign.test_sent", campaign)
    return mail
