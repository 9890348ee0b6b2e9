"""Tests of a campaign's mails to oneself and to one's seed addresses: the bytes are made as the real send makes them.

They are no deliveries: links lead on without being counted, and the unsubscribe link shows its page and takes nobody off.
"""

import dataclasses
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import func, select

from app import tokens
from app.accounts.actor import Actor
from app.accounts.audit import record
from app.audience.models import Contact
from app.audience.people import first_of
from app.campaigns import subject_test
from app.campaigns.chosen import chosen
from app.campaigns.models import Campaign
from app.campaigns.prepare import Prepared, email, message_headers, source
from app.campaigns.preview import in_order
from app.campaigns.records import TrialMail
from app.campaigns.subject_test import Subject, subject_of
from app.clock import now
from app.db import db, scoped
from app.errors import NotFound, TooMany
from app.kits.pieces import EmailPiece
from app.mail.models import OutgoingMail
from app.mail.posting import post_finished
from app.mail.standing import Standing, standing
from app.render.email import CompiledEmail, preview_line
from app.render.mime import Recipient, Tokens, build

KIND = "campaign_test"
PURPOSE = "campaign test"  # of the tokens in its links
PREFIX = "test."  # before them, so that no address of a test looks like one of a delivery
MARK = "[Test] "
AN_HOUR = 60  # tests that one organisation may send within an hour
FIELDS = ("first_name", "last_name", "company", "job_title")


@dataclass(frozen=True)
class Version:
    """One version of one email: what can be tested by itself. `label` is empty where there is no test of subject lines."""

    piece: EmailPiece
    label: str
    subject: Subject | None

    @property
    def key(self) -> str:
        """As it stands in a form: `invitation` or `invitation/B`."""
        return f"{self.piece.name}/{self.label}" if self.label else self.piece.name

    @property
    def title(self) -> str:
        """What people call it."""
        return f"{self.piece.title}, version {self.label}" if self.label else self.piece.title


@dataclass(frozen=True)
class Sent:
    """A test that was asked for, and what became of it."""

    trial: TrialMail
    title: str
    standing: Standing


def versions(made: Prepared, campaign: Campaign) -> list[Version]:
    """Everything that can be tested: each email of the kit in the order of its steps, each version of its subject line."""
    planned = subject_test.of(campaign)
    found: list[Version] = []
    for piece in in_order(made.kit):
        if planned and planned.experiment.email == piece.name and planned.variants:
            found += [Version(piece, v.label, subject_of(v)) for v in planned.variants]
        else:
            found.append(Version(piece, "", None))
    return found


def send(
    actor: Actor,
    campaign: Campaign,
    keys: Iterable[str] | None = None,
    to: Iterable[str] | None = None,
    fields: Mapping[str, str] | None = None,
) -> list[TrialMail]:
    """Mail these versions (by key; the first email's, if not said) to each of these addresses (the actor's own, if not said).

    `fields` are the sample person's. Marks stand where words are missing. Whoever calls has made sure that the addresses are
    the actor's own or confirmed. Raises NotFound for a version that isn't there, TooMany, RenderError.
    """
    made = source(campaign)
    known = {version.key: version for version in versions(made, campaign)}
    wanted = list(dict.fromkeys(keys)) if keys is not None else list(known)[:1]
    if not wanted or any(key not in known for key in wanted):
        raise NotFound(kind="EmailPiece")
    addresses = list(dict.fromkeys(to)) if to is not None else [actor.person.email]
    _spend(actor, len(wanted) * len(addresses))
    person = dict(fields) if fields is not None else own_fields(actor)
    sent = [
        _one(actor, campaign, made, known[key], address, person) for key in wanted for address in addresses
    ]
    record(actor, "campaign.test_sent", campaign, mails=len(sent))
    return sent


def _spend(actor: Actor, count: int) -> None:
    since = now() - timedelta(hours=1)
    query = select(func.count(TrialMail.id)).where(  # unscoped: by partner id
        TrialMail.partner_id == actor.organisation.id, TrialMail.created_at >= since
    )
    if (db.session.scalar(query) or 0) + count > AN_HOUR:
        raise TooMany(f"That is more than {AN_HOUR} tests within an hour. Wait a little, then send the rest.")


def _one(
    actor: Actor,
    campaign: Campaign,
    made: Prepared,
    version: Version,
    to: str,
    fields: Mapping[str, str],
) -> TrialMail:
    compiled = email(made, version.piece, version.subject, mark_missing=True)
    trial = TrialMail(
        partner_id=campaign.partner_id,
        campaign_id=campaign.id,
        person_id=actor.person.id,
        email=version.piece.name,
        version=version.label,
        recipient=to,
        links={str(link.number): link.url for link in compiled.links},
    )
    db.session.add(trial)
    db.session.flush()
    marked = dataclasses.replace(compiled, subject=MARK + compiled.subject)
    raw = finished(made, marked, to, fields, PREFIX + tokens.make(PURPOSE, trial.id))
    subject, _ = preview_line(marked, fields)
    trial.mail_id = post_finished(KIND, to, subject, raw, actor.organisation).id
    return trial


def finished(
    made: Prepared, compiled: CompiledEmail, to: str, fields: Mapping[str, str], token: str
) -> bytes:
    """The whole message, by the way that a real one takes; in quoted-printable, which every mail server takes."""
    segments = build(compiled, message_headers(made))
    own = Tokens(click=token, unsubscribe=token, message_id=token, delivery=token)
    return segments.splice(Recipient(to, own, fields), "qp")


def own_fields(actor: Actor) -> dict[str, str]:
    """The actor as a contact would be."""
    first, _, last = actor.person.name.partition(" ")
    return {"first_name": first, "last_name": last, "company": actor.organisation.name}


def people(actor: Actor, campaign: Campaign, limit: int = 12) -> list[Contact]:
    """The first contacts of the campaign's list or segment, to try its mails with their names."""
    found = chosen(actor.organisation, campaign)
    return first_of(actor.organisation.id, found.people, limit) if found else []


def fields_of(contact: Contact) -> dict[str, str]:
    """A contact's fields as a mail shows them."""
    return {name: str(getattr(contact, name)) for name in FIELDS}


def lately(actor: Actor, campaign: Campaign, made: Prepared, limit: int = 20) -> list[Sent]:
    """The last tests of a campaign, the latest first."""
    query = (
        scoped(actor.organisation, TrialMail)
        .add_columns(OutgoingMail)
        .join(OutgoingMail, OutgoingMail.id == TrialMail.mail_id)
        .where(TrialMail.campaign_id == campaign.id)
        .order_by(TrialMail.id.desc())
        .limit(limit)
    )
    found = []
    for trial, mail in db.session.execute(query):
        piece = made.kit.email(trial.email)
        title = piece.title if piece else trial.email
        label = f"{title}, version {trial.version}" if trial.version else title
        found.append(Sent(trial, label, standing(mail)))
    return found


def trial_of(token: str) -> TrialMail:
    """The test whose mail holds this token. Raises NotFound for forged ones and for tests that are gone alike."""
    found = db.session.get(TrialMail, tokens.read(PURPOSE, token))  # unscoped: the token names the row
    if found is None:
        raise NotFound(kind="TrialMail")
    return found
