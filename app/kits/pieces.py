"""The words of the kit format as plain data: slots, emails, pages, posts, documents, tests, and the kit that holds them.

Immutable, and the same through folder, zip and database: `KitSource.to_manifest` and `from_manifest` go to JSON and back.
"""

import dataclasses
import datetime as dt
import typing
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from enum import StrEnum

from app.render.context import Names
from app.render.form import Consent, FieldType, FormField, FormSpec, NextStep, Thanks
from app.render.plain import from_plain, to_plain

__all__ = [
    "Consent", "Corner", "Document", "EmailPiece", "FieldType", "Fit", "FormField", "FormSpec", "KitSource", "Network",
    "NextStep", "PagePiece", "Panel", "Playbook", "Post", "ReviewRule", "Slot", "SlotType", "Step", "StepAct", "TestSpec", "Thanks",
]  # fmt: skip


class SlotType(StrEnum):
    """What a partner may put into a slot."""

    TEXT = "text"
    RICH = "rich"
    IMAGE = "image"
    URL = "url"
    COLOUR = "colour"
    CHOICE = "choice"
    DATE = "date"
    LIST = "list"


@dataclass(frozen=True)
class Slot:
    """A typed place a partner may fill; everything outside of slots is locked.

    Lengths are in characters, sizes in pixels; `ratio` is width:height as "16:9"; dates are inclusive.
    `missing` completes the sentence "… is missing" in previews; `group` is the heading it stands under in the editor.
    """

    name: str
    type: SlotType = SlotType.TEXT
    label: str = ""
    help: str = ""
    group: str = ""
    missing: str = ""
    default: str | tuple[str, ...] | None = None
    required: bool = False
    max_length: int = 200
    multiline: bool = False
    choices: tuple[str, ...] = ()
    earliest: dt.date | None = None
    latest: dt.date | None = None
    min_width: int = 0
    min_height: int = 0
    ratio: str = ""
    max_items: int = 10
    line: int = 0

    @property
    def noun(self) -> str:
        """What the preview calls it where it is missing."""
        return self.missing or f"“{self.label or self.name}”"


@dataclass(frozen=True)
class EmailPiece:
    """One email: MJML source, and subject and preheader as templates. `slots` names what the editor shows beside it."""

    name: str
    title: str
    path: str
    subject: str
    preheader: str = ""
    source: str = ""
    language: str = "en"
    after_days: int = 0
    line: int = 0


@dataclass(frozen=True)
class PagePiece:
    """One landing page: the kit's part of its HTML, and its form."""

    name: str
    title: str
    description: str
    path: str
    form: FormSpec
    source: str = ""
    language: str = "en"
    line: int = 0


class Network(StrEnum):
    """Where a post may be shared."""

    LINKEDIN = "linkedin"
    X = "x"
    FACEBOOK = "facebook"
    INSTAGRAM = "instagram"


class Corner(StrEnum):
    """Where the partner's logo stands on a post's picture."""

    TOP_LEFT = "top-left"
    TOP_RIGHT = "top-right"
    BOTTOM_LEFT = "bottom-left"
    BOTTOM_RIGHT = "bottom-right"
    NONE = "none"


class Fit(StrEnum):
    """What becomes of a post's picture where a network wants another shape."""

    WHOLE = "whole"  # all of it, with bands in the partner's colour beside it
    FILL = "fill"  # the middle of it, its edges cut off


@dataclass(frozen=True)
class Post:
    """A social post: its words with placeholders, a picture with its description, and where it may be shared."""

    name: str
    title: str
    path: str
    source: str = ""
    image: str = ""
    alt: str = ""
    line: int = 0
    networks: tuple[Network, ...] = tuple(Network)
    logo: Corner = Corner.BOTTOM_RIGHT
    fit: Fit = Fit.WHOLE


@dataclass(frozen=True)
class Panel:
    """Where a document shows who hands it out: a page (from 1, or from the end with -1), and mm from its top left as it is read."""

    page: int
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True)
class Document:
    """A PDF partners may hand out; with a panel each partner's has its logo and address on it."""

    name: str
    title: str
    path: str
    line: int = 0
    panel: Panel | None = None


