"""A website's brand, proposed to a person: what was found goes into the form they are filling in, and is theirs once they save."""

import base64
from dataclasses import dataclass

from app.accounts.actor import Actor
from app.assets.brand_logo import held, hold
from app.assets.logo import SMALL, Logo, fitted
from app.assets.website import read_site
from app.db import db
from app.errors import Invalid
from app.outbound import client_for
from app.settings import current


@dataclass(frozen=True)
class Proposal:
    """What the form takes: address, name ("" for none), the token of the logo ("" for none), main colour and call to action if any."""

    host: str
    website: str
    name: str
    logo: str
    colors: tuple[str, str] | None

    @property
    def is_empty(self) -> bool:
        """Whether nothing was found."""
        return not (self.name or self.logo or self.colors)


def propose(actor: Actor, address: str) -> Proposal:
    """Read the website and keep its logo for a while. Raises Invalid with a sentence for `website`.

    Call it before anything is written: the transaction ends here, so that nobody waits for somebody else's server.
    """
    partner_pid = actor.organisation.pid
    db.session.rollback()
    try:
        site = read_site(client_for(current()), address)
    except Invalid as error:
        raise Invalid("Nothing was read.", {"website": error.message}) from None
    token = hold(partner_pid, site.logo) if site.logo else ""
    found = Proposal(site.host, site.address, site.name, token, site.colors)
    if found.is_empty:
        raise Invalid(
            "Nothing was read.",
            {"website": f"{site.host} shows neither a logo nor colours that we can read."},
        )
    return found


def picture_of(partner_pid: str, token: str | None) -> str | None:
    """A found logo as an address that holds the picture itself, since it is served nowhere yet; None for none."""
    logo: Logo | None = held(partner_pid, token) if token else None
    if logo is None:
        return None
    return f"data:image/png;base64,{base64.b64encode(fitted(logo.source, SMALL).data).decode()}"
