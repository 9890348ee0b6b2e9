"""The last look before a launch: who gets it and who doesn't, the mail itself, the money, and everything that forbids it.

The launch asks the same function again, so what the page promised is what happens.
"""

from dataclasses import dataclass

from sqlalchemy import select

from app.accounts.actor import Actor
from app.accounts.models import Organisation
from app.audience import mailable
from app.audience.mailable import Mailable
from app.audience.models import ContactList
from app.campaigns import prepare, subject_test
from app.campaigns.models import Campaign
from app.campaigns.prepare import Prepared
from app.campaigns.ready import Problem, problems
from app.campaigns.subject_test import Subject, SubjectTest
from app.db import db, scoped
from app.errors import AppError
from app.kits.pieces import EmailPiece
from app.landing.publish import compiled_piece
from app.mdf.models import ActivityType, Fund, MdfRequest, RequestStatus
from app.render.email import MAX_HTML, CompiledEmail
from app.render.places import PlaceKind
from app.settings import current

# A request in one of these states has terms that the launch must meet.
_FUNDED = (
    RequestStatus.SUBMITTED,
    RequestStatus.INFORMATION_REQUESTED,
    RequestStatus.APPROVED,
    RequestStatus.CLAIMED,
)


@dataclass(frozen=True)
class Mail:
    """The mail as it will go out: of a test its first version; `subjects` holds them all."""

    piece: EmailPiece
    compiled: CompiledEmail
    subjects: tuple[str, ...]
    has_unsubscribe: bool
    has_address: bool
    sender: str

    @property
    def is_too_large(self) -> bool:
        """Whether Gmail would cut it."""
        return self.compiled.size > MAX_HTML


@dataclass(frozen=True)
class Funding:
    """The request for money that names this campaign."""

    request: MdfRequest
    activity: ActivityType
    fund: Fund


@dataclass(frozen=True)
class LaunchCheck:
    """All that the launch page shows. `mail` and `who` are None where the campaign is not that far."""

    campaign: Campaign
    partner: Organisation
    vendor: Organisation
    audience: ContactList | None
    who: Mailable | None
    mail: Mail | None
    made: Prepared | None
    test: SubjectTest | None
    funding: Funding | None
    problems: tuple[Problem, ...]

    @property
    def people(self) -> int:
        """How many get it."""
        return self.who.mailable if self.who else 0

    @property
    def may_launch(self) -> bool:
        """Whether nothing stands in the way."""
        return not self.problems


def check(actor: Actor | None, campaign: Campaign) -> LaunchCheck:
    """Look at everything. Never raises for what a person can mend: that is in `problems`. `actor` None: the beat."""
    partner = db.session.get_one(Organisation, campaign.partner_id)
    vendor = db.session.get_one(Organisation, campaign.vendor_id)
    standing = list(problems(campaign))
    audience = _audience(partner, campaign)
    who = mailable.count(partner, campaign.vendor_id, audience.id) if audience else None
    if who is not None and not who.mailable:
        here = f"/campaigns/{campaign.pid}/audience"
        standing.append(
            Problem(
                "Nobody on this list may be mailed: no consent is on record.", "Choose another list.", here
            )
        )
    test = subject_test.of(campaign)
    made, mail, wrong = (None, None, []) if standing else _mail(campaign, test)
    return LaunchCheck(
        campaign, partner, vendor, audience, who, mail, made, test, funding_of(campaign), (*standing, *wrong)
    )


def _audience(partner: Organisation, campaign: Campaign) -> ContactList | None:
    query = scoped(partner, ContactList).where(ContactList.id == (campaign.list_id or 0))
    return db.session.scalars(query).one_or_none()


def _mail(campaign: Campaign, test: SubjectTest | None) -> tuple[Prepared | None, Mail | None, list[Problem]]:
    words = f"/campaigns/{campaign.pid}/words"
    try:
        made = prepare.source(campaign)
        piece = first_email(made, test)
        compiled = [prepare.email(made, piece, subject) for subject in subjects_of(test)]
        for page in made.kit.pages:
            compiled_piece(made, page.name)  # what can't be published can't be launched
    except AppError as error:
        return None, None, [Problem(error.message, "Mend it in your words, or ask the vendor.", words)]
    mail = Mail(
        piece=piece,
        compiled=compiled[0],
        subjects=tuple(each.subject for each in compiled),
        has_unsubscribe=any(place.kind is PlaceKind.UNSUBSCRIBE for place in compiled[0].places),
        has_address=_flat(made.partner.postal_address) in _flat(compiled[0].text)
        if made.partner.postal_address
        else False,
        sender=current().mail_from,
    )
    return made, mail, list(_lacks(mail, made, words))


def _lacks(mail: Mail, made: Prepared, words: str) -> list[Problem]:
    found = []
    if not mail.has_unsubscribe:
        found.append(
            Problem("The mail has no unsubscribe link.", "The kit must have one: tell the vendor.", "/kits")
        )
    if not mail.has_address:
        found.append(
            Problem(
                "Your postal address isn’t in the mail.", "The kit must show it: tell the vendor.", "/kits"
            )
        )
    if any(link.kind == "landing" for link in mail.compiled.links) and not made.kit.pages:
        found.append(
            Problem("The mail leads to a landing page, and the kit has none.", "Tell the vendor.", words)
        )
    return found


def _flat(text: str) -> str:
    return " ".join(text.split()).casefold()


def subjects_of(test: SubjectTest | None) -> tuple[Subject | None, ...]:
    """The subject lines that go out: those of the test, or the kit's own (None)."""
    return test.subjects if test and test.subjects else (None,)


def first_email(made: Prepared, test: SubjectTest | None) -> EmailPiece:
    """The email that the launch sends: the one under test, else the kit's first."""
    named = made.kit.email(test.experiment.email) if test else None
    return named or min(made.kit.emails, key=lambda piece: piece.after_days)


def funding_of(campaign: Campaign) -> Funding | None:
    """The latest request for money for this campaign that isn't declined, withdrawn or over."""
    query = (
        select(MdfRequest, ActivityType, Fund)  # unscoped: bound to a campaign that the caller may see
        .join(ActivityType, ActivityType.id == MdfRequest.activity_type_id)
        .join(Fund, Fund.id == MdfRequest.fund_id)
        .where(MdfRequest.campaign_id == campaign.id, MdfRequest.status.in_(_FUNDED))
        .order_by(MdfRequest.id.desc())
    )
    row = db.session.execute(query).first()
    return Funding(*row) if row else None