@dataclass(frozen=True)
class Playbook:
    """What to say and do, as Markdown; never sent to prospects."""

    path: str
    source: str = ""


@dataclass(frozen=True)
class TestSpec:
    """An A/B test that comes with the kit: variants of one field of one email, as (label, template) pairs."""

    __test__ = False

    name: str
    email: str
    variants: tuple[tuple[str, str], ...]
    field: str = "subject"
    line: int = 0


class StepAct(StrEnum):
    """What a person may have done with the campaign by the time a later step is due."""

    SUBMITTED = "submitted"  # filled in the form of one of its pages
    CLICKED = "clicked"  # followed a link of one of its mails; known only of those who agreed to tracking
    OPENED = "opened"  # its picture was loaded; the same, and mail programs load pictures by themselves


@dataclass(frozen=True)
class Step:
    """One send of a sequence: which email, how many days after the launch, and to whom of those who got the first.

    `unless` leaves out people who did any of it, `only` those who did none of it.
    """

    email: str
    day: int = 0
    unless: tuple[StepAct, ...] = ()
    only: tuple[StepAct, ...] = ()
    line: int = 0


class ReviewRule(StrEnum):
    """When the vendor looks at a partner's campaign before it goes out."""

    NEVER = "never"
    FIRST = "first"  # until one of the partner's campaigns with this kit was approved
    ALWAYS = "always"


@dataclass(frozen=True)
class KitSource:
    """A whole kit as read. `files` holds every file by its path inside the kit; it does not go into the manifest."""

    name: str
    slug: str
    version: str
    summary: str = ""
    goal: str = ""
    languages: tuple[str, ...] = ("en",)
    tiers: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    valid_from: dt.date | None = None
    valid_until: dt.date | None = None
    review: ReviewRule = ReviewRule.NEVER
    slots: tuple[Slot, ...] = ()
    emails: tuple[EmailPiece, ...] = ()
    pages: tuple[PagePiece, ...] = ()
    posts: tuple[Post, ...] = ()
    documents: tuple[Document, ...] = ()
    playbook: Playbook | None = None
    tests: tuple[TestSpec, ...] = ()
    steps: tuple[Step, ...] = ()
    files: Mapping[str, bytes] = field(default_factory=dict, compare=False, repr=False)

    def slot(self, name: str) -> Slot | None:
        """The slot of this name."""
        return next((s for s in self.slots if s.name == name), None)

    def email(self, name: str) -> EmailPiece | None:
        """The email of this name."""
        return next((e for e in self.emails if e.name == name), None)

    def page(self, name: str) -> PagePiece | None:
        """The landing page of this name."""
        return next((p for p in self.pages if p.name == name), None)

    @property
    def sequence(self) -> tuple[Step, ...]:
        """The sends of a campaign, in order: the declared steps, else one, the kit's first email; none without an email."""
        if self.steps or not self.emails:
            return self.steps
        return (Step(min(self.emails, key=lambda email: email.after_days).name),)

    def names(self, *, contact: bool = True, links: tuple[str, ...] = ("landing", "unsubscribe")) -> Names:
        """The names a piece of this kit may use."""
        return Names({s.name: s.type.value for s in self.slots}, contact=contact, links=links)

    def to_manifest(self) -> dict[str, object]:
        """Everything but the files' bytes, as JSON-able data."""
        return {f.name: to_plain(getattr(self, f.name)) for f in fields(self) if f.name != "files"}

    @classmethod
    def from_manifest(
        cls, manifest: Mapping[str, object], files: Mapping[str, bytes] | None = None
    ) -> "KitSource":
        """The kit a manifest describes; unknown keys are ignored, so an older reader can read a newer manifest."""
        kit = typing.cast(KitSource, from_plain(cls, manifest))
        return dataclasses.replace(kit, files=dict(files or {}))
