"""The last look before a launch: who gets it and who doesn't, the mail itself, the money, and everything that forbids it.

The launch asks the same function again, so what the page promised is what happens.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select

from app.accounts.actor import Actor
from app.accounts.models import Organisation
from app.audience import mailable
from app.audience.mailable import Mailable
from app.campaigns import prepare, schedule, subject_test
from app.campaigns.chosen import Audience, chosen
from app.campaigns.models import Campaign
from app.campaigns.prepare import Prepared
from app.campaigns.ready import Problem, not_saved, problems
from app.campaigns.subject_test import Subject, SubjectTest
from app.campaigns.zones import meant
from app.clock import local, now
from app.db import db
from app.delivery.cap import too_often
from app.delivery.later import days_later
from app.domains.sender import Sender
from app.errors import AppError, Refused
from app.kits.pieces import EmailPiece, Step
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
    sender: Sender

    @property
    def is_too_large(self) -> bool:
        """Whether Gmail would cut it."""
        return self.compiled.size > MAX_HTML


@dataclass(frozen=True)
class StepMail:
    """One step of the sequence with its mail as it will go out: one version, or those of the test that the first step may have."""

    number: int
    step: Step
    piece: EmailPiece
    versions: tuple[CompiledEmail, ...]


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
    audience: Audience | None
    who: Mailable | None
    mail: Mail | None
    made: Prepared | None
    test: SubjectTest | None
    funding: Funding | None
    problems: tuple[Problem, ...]
    steps: tuple[StepMail, ...] = ()

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
    standing = [*problems(campaign), *(not_saved(actor, campaign) if actor else ())]
    audience = chosen(partner, campaign)
    who = mailable.count(partner, mail_of(campaign), audience.people) if audience else None
    if who is not None and not who.mailable:
        here = f"/campaigns/{campaign.pid}/audience"
        standing.append(
            Problem(
                "Nobody on this list may be mailed: no consent is on record.", "Choose another list.", here
            )
            if not audience or not audience.is_segment
            else Problem("Nobody in this segment may be mailed.", "Choose another, or a list.", here)
        )
    test = subject_test.of(campaign)
    made, mails, wrong = (None, (), []) if standing else _mails(campaign, test)
    mail = _mail(made, mails[0]) if made and mails else None
    return LaunchCheck(
        campaign,
        partner,
        vendor,
        audience,
        who,
        mail,
        made,
        test,
        funding_of(campaign),
        (*standing, *wrong),
        mails,
    )


def mail_of(campaign: Campaign) -> mailable.Mail:
    """What this campaign’s people would get, and when that is one too many."""
    return mailable.Mail(campaign.vendor_id, campaign.topic_id, too_often(campaign.partner_id))


def _mails(
    campaign: Campaign, test: SubjectTest | None
) -> tuple[Prepared | None, tuple[StepMail, ...], list[Problem]]:
    words = f"/campaigns/{campaign.pid}/words"
    try:
        made = prepare.source(campaign)
        found = tuple(
            _step(made, number, step, test) for number, step in enumerate(steps_of(made, test), start=1)
        )
        for page in made.kit.pages:
            compiled_piece(made, page.name)  # what can't be published can't be launched
    except AppError as error:
        return None, (), [Problem(error.message, "Mend it in your words, or ask the vendor.", words)]
    problems = [lack for mail in found for lack in _lacks(mail, made, words)]
    return made, found, list(dict.fromkeys(problems)) + _too_late(campaign, made, found)


def steps_of(made: Prepared, test: SubjectTest | None) -> tuple[Step, ...]:
    """The steps that the launch freezes: the kit's, or one where it declares none: the email under test, else the first."""
    if test is not None and not made.kit.steps and made.kit.email(test.experiment.email):
        return (Step(test.experiment.email),)
    return made.kit.sequence


