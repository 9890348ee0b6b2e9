"""The preference centre: what the holder of a mail's link chose about all mails of that partner, read and written without a sign-in.

The link is that of the mail's way out; whoever may say no with it may also say less.
"""

from dataclasses import dataclass
from datetime import datetime

from app.accounts.audit import record
from app.audience import consent, preferences
from app.audience.models import Consent, ConsentPurpose, Topic
from app.audience.preferences import MONTHLY, PAUSE, Choices
from app.clock import now
from app.errors import Invalid
from app.flows.unsubscribe import Recipient


@dataclass(frozen=True)
class Centre:
    """What the page shows."""

    choices: Choices
    topics: list[Topic]
    monthly: tuple[int, ...]
    a_week: int
    tracked: Consent | None
    agreed: Consent | None
    languages: list[tuple[str, str]]
    pause_until: datetime


@dataclass(frozen=True)
class Answers:
    """What was sent: public ids of the topics that stay on; what `often` says; whether clicks may still be noted."""

    topics: frozenset[str]
    often: str
    tracking: bool
    language: str


def centre(person: Recipient) -> Centre:
    """What this person chose, and what there is to choose."""
    partner, key = person.partner, person.contact.address_hash
    yes = [row for row in consent.consents_of(partner.id, person.contact.id) if row.withdrawn_at is None]
    return Centre(
        choices=preferences.choices_of(partner.id, key),
        topics=preferences.topics_of(partner),
        monthly=MONTHLY,
        a_week=preferences.rules_of(partner.id).a_week,
        tracked=next((row for row in yes if row.purpose is ConsentPurpose.TRACKING), None),
        agreed=next((row for row in yes if row.purpose is ConsentPurpose.MARKETING), None),
        languages=LANGUAGES,
        pause_until=now() + PAUSE,
    )


LANGUAGES = [
    ("", "As it comes"), ("en", "English"), ("nl", "Nederlands"), ("de", "Deutsch"), ("fr", "Français"),
    ("es", "Español"), ("it", "Italiano"), ("pt", "Português"), ("da", "Dansk"), ("sv", "Svenska"), ("nb", "Norsk"),
    ("pl", "Polski"), ("cs", "Čeština"),
]  # fmt: skip


def save(person: Recipient, answers: Answers) -> None:
    """Keep the answers; they count from the next round of any campaign on. Raises Invalid for an answer that isn't offered."""
    topics = preferences.topics_of(person.partner)
    if not answers.topics <= {topic.pid for topic in topics} or answers.language not in dict(LANGUAGES):
        raise Invalid("This form doesn’t fit the page. Load it again.")
    before = preferences.choices_of(person.partner.id, person.contact.address_hash)
    chosen = Choices(
        frozenset(topic.id for topic in topics if topic.pid not in answers.topics),
        _a_month(answers.often),
        _paused_until(answers.often, before),
    )
    preferences.choose(person.partner.id, person.contact.address_hash, chosen, person.delivery_id)
    if not person.contact.erased_at and answers.language and answers.language != person.contact.language:
        person.contact.language, person.contact.updated_at = answers.language, now()
    if not answers.tracking:
        consent.withdraw(person.partner.id, [person.contact.id], purpose=ConsentPurpose.TRACKING)
    record(
        None,
        "contact.preferences_saved",
        person.contact,
        delivery_id=person.delivery_id,
        topics_off=len(chosen.off),
        a_month=chosen.a_month,
        paused=chosen.is_paused,
        tracking=answers.tracking,
    )


def _a_month(often: str) -> int | None:
    if often in ("", "any", "pause"):
        return None
    if not often.isdecimal() or int(often) not in MONTHLY:
        raise Invalid("This form doesn’t fit the page. Load it again.")
    return int(often)


def _paused_until(often: str, before: Choices) -> datetime | None:
    """A pause that runs is not begun anew by saving other choices."""
    if often != "pause":
        return None
    return before.paused_until if before.is_paused else now() + PAUSE
