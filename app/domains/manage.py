"""What a partner's administrator does with a sender domain: name one, choose the address, change the key, take it out."""

import secrets

from sqlalchemy import delete
from sqlalchemy.exc import IntegrityError

from app.accounts.actor import Actor
from app.accounts.audit import record
from app.accounts.models import Organisation
from app.assets.brand import default_brand
from app.clock import now
from app.db import db, scoped
from app.domains import keys, names
from app.domains.models import DkimKey, SenderDomain
from app.errors import Conflict, Invalid, Refused
from app.settings import current

_LOCAL = "hello"


def of(partner: Organisation) -> SenderDomain | None:
    """The partner's sender domain, if it has named one."""
    return db.session.scalars(scoped(partner, SenderDomain)).one_or_none()


def named(actor: Actor) -> SenderDomain:
    """The same where there must be one, locked. Raises Refused."""
    found = db.session.scalars(scoped(actor.organisation, SenderDomain).with_for_update()).one_or_none()
    if found is None:
        raise Refused("There is no sender domain yet. Name one first.")
    return found


def add(actor: Actor, raw: str) -> SenderDomain:
    """Name the domain that mails shall come from, and make its key. Raises Invalid with the reason, Conflict where there is one already."""
    name = names.clean(raw, current())
    domain = SenderDomain(
        partner_id=actor.organisation.id,
        name=name,
        local_part=_local_of(actor.organisation),
        token=secrets.token_urlsafe(24),
        made_by=actor.person.id,
    )
    try:
        with db.session.begin_nested():
            db.session.add(domain)
            db.session.flush()
    except IntegrityError:
        raise Conflict("There is a sender domain already. Take it out before you name another.") from None
    db.session.add(keys.make(domain))
    db.session.flush()
    record(actor, "sender_domain.named", domain)
    return domain


def choose_local(actor: Actor, raw: str) -> SenderDomain:
    """What stands before the @. Campaigns that are launched already keep theirs. Raises Invalid."""
    domain = named(actor)
    domain.local_part = names.clean_local(raw)
    record(actor, "sender_domain.address_chosen", domain)
    return domain


def change_key(actor: Actor) -> DkimKey:
    """Make a new key beside the one in use, which signs until the new one's record is seen. Raises Refused."""
    domain = named(actor)
    _, waiting = keys.of(domain)
    if waiting is not None and not keys.is_locked(domain, waiting):
        raise Refused("A key waits for its record already. Publish that one.")
    if waiting is not None:  # of no use any more
        waiting.retired_at, waiting.sealed = now(), None
    made = keys.make(domain)
    db.session.add(made)
    domain.next_check_at = now()
    db.session.flush()
    record(actor, "sender_domain.key_made", domain, selector=made.selector)
    return made


def remove(actor: Actor) -> None:
    """Take the domain out, with its keys. app.flows.sender_domains asks first whether something is being sent from it."""
    domain = named(actor)
    record(actor, "sender_domain.removed", domain)
    db.session.execute(
        delete(DkimKey).where(DkimKey.domain_id == domain.id)  # unscoped: the actor's own domain
    )
    db.session.delete(domain)
    db.session.flush()


def _local_of(partner: Organisation) -> str:
    """That of the brand's address for answers, if it can be one."""
    brand = default_brand(partner)
    local = (brand.reply_to if brand else "").partition("@")[0]
    try:
        return names.clean_local(local)
    except Invalid:
        return _LOCAL
