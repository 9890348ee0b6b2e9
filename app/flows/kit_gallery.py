"""A partner's gallery of kits: found by words, filtered, sorted, with what others at its tier run.

How many others run a kit is said from five up and in fives, the asker not counted, and for one's own tier only: nobody can find out
about one partner by subtracting, neither the asker's own campaign nor a filter's count.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import aliased

from app.accounts.models import Organisation
from app.campaigns.models import Campaign, CampaignStatus
from app.campaigns.queries import latest_by_kit
from app.clock import now, today
from app.db import db
from app.kits.models import KitVersion
from app.kits.pieces import KitSource
from app.kits.queries import OpenKit, open_kits
from app.mdf.queries import offers
from app.money import Money
from app.programs.models import Partnership, PartnershipStatus

NEW = timedelta(days=30)  # so long a version counts as new
FEWEST = 5  # partners; fewer are never told
_STEP = 5
_SINCE = timedelta(days=365)
_MARKUP = re.compile(r"<[^>]*>|{[{%].*?[}%]}", re.DOTALL)


@dataclass(frozen=True)
class Wish:
    """What the partner looks for. Empty: everything. `vendor` is a public id."""

    words: str = ""
    vendor: str = ""
    language: str = ""
    goal: str = ""
    has: str = ""  # "page", "sequence"
    show: str = ""  # "new", "unused", "money"
    sort: str = "new"  # "name", "most"

    @property
    def is_empty(self) -> bool:
        """Whether nothing is asked for; the order doesn't count."""
        return not (self.words or self.vendor or self.language or self.goal or self.has or self.show)


@dataclass(frozen=True)
class Tile:
    """One kit as the gallery shows it. `others`: at least so many partners at one's tier ran it; 0 where that isn't told."""

    item: OpenKit
    campaign: Campaign | None
    money: Money | None
    others: int
    is_new: bool


@dataclass(frozen=True)
class Gallery:
    """What was found, and what could be asked for: filters show only what makes a difference."""

    tiles: tuple[Tile, ...]
    everything: tuple[Tile, ...]

    @property
    def unused(self) -> int:
        """Kits the partner has made nothing of."""
        return sum(tile.campaign is None for tile in self.everything)

    @property
    def new(self) -> int:
        """Kits published, or renewed, lately."""
        return sum(tile.is_new for tile in self.everything)

    @property
    def paid(self) -> int:
        """Kits whose vendor has money for this partner."""
        return sum(tile.money is not None for tile in self.everything)

    @property
    def vendors(self) -> list[Organisation]:
        """The vendors, by name."""
        found = {tile.item.vendor.id: tile.item.vendor for tile in self.everything}
        return sorted(found.values(), key=lambda vendor: vendor.name.casefold())

    @property
    def languages(self) -> list[str]:
        """The languages of all kits, as codes."""
        return sorted({code for tile in self.everything for code in tile.item.source.languages})

    @property
    def goals(self) -> list[str]:
        """The goals that kits name, each once."""
        found = {tile.item.source.goal.casefold(): tile.item.source.goal for tile in self.everything}
        return [found[key] for key in sorted(found) if key]


def gallery(partner: Organisation, wish: Wish) -> Gallery:
    """The kits open to the partner, those of them that fit the wish, in its order."""
    mine, others, money = latest_by_kit(partner), run_by_others(partner), money_for(partner)
    everything = tuple(
        Tile(
            item,
            mine.get(item.kit.id),
            money.get(item.vendor.id),
            others.get(item.kit.id, 0),
            _is_new(item.version),
        )
        for item in open_kits(partner)
    )
    found = [tile for tile in everything if _fits(tile, wish)]
    return Gallery(tuple(_sorted(found, wish.sort)), everything)


def tile_of(partner: Organisation, item: OpenKit) -> Tile:
    """One kit with what the gallery knows of it."""
    money, others = money_for(partner).get(item.vendor.id), run_by_others(partner).get(item.kit.id, 0)
    return Tile(item, latest_by_kit(partner).get(item.kit.id), money, others, _is_new(item.version))


