"""Whether a campaign needs a review, and how far it is: read from the kit's rule and the rounds, never from a flag.

An approval counts as long as what would be sent is what was approved.
"""

from dataclasses import dataclass

from sqlalchemy import select

from app.campaigns.models import Campaign
from app.campaigns.review_content import fingerprint, snapshot
from app.campaigns.review_models import Outcome, ReviewRound
from app.db import db
from app.kits.models import KitVersion
from app.kits.pieces import ReviewRule
from app.kits.queries import kit_source, version_by_id


@dataclass(frozen=True)
class Standing:
    """Where a campaign stands with its reviewer: whether it needs one, whether what it is now is approved, and its rounds."""

    needed: bool
    approved: bool
    rounds: tuple[ReviewRound, ...]

    @property
    def open(self) -> ReviewRound | None:
        """The round that waits for an answer."""
        return next((row for row in self.rounds if row.outcome is None), None)

    @property
    def last(self) -> ReviewRound | None:
        """The newest round."""
        return self.rounds[-1] if self.rounds else None

    @property
    def lapsed(self) -> ReviewRound | None:
        """An approval that no longer counts, where there is nothing newer."""
        if self.approved or self.last is None or self.last.outcome is not Outcome.APPROVED:
            return None
        return self.last

    @property
    def blocks(self) -> bool:
        """Whether the campaign may not go out for want of an approval."""
        return self.needed and not self.approved


def rule_of(version: KitVersion) -> ReviewRule:
    """When the vendor looks at campaigns with this version."""
    return ReviewRule(str(version.manifest.get("review") or ReviewRule.NEVER))


def needed(campaign: Campaign) -> bool:
    """Whether the kit asks for a review of this campaign, answered or not.

    `first`: until another campaign of this partner with this kit was approved, in a version that had all slots of this one. Where
    changes were asked for, they are looked at whatever else was approved meanwhile.
    """
    version = version_by_id(campaign.kit_version_id)
    rule = rule_of(version)
    if rule is not ReviewRule.FIRST:
        return rule is ReviewRule.ALWAYS
    return _changes_asked(campaign) or not _known(campaign, version)


def standing(campaign: Campaign) -> Standing:
    """Where the campaign stands now. Costs next to nothing where the kit asks for no review."""
    if rule_of(version_by_id(campaign.kit_version_id)) is ReviewRule.NEVER:
        return Standing(False, False, ())
    rounds = rounds_of(campaign)
    approved = newest(rounds)
    matches = approved is not None and approved.fingerprint == fingerprint(snapshot(campaign))
    return Standing(needed(campaign), matches, tuple(rounds))


def rounds_of(campaign: Campaign) -> list[ReviewRound]:
    """All rounds of a campaign, oldest first."""
    query = select(ReviewRound).where(  # unscoped: by its campaign
        ReviewRound.campaign_id == campaign.id
    )
    return list(db.session.scalars(query.order_by(ReviewRound.number)))


def newest(rounds: list[ReviewRound]) -> ReviewRound | None:
    """The approval that counts, if what it approved is still there: the newest, unless it lapsed or changes were asked for since."""
    for row in reversed(rounds):
        if row.outcome is Outcome.CHANGES:
            return None
        if row.outcome is Outcome.APPROVED:
            return row if row.lapsed_at is None else None
    return None


def _changes_asked(campaign: Campaign) -> bool:
    outcomes = [row.outcome for row in rounds_of(campaign)]
    decided = [outcome for outcome in outcomes if outcome in (Outcome.APPROVED, Outcome.CHANGES)]
    return decided[-1:] == [Outcome.CHANGES]


def _known(campaign: Campaign, version: KitVersion) -> bool:
    """Whether a campaign of this partner with this kit was approved that had all slots which this one has."""
    query = (
        select(KitVersion)  # unscoped: by the partner's own rounds
        .join(ReviewRound, ReviewRound.kit_version_id == KitVersion.id)
        .where(
            ReviewRound.partner_id == campaign.partner_id,
            ReviewRound.kit_id == version.kit_id,
            ReviewRound.campaign_id != campaign.id,
            ReviewRound.outcome == Outcome.APPROVED,
            ReviewRound.lapsed_at.is_(None),
        )
    )
    mine = _slots(version)
    return any(mine <= _slots(other) for other in {row.id: row for row in db.session.scalars(query)}.values())


def _slots(version: KitVersion) -> set[tuple[str, str]]:
    return {(slot.name, str(slot.type)) for slot in kit_source(version).slots}
