"""What the pages of a review show, to the reviewer and to the partner: gathered here, so that views only ask for it.

The reviewer sees the pieces with a made-up person in them, and of the partner's people only how many there are.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from app.accounts.actor import Actor
from app.accounts.models import Organisation
from app.campaigns import preview, review_people
from app.campaigns.models import Campaign, CampaignStatus
from app.campaigns.prepare import Prepared, source
from app.campaigns.review_about import subjects
from app.campaigns.review_clock import Clock
from app.campaigns.review_content import Snapshot, fingerprint, snapshot
from app.campaigns.review_diff import Comparison, against_kit, since
from app.campaigns.review_facts import facts
from app.campaigns.review_marks import Mark, marks
from app.campaigns.review_models import Outcome, ReviewComment, ReviewRound
from app.campaigns.review_people import name_of
from app.campaigns.review_queries import clock_of, comments
from app.campaigns.review_state import Standing, rounds_of, standing
from app.db import db
from app.kits.models import KitVersion
from app.kits.queries import version_by_id
from app.render.errors import RenderError
from app.render.post import render_words

_REVOCABLE = (CampaignStatus.DRAFT, CampaignStatus.APPROVED, CampaignStatus.SCHEDULED)


@dataclass(frozen=True)
class Said:
    """A comment with the names that stand beside it and what it is about in words."""

    comment: ReviewComment
    about: str
    author: str
    replied: str


@dataclass(frozen=True)
class Event:
    """A line of a campaign's history with its reviewer."""

    title: str
    when: datetime
    text: str
    round: ReviewRound


@dataclass(frozen=True)
class Frames:
    """The piece that is looked at: its frames, or why there is nothing to see."""

    pieces: tuple[preview.Piece, ...]
    shown: preview.Piece | None
    src: str | None
    dark: str | None
    inbox: preview.Inbox | None
    failure: str


@dataclass(frozen=True)
class ReviewPage:
    """Everything on the reviewer's page. `seen` is the fingerprint that the answer is held against."""

    round: ReviewRound
    campaign: Campaign
    version: KitVersion
    made: Prepared
    partner: Organisation
    asker: str
    holder: str
    clock: Clock
    found: Comparison
    since_last: Comparison | None
    marks: tuple[Mark, ...]
    said: tuple[Said, ...]
    about: dict[str, str]
    frames: Frames | None
    posts: tuple[tuple[str, str], ...]
    facts: tuple[tuple[str, str], ...]
    history: tuple[Event, ...]
    newest: ReviewRound
    seen: str
    own: bool

    @property
    def waits(self) -> bool:
        """Whether it can be answered."""
        return self.round.outcome is None

    @property
    def is_revocable(self) -> bool:
        """Whether the yes can still be taken back."""
        good = self.round.outcome is Outcome.APPROVED and self.round.lapsed_at is None
        return good and not self.own and self.campaign.status in _REVOCABLE

    @property
    def open(self) -> list[Said]:
        """Comments that nobody has settled: so many changes are asked for."""
        return [item for item in self.said if item.comment.resolved_at is None]

    @property
    def broken(self) -> list[Mark]:
        """Rules that are broken: approving needs a reason."""
        return [mark for mark in self.marks if mark.broken]

    def marks_on(self, about: str) -> list[Mark]:
        """What was found in one thing."""
        return [mark for mark in self.marks if mark.about == about]

    def said_about(self, about: str) -> list[Said]:
        """What was said about one thing."""
        return [item for item in self.said if item.comment.about == about]

    @property
    def elsewhere(self) -> list[Said]:
        """Comments on what isn't among the changes."""
        shown = {change.about for change in self.found.changed}
        return [item for item in self.said if item.comment.about not in shown]


def for_reviewer(actor: Actor, row: ReviewRound, campaign: Campaign, piece: str | None) -> ReviewPage:
    """The page of one round. While it waits it shows what is there now; afterwards what was answered."""
    made = source(campaign)
    version = version_by_id(row.kit_version_id)
    live = snapshot(campaign, made)
    print_now, rounds = fingerprint(live), rounds_of(campaign)
    content = live if row.outcome is None else row.snapshot
    found = against_kit(made.kit, content)
    same = row.outcome is None or row.fingerprint == print_now
    return ReviewPage(
        round=row,
        campaign=campaign,
        version=version,
        made=made,
        partner=db.session.get_one(Organisation, row.partner_id),
        asker=name_of(row.asked_by),
        holder=review_people.in_words(row, campaign),
        clock=clock_of(row),
        found=found,
        since_last=_since_last(made, rounds, row, content),
        marks=tuple(marks(made, content, found)) if same else (),
        said=tuple(_said(made, comments(campaign, sent_only=False))),
        about=subjects(made.kit),
        frames=_frames(campaign, made, piece) if same else None,
        posts=tuple(_posts(made)) if same else (),
        facts=tuple(facts(row, campaign, made)),
        history=tuple(history(rounds)),
        newest=rounds[-1],
        seen=print_now,
        own=review_people.own(row, actor),
    )


