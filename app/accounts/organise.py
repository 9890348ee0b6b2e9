"""An organisation's own facts: name, country, time zone, currency; and the short name in commands and files."""

import re
import unicodedata
from dataclasses import dataclass
from functools import cache
from zoneinfo import available_timezones

from babel import Locale
from sqlalchemy import select

from app.accounts import audit
from app.accounts.actor import Actor
from app.accounts.models import Organisation
from app.db import db
from app.errors import Invalid

CURRENCIES = (
    "EUR",
    "USD",
    "GBP",
    "CHF",
    "SEK",
    "NOK",
    "DKK",
    "PLN",
    "CZK",
    "HUF",
    "RON",
    "CAD",
    "AUD",
    "NZD",
    "JPY",
    "SGD",
    "INR",
    "BRL",
    "MXN",
    "ZAR",
)
_ELSEWHERE = ("Etc/", "GMT", "UTC", "UCT", "Zulu", "Universal", "Greenwich", "posix", "right")


@dataclass(frozen=True)
class Facts:
    """What an administrator may change about their organisation."""

    name: str
    country: str
    timezone: str
    currency: str


@cache
def countries() -> tuple[tuple[str, str], ...]:
    """Two-letter codes with their English names, by name."""
    names = Locale("en").territories
    return tuple(
        sorted(
            (
                (code, name)
                for code, name in names.items()
                if re.fullmatch(r"[A-Z]{2}", code) and code not in ("EU", "EZ", "UN", "XA", "XB", "ZZ", "QO")
            ),
            key=lambda pair: pair[1],
        )
    )


@cache
def timezones() -> tuple[str, ...]:
    """Names of zones that people live in, such as `Europe/Amsterdam`."""
    return tuple(
        sorted(zone for zone in available_timezones() if "/" in zone and not zone.startswith(_ELSEWHERE))
    )


def change(actor: Actor, facts: Facts) -> None:
    """Set the facts of the actor's organisation. Raises Invalid naming each field that can't be taken."""
    wrong = {}
    if facts.timezone not in timezones():
        wrong["timezone"] = "Choose a time zone from the list."
    if facts.currency not in CURRENCIES:
        wrong["currency"] = "Choose a currency from the list."
    if facts.country not in dict(countries()):
        wrong["country"] = "Choose a country from the list."
    if not facts.name.strip():
        wrong["name"] = "Write the organisation’s name."
    if wrong:
        raise Invalid("Some of it can’t be taken.", wrong)
    organisation = actor.organisation
    organisation.name = facts.name.strip()
    organisation.country, organisation.timezone, organisation.currency = (
        facts.country,
        facts.timezone,
        facts.currency,
    )
    audit.record(actor, "organisation.changed", organisation)


def free_slug(name: str) -> str:
    """A short name made of `name` that no organisation has yet: `harbour-it`, `harbour-it-2`, …"""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    base = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:70] or "organisation"
    taken = set(
        db.session.scalars(
            select(Organisation.slug).where(Organisation.slug.startswith(base, autoescape=True))
        )
    )
    number = 1
    while (slug := base if number == 1 else f"{base}-{number}") in taken:
        number += 1
    return slug
