"""Seed addresses: colleagues and test mailboxes that get a copy of every mail, once whoever reads them has said yes.

The question is the only mail that an address gets before its yes; a no stays, and whoever holds the link may change their mind.
"""

from datetime import timedelta

from sqlalchemy import func, select

from app import tokens
from app.accounts.actor import Actor
from app.accounts.audit import record
from app.accounts.models import Organisation, Person
from app.audience.address import BadAddress, normalise
from app.audience.models import Suppression, SuppressionScope
from app.audience.suppress import PLATFORM, address_hash
from app.campaigns.records import Seed
from app.clock import now
from app.db import db, get_or_404, scoped
from app.errors import Conflict, Invalid, NotFound, Refused, TooMany
from app.mail.models import OutgoingMail
from app.mail.posting import post
from app.web.hosts import public_url_for

MOST = 20
A_DAY = 40  # questions that one organisation may send within a day
LASTS = 14 * 24 * 3600  # seconds for which the link in the question works
PURPOSE = "seed question"
TEMPLATE = "seed_question"


def all_of(organisation: Organisation) -> list[Seed]:
    """An organisation's seed addresses, the oldest first."""
    return list(db.session.scalars(scoped(organisation, Seed).order_by(Seed.id)))


def usable(organisation: Organisation) -> list[Seed]:
    """Those that said yes, and no since to nothing of ours."""
    said = [seed for seed in all_of(organisation) if seed.confirmed_at and not seed.stopped_at]
    noes = refusals(organisation, [seed.address_hash for seed in said])
    return [seed for seed in said if seed.address_hash not in noes]


def refusals(organisation: Organisation, hashes: list[str]) -> set[str]:
    """Which of these addresses must not be mailed by this organisation: they unsubscribed, complained or bounced."""
    scope = SuppressionScope.VENDOR if organisation.kind == "vendor" else SuppressionScope.PARTNER
    mine = (Suppression.scope == scope) & (Suppression.organisation_id == organisation.id)
    everyone = (Suppression.scope == SuppressionScope.PLATFORM) & (Suppression.organisation_id == PLATFORM)
    query = select(Suppression.address_hash).where(Suppression.address_hash.in_(hashes), mine | everyone)
    return set(db.session.scalars(query)) if hashes else set()


def ask(actor: Actor, raw: str, name: str = "") -> Seed:
    """Add an address and ask it whether it wants copies.

    Raises Invalid for what is no address, Refused for one that said no, Conflict for one that is there, TooMany.
    """
    try:
        address = normalise(raw)
    except BadAddress as error:
        raise Invalid(error.message, {"address": f"{error.message}. {error.mend}."}) from None
    key = address_hash(address)
    mine = all_of(actor.organisation)
    known = next((seed for seed in mine if seed.address_hash == key), None)
    if known is not None:
        text = "This address has said no." if known.stopped_at else "This address is on the list already."
        raise Conflict(text)
    if len([seed for seed in mine if not seed.stopped_at]) >= MOST:
        raise Refused(f"{MOST} addresses are the most. Take one out first.")
    if refusals(actor.organisation, [key]):
        raise Refused("This address said no to mails from you, or mail to it came back. It can’t be added.")
    seed = Seed(
        organisation_id=actor.organisation.id,
        name=name.strip()[:80],
        address=address,
        address_hash=key,
        asked_by=actor.person.id,
    )
    db.session.add(seed)
    db.session.flush()
    _question(actor, seed)
    record(actor, "seed.asked", seed)
    return seed


def ask_again(actor: Actor, seed: Seed) -> None:
    """Send the question once more. Raises Conflict where it is answered, TooMany within a day of the last one."""
    if seed.confirmed_at or seed.stopped_at:
        raise Conflict("This address has answered already.")
    if now() - seed.asked_at < timedelta(days=1):
        raise TooMany("It was asked within the last day. Look into its spam folder, or ask again tomorrow.")
    seed.asked_at, seed.asked_by = now(), actor.person.id
    _question(actor, seed)
    record(actor, "seed.asked", seed)


def _question(actor: Actor, seed: Seed) -> None:
    since = now() - timedelta(days=1)
    asked = select(func.count(OutgoingMail.id)).where(
        OutgoingMail.template == TEMPLATE,
        OutgoingMail.organisation_id == actor.organisation.id,
        OutgoingMail.created_at >= since,
    )
    if (db.session.scalar(asked) or 0) >= A_DAY:
        raise TooMany(f"{A_DAY} questions within a day are the most. Go on tomorrow.")
    link = public_url_for("copies.question", token=tokens.make_timed(PURPOSE, {"seed": seed.pid}))
    post(TEMPLATE, seed.address, {"person": actor.person, "link": link}, actor.organisation)


def remove(actor: Actor, seed: Seed) -> None:
    """Take an address out. Raises Refused for one that said no: the no must not be forgotten."""
    if seed.stopped_at:
        raise Refused("This address has said no. It stays here, so that nobody asks it again.")
    record(actor, "seed.removed", seed)
    db.session.delete(seed)
    db.session.flush()


def seed_for(organisation: Organisation, pid: str) -> Seed:
    """The organisation's own seed address. Raises NotFound."""
    return get_or_404(organisation, Seed, pid)


def seed_asked(token: str) -> Seed:
    """The address that a question was sent to. Raises BadToken for a forged or old link, NotFound for one that was taken out."""
    pid = str(tokens.read_timed(PURPOSE, token, LASTS)["seed"])
    found = db.session.scalars(select(Seed).where(Seed.pid == pid)).one_or_none()  # unscoped: a signed token
    if found is None:
        raise NotFound(kind="Seed")
    return found


def keeper(seed: Seed) -> tuple[Organisation, Person]:
    """Whose list it is on, and who asked."""
    return db.session.get_one(Organisation, seed.organisation_id), db.session.get_one(Person, seed.asked_by)


def say_yes(seed: Seed) -> None:
    """Whoever reads the address wants copies."""
    if seed.confirmed_at is None or seed.stopped_at is not None:
        seed.confirmed_at, seed.stopped_at = now(), None
        record(None, "seed.confirmed", seed)


def say_no(seed: Seed) -> None:
    """Whoever reads the address wants none (any more)."""
    if seed.stopped_at is None:
        seed.stopped_at = now()
        record(None, "seed.stopped", seed)
