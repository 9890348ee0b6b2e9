"""What Harbour IT does with its DNS."""

from app.accounts.actor import Actor
from app.accounts.models import Role
from app.db import db
from app.domains import check, keys, manage
from app.domains.models import DomainStatus, SenderDomain
from app.domains.wanted import Wanted, asked
from app.settings import current
from tests.rig.cast import Cast
from tests.rig.nameserver import NameServer

NAME = "news.harbour-it.example"


def maya(cast: Cast) -> Actor:
    """Harbour IT's administrator."""
    return Actor(cast.maya, cast.harbour, Role.ADMIN)


def lieve(cast: Cast) -> Actor:
    """Leuvelink's administrator."""
    return Actor(cast.lieve, cast.leuvelink, Role.ADMIN)


def records(domain: SenderDomain) -> dict[str, Wanted]:
    """What is to be published, by record."""
    return {record.key: record for record in asked(domain, *keys.of(domain), current()).records}


def publish(dns: NameServer, domain: SenderDomain, *only: str) -> None:
    """Put the records into the DNS as the page has them: all, or these."""
    for key, record in records(domain).items():
        if only and key not in only:
            continue
        if record.kind == "MX":
            dns.mx(record.name, record.value.split()[1])
        else:
            dns.txt(record.name, record.value)


def named(actor: Actor, name: str = NAME) -> SenderDomain:
    """A domain that was named a moment ago."""
    domain = manage.add(actor, name)
    db.session.commit()
    return domain


def looked_up(domain: SenderDomain) -> SenderDomain:
    """The same after a look at the DNS."""
    found = check.check(domain.id)
    assert found is not None
    db.session.commit()
    return found


def verified(dns: NameServer, actor: Actor, name: str = NAME) -> SenderDomain:
    """A domain in use."""
    domain = named(actor, name)
    publish(dns, domain)
    found = looked_up(domain)
    assert found.status is DomainStatus.VERIFIED, found.findings
    return found