def _since_last(
    made: Prepared, rounds: Sequence[ReviewRound], row: ReviewRound, content: Snapshot
) -> Comparison | None:
    before = [other for other in rounds if other.number < row.number]
    return since(made.kit, before[-1].snapshot, content) if before else None


@dataclass(frozen=True)
class PartnerView:
    """Where a campaign stands with its reviewer, for the partner: the banner on its pages, and its own page."""

    campaign: Campaign
    standing: Standing
    vendor: str
    holder: str
    clock: Clock | None
    said: tuple[Said, ...]

    @property
    def state(self) -> str:
        """`none` (no review needed), `ask`, `waits`, `changes`, `lapsed` or `approved`."""
        where = self.standing
        if where.open is not None:
            return "waits"
        if not where.needed and not where.rounds:
            return "none"
        if where.approved:
            return "approved"
        if where.last is not None and where.last.outcome is Outcome.CHANGES:
            return "changes"
        if not where.needed:
            return "none"
        return "lapsed" if where.lapsed is not None else "ask"

    @property
    def is_early(self) -> bool:
        """Whether the campaign isn't launched: only then the banner says anything."""
        return self.campaign.launched_at is None and self.campaign.status is not CampaignStatus.CANCELLED

    @property
    def open(self) -> list[Said]:
        """Comments that nobody has settled."""
        return [item for item in self.said if item.comment.resolved_at is None]

    @property
    def decider(self) -> str:
        """Who gave the last answer."""
        return name_of(self.standing.last.decided_by if self.standing.last else None)

    def beside(self, slot: str) -> list[Said]:
        """Open comments on a field."""
        return [item for item in self.open if item.comment.about == f"slot/{slot}"]


def for_partner(campaign: Campaign) -> PartnerView:
    """Where the campaign stands, with what the partner may read."""
    where = standing(campaign)
    vendor = db.session.get_one(Organisation, campaign.vendor_id).name
    said: Sequence[Said] = ()
    if where.rounds:
        said = _said(source(campaign), comments(campaign, sent_only=True))
    row = where.open
    holder = review_people.in_words(row, campaign) if row else ""
    return PartnerView(campaign, where, vendor, holder, clock_of(row) if row else None, tuple(said))


def since_last(view: PartnerView) -> Comparison | None:
    """What the partner changed since the last round; None before there was one."""
    if view.standing.last is None:
        return None
    made = source(view.campaign)
    return since(made.kit, view.standing.last.snapshot, snapshot(view.campaign, made))


def history(rounds: Sequence[ReviewRound]) -> list[Event]:
    """What happened, oldest first."""
    found = []
    for row in rounds:
        found.append(Event(f"Asked by {name_of(row.asked_by)}", row.asked_at, row.note, row))
        if row.escalated_at:
            found.append(Event("Late, with the admins", row.escalated_at, "", row))
        if row.outcome is not None and row.decided_at is not None:
            found.append(Event(_ending(row), row.decided_at, row.answer, row))
        if row.waiver:
            found.append(Event("A broken rule was let pass", row.decided_at or row.asked_at, row.waiver, row))
        if row.lapsed_at:
            found.append(Event("Changed after it was approved", row.lapsed_at, "", row))
    return found


def _ending(row: ReviewRound) -> str:
    who = name_of(row.decided_by)
    return {
        Outcome.APPROVED: f"Approved by {who}",
        Outcome.CHANGES: f"{who} asked for changes",
        Outcome.TAKEN_BACK: f"{who} took it back",
    }.get(row.outcome or Outcome.CLOSED, "Closed")


def _said(made: Prepared, rows: Sequence[ReviewComment]) -> list[Said]:
    words = subjects(made.kit)
    return [
        Said(row, words.get(row.about, "A field that this version doesn’t have"), name_of(row.author_id), name_of(row.replied_by))
        for row in rows
    ]  # fmt: skip


def _frames(campaign: Campaign, made: Prepared, key: str | None) -> Frames:
    pieces = tuple(preview.pieces(made.kit))
    shown = preview.chosen(made.kit, key)
    if shown is None:
        return Frames(pieces, None, None, None, None, "This kit has nothing to show.")
    if shown.kind == "page":
        return Frames(pieces, shown, preview.address(campaign, shown), None, None, "")
    try:
        line = preview.inbox(made, shown.name)
    except RenderError as error:
        return Frames(pieces, shown, None, None, None, error.message)
    dark = preview.address(campaign, shown, dark=True)
    return Frames(pieces, shown, preview.address(campaign, shown), dark, line, "")


def _posts(made: Prepared) -> list[tuple[str, str]]:
    found = []
    for post in made.kit.posts:
        try:
            text = render_words(
                post.source, made.slots, made.partner, made.vendor, "the address of the page", made.language,
                mark_missing=True,
            )  # fmt: skip
        except RenderError as error:
            text = error.message
        found.append((post.title, text))
    return found