def _step(made: Prepared, number: int, step: Step, test: SubjectTest | None) -> StepMail:
    piece = made.kit.email(step.email)
    if piece is None:
        raise Refused("The kit names an email that it doesn’t have. Tell the vendor.")
    subjects = subjects_of(test) if number == 1 else (None,)
    return StepMail(number, step, piece, tuple(prepare.email(made, piece, subject) for subject in subjects))


def _mail(made: Prepared, first: StepMail) -> Mail:
    compiled = first.versions[0]
    return Mail(
        piece=first.piece,
        compiled=compiled,
        subjects=tuple(each.subject for each in first.versions),
        has_unsubscribe=_has_unsubscribe(compiled),
        has_address=_has_address(compiled, made),
        sender=made.sender or Sender(current().mail_from),
    )


def _has_unsubscribe(compiled: CompiledEmail) -> bool:
    return any(place.kind is PlaceKind.UNSUBSCRIBE for place in compiled.places)


def _has_address(compiled: CompiledEmail, made: Prepared) -> bool:
    address = _flat(made.partner.postal_address)
    return bool(address) and address in _flat(compiled.text)


def _lacks(mail: StepMail, made: Prepared, words: str) -> list[Problem]:
    """What a mail must have; said of the mail by its name where there are several."""
    compiled = mail.versions[0]
    name = "The mail" if len(made.kit.sequence) == 1 else f"“{mail.piece.title}”"
    found = []
    if not _has_unsubscribe(compiled):
        found.append(
            Problem(f"{name} has no unsubscribe link.", "The kit must have one: tell the vendor.", "/kits")
        )
    if not _has_address(compiled, made):
        where = "the mail" if len(made.kit.sequence) == 1 else name
        found.append(
            Problem(
                f"Your postal address isn’t in {where}.", "The kit must show it: tell the vendor.", "/kits"
            )
        )
    if any(not each.subject.strip() for each in mail.versions):
        found.append(Problem(f"{name} has no subject line.", "Write one.", words))
    if any(each.size > MAX_HTML for each in mail.versions):
        text = (
            f"{name} is {round(compiled.size / 1024)} KB: Gmail cuts from 102 KB on, and the way out with it."
        )
        found.append(Problem(text, "Shorten your words in it, or tell the vendor.", words))
    if any(link.kind == "landing" for link in compiled.links) and not made.kit.pages:
        found.append(
            Problem(f"{name} leads to a landing page, and the kit has none.", "Tell the vendor.", words)
        )
    return found


def _too_late(campaign: Campaign, made: Prepared, found: tuple[StepMail, ...]) -> list[Problem]:
    """A step that would go out after the kit's time is over: the vendor's offer would not hold any more."""
    until = made.kit.valid_until
    if until is None or not found:
        return []
    moment = step_time(campaign, found[-1].step)
    day = local(moment, campaign.timezone).date()
    if day <= until:
        return []
    text = (
        f"“{found[-1].piece.title}” would go out on {day:%-d %B %Y}, and the kit ends on {until:%-d %B %Y}."
    )
    here = f"/campaigns/{campaign.pid}/launch"
    return [Problem(text, "Launch it earlier, or ask the vendor for a version that runs longer.", here)]


def step_time(campaign: Campaign, step: Step) -> datetime:
    """When a step begins: at the launch’s time of day, so many days later; on people’s own clocks with the first of them.

    Without a planned time it is counted from now.
    """
    own = schedule.starts(campaign, step.day)
    if own:
        return min(own.values())
    if campaign.scheduled_at is None or not step.day:
        return days_later(campaign.scheduled_at or now(), step.day, campaign.timezone)
    # The time that was asked for, though the clocks may skip it on the day of the launch itself.
    asked = campaign.planned_for or local(campaign.scheduled_at, campaign.timezone).replace(tzinfo=None)
    return meant(asked + timedelta(days=step.day), campaign.timezone).moment


def _flat(text: str) -> str:
    return " ".join(text.split()).casefold()


def subjects_of(test: SubjectTest | None) -> tuple[Subject | None, ...]:
    """The subject lines that go out: those of the test, or the kit's own (None)."""
    return test.subjects if test and test.subjects else (None,)


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
