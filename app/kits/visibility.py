"""Which partners see a kit: the one rule that gallery, kit page, new campaigns and launches share.

Tier, region and language come from the partnership's terms. Dates are days on the partner's own calendar, both inclusive: a kit opens
at midnight of its first day and closes at midnight after its last, in the time zone of the partner's organisation.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Protocol

from babel import Locale, UnknownLocaleError

from app.accounts.models import Organisation
from app.clock import today
from app.programs.models import Partnership, PartnershipStatus
from app.programs.queries import partners_of


class Bounds(Protocol):
    """What a kit says about who may use it: a KitSource, or any part of one that has these."""

    @property
    def languages(self) -> tuple[str, ...]: ...
    @property
    def tiers(self) -> tuple[str, ...]: ...
    @property
    def regions(self) -> tuple[str, ...]: ...
    @property
    def valid_from(self) -> date | None: ...
    @property
    def valid_until(self) -> date | None: ...


class Cause(StrEnum):
    """Why a partner doesn't see a kit. Those of TIME pass or come by themselves; the others are terms somebody may change."""

    ENDED = "ended"
    TIER = "tier"
    REGION = "region"
    LANGUAGE = "language"
    NOT_YET = "not_yet"
    OVER = "over"


@dataclass(frozen=True)
class Reason:
    """One reason in words: `text` speaks to the partner, `note` about it to the vendor."""

    cause: Cause
    text: str
    mend: str
    note: str


@dataclass(frozen=True)
class Reach:
    """Who sees a kit today, and for each of the others the first reason why not."""

    sees: tuple[Organisation, ...]
    hidden: tuple[tuple[Organisation, Reason], ...]


def why_not(kit: Bounds, terms: Partnership | None, day: date) -> Reason | None:
    """The first reason why a partner with these terms doesn't see the kit on `day` (its own calendar); None when it does."""
    if terms is None or terms.status is not PartnershipStatus.ACTIVE:
        text = "You no longer work with this vendor."
        return Reason(Cause.ENDED, text, "Ask them to renew the partnership.", "no longer works with you")
    return _terms(kit, terms) or _dates(kit, day)


def _terms(kit: Bounds, terms: Partnership) -> Reason | None:
    if not _among(terms.tier, kit.tiers):
        whom = _listed([tier.capitalize() for tier in kit.tiers])
        own = f"{terms.tier.capitalize()} tier" if terms.tier else "no tier"
        text = f"This kit is for {whom} partners, and you have {own}."
        return Reason(Cause.TIER, text, "Ask the vendor.", f"{own}; the kit is for {whom}")
    if not _among(terms.region, kit.regions):
        whom = _listed(kit.regions)
        own = terms.region or "no region"
        text = f"This kit is for partners in {whom}, and you are listed under {own}."
        return Reason(Cause.REGION, text, "Ask the vendor.", f"{own}; the kit is for {whom}")
    if not _speaks(kit.languages, terms.languages or ()):
        written, own = (
            _listed([language(code) for code in kit.languages]),
            _listed([language(code) for code in terms.languages or ()]),
        )
        text = f"This kit is in {written}, and you market in {own}."
        return Reason(Cause.LANGUAGE, text, "Ask the vendor.", f"markets in {own}; the kit is in {written}")
    return None


def _dates(kit: Bounds, day: date) -> Reason | None:
    if kit.valid_from and day < kit.valid_from:
        begins = f"{kit.valid_from:%-d %B %Y}"
        return Reason(
            Cause.NOT_YET, f"The kit opens on {begins}.", "Wait until then.", f"it opens on {begins}"
        )
    if kit.valid_until and day > kit.valid_until:
        ended = f"{kit.valid_until:%-d %B %Y}"
        return Reason(
            Cause.OVER,
            f"The kit’s time is over: it ran until {ended}.",
            "Choose a kit that runs now.",
            f"it ended on {ended}",
        )
    return None


def reach(vendor: Organisation, kit: Bounds) -> Reach:
    """Who of the vendor's active partners sees a published kit today, each on its own calendar."""
    sees: list[Organisation] = []
    hidden: list[tuple[Organisation, Reason]] = []
    for partner, terms in partners_of(vendor):
        reason = why_not(kit, terms, today(partner.timezone))
        if reason is None:
            sees.append(partner)
        else:
            hidden.append((partner, reason))
    return Reach(tuple(sees), tuple(hidden))


def language(code: str) -> str:
    """A language's name in English: `nl-BE` is `Dutch (Belgium)`; the code itself where nobody knows it."""
    try:
        name = Locale.parse(code, sep="-").get_display_name("en")
    except (UnknownLocaleError, ValueError):
        return code
    return name or code


def _among(own: str, wanted: Iterable[str]) -> bool:
    """Whether the kit asks for nothing, or for this."""
    asked = {_plain(one) for one in wanted}
    return not asked or _plain(own) in asked


def _speaks(written: Iterable[str], spoken: Iterable[str]) -> bool:
    """Whether one of the kit's languages is among the partner's: `nl` takes `nl-BE` and the reverse; none named is any."""
    own = {code.partition("-")[0].lower() for code in spoken}
    return not own or any(code.partition("-")[0].lower() in own for code in written)


def _plain(text: str) -> str:
    return " ".join(text.split()).casefold()


def _listed(words: Iterable[str]) -> str:
    known = list(words)
    return " or ".join([", ".join(known[:-1]), known[-1]] if len(known) > 1 else known)
