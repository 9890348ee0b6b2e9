"""Whose address a partner's campaign comes from: its own verified domain's, else the platform's with the partner in Reply-To."""

from dataclasses import dataclass

from app.accounts.models import Organisation
from app.db import db, scoped
from app.domains import keys
from app.domains.models import USABLE, SenderDomain
from app.domains.wanted import return_host
from app.settings import Settings


@dataclass(frozen=True)
class Sender:
    """The address in From; `domain` is the partner's own, or None where it is the platform's."""

    address: str
    domain: str | None = None


@dataclass(frozen=True)
class SigningKey:
    """What a send from a partner's own domain is signed with, and the host its returned mail goes to, if that is set up."""

    domain: str
    selector: str
    pem: bytes
    return_host: str | None

    def __repr__(self) -> str:
        return f"SigningKey({self.domain!r}, {self.selector!r})"  # the key is for nobody to see


def may_be_own(settings: Settings) -> bool:
    """Whether partners' own domains can be used: Amazon SES sends only from domains that are verified there."""
    return not settings.mail_transport.startswith("ses://")


def sender_for(partner: Organisation, settings: Settings) -> Sender:
    """Where a campaign launched now comes from."""
    if may_be_own(settings):
        usable = SenderDomain.status.in_(USABLE)
        domain = db.session.scalars(scoped(partner, SenderDomain).where(usable)).one_or_none()
        if domain is not None:
            used, _ = keys.of(domain)
            if used is not None and not keys.is_locked(domain, used):
                return Sender(f"{domain.local_part}@{domain.name}", domain.name)
    return Sender(settings.mail_from)


def signing_key(partner_id: int, name: str, settings: Settings) -> SigningKey:
    """What signs mail of this partner's from its own domain. Raises keys.NotUsable or keys.KeyLocked."""
    if not may_be_own(settings):
        raise keys.NotUsable(f"Amazon SES signs here, and can’t send from {name}. Launch the campaign anew.")
    domain, selector, pem = keys.signing(partner_id, name)
    host = return_host(name) if domain.has_return_path and settings.bounce_host else None
    return SigningKey(name, selector, pem, host)
