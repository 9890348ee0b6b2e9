"""The terms of a partnership that its vendor may change: tier, region, and the languages the partner markets in."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from app.accounts import audit
from app.accounts.actor import Actor
from app.accounts.models import Organisation
from app.db import db
from app.errors import Invalid, NotFound
from app.programs.models import Partnership, PartnershipStatus

USUAL_LANGUAGES = ("en", "de", "fr", "nl", "es", "it", "pt", "pl", "cs", "sv", "da", "nb", "fi")
_LANGUAGE = re.compile(r"[a-z]{2}(-[A-Z]{2})?")


@dataclass(frozen=True)
class Terms:
    """What a vendor says of a partner. No languages: any."""

    tier: str
    region: str
    languages: Sequence[str]


def partner_of(partnership: Partnership) -> Organisation:
    """The partner of these terms; whoever asks has checked that they are theirs."""
    return db.session.get_one(Organisation, partnership.partner_id)


def change(actor: Actor, partnership: Partnership, terms: Terms) -> None:
    """Change the terms. What the partner sees of kits follows at once. Raises NotFound once it has ended, Invalid."""
    if partnership.status is not PartnershipStatus.ACTIVE or partnership.vendor_id != actor.organisation.id:
        raise NotFound(kind="Partnership")
    if not all(_LANGUAGE.fullmatch(code) for code in terms.languages):
        raise Invalid("The terms are not saved.", {"languages": "Choose languages from the list."})
    partnership.tier, partnership.region = terms.tier, terms.region
    partnership.languages = list(terms.languages) or None
    audit.record(actor, "partnership.changed", partnership)