def run_by_others(partner: Organisation) -> dict[int, int]:
    """By the kit's id: how many other partners of the vendor at one's own tier launched it in a year, rounded down to fives."""
    own, theirs = aliased(Partnership), aliased(Partnership)
    query = (
        select(
            KitVersion.kit_id, func.count(Campaign.partner_id.distinct())
        )  # unscoped: counts of others, never fewer than FEWEST
        .join(Campaign, Campaign.kit_version_id == KitVersion.id)
        .join(own, (own.vendor_id == Campaign.vendor_id) & (own.partner_id == partner.id))
        .join(theirs, (theirs.vendor_id == Campaign.vendor_id) & (theirs.partner_id == Campaign.partner_id))
        .where(
            Campaign.partner_id != partner.id,
            Campaign.launched_at > now() - _SINCE,
            Campaign.status != CampaignStatus.CANCELLED,
            own.status == PartnershipStatus.ACTIVE,
            theirs.status == PartnershipStatus.ACTIVE,
            func.lower(own.tier) == func.lower(theirs.tier),
        )
        .group_by(KitVersion.kit_id)
    )
    return {
        kit_id: number - number % _STEP for kit_id, number in db.session.execute(query) if number >= FEWEST
    }


def money_for(partner: Organisation) -> dict[int, Money]:
    """By the vendor's id: the most it would pay for one activity of this partner now; no entry where nothing is left."""
    found: dict[int, Money] = {}
    for offer in offers(partner, today(partner.timezone)):
        most = Money(min(offer.activity.cap_minor, offer.available), offer.fund.currency)
        held = found.get(offer.vendor.id)
        if most.minor > 0 and (held is None or (held.currency == most.currency and held.minor < most.minor)):
            found[offer.vendor.id] = most
    return found


def text_of(source: KitSource, vendor: str = "") -> str:
    """Everything of a kit that can be searched for: name, summary, goal, and the words of its pieces without markup."""
    parts = [source.name, source.summary, source.goal, vendor]
    for email in source.emails:
        parts += [email.title, email.subject, email.preheader, email.source]
    for page in source.pages:
        parts += [page.title, page.description, page.source]
    for post in source.posts:
        parts += [post.title, post.source]
    parts += [document.title for document in source.documents]
    parts += [str(slot.default) for slot in source.slots if slot.default]
    parts += [source.playbook.source] if source.playbook else []
    return folded(_MARKUP.sub(" ", " ".join(parts)))


def folded(text: str) -> str:
    """For comparing words as people type them: small letters, without accents."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    return "".join(char for char in plain if not unicodedata.combining(char))


def _fits(tile: Tile, wish: Wish) -> bool:
    source, vendor = tile.item.source, tile.item.vendor
    wanted = {
        "page": bool(source.pages),
        "sequence": len(source.sequence) > 1,
        "new": tile.is_new,
        "unused": tile.campaign is None,
        "money": tile.money is not None,
    }
    if not all(wanted.get(asked, True) for asked in (wish.has, wish.show)):
        return False
    if wish.vendor and vendor.pid != wish.vendor:
        return False
    if wish.language and wish.language not in source.languages:
        return False
    if wish.goal and source.goal.casefold() != wish.goal.casefold():
        return False
    words = folded(wish.words).split()
    return not words or all(word in text for text in [text_of(source, vendor.name)] for word in words)


def _sorted(tiles: Sequence[Tile], order: str) -> list[Tile]:
    found = sorted(tiles, key=lambda tile: tile.item.source.name.casefold())
    if order == "most":
        return sorted(found, key=lambda tile: -tile.others)
    if order == "name":
        return found
    return sorted(found, key=lambda tile: tile.item.version.published_at or now(), reverse=True)


def _is_new(version: KitVersion) -> bool:
    return version.published_at is not None and version.published_at > now() - NEW
