"""Phase two of rendering: the segments of a rendering, this person's fields and tokens, spliced into a finished mail.

Tokens are the only thing that ties a mail to a delivery; without tracking consent links carry the rendering's token instead.
"""

from collections.abc import Iterable

import idna

from app import tokens
from app.delivery.outcomes import Claimed
from app.delivery.wire import Envelope, Form
from app.errors import Invalid
from app.mail.allow import allowed
from app.render.mime import Recipient, Segments, Tokens
from app.settings import Settings

CLICK = "click"  # a delivery's links, with tracking consent
RENDERING = "rendering"  # a rendering's links, without: they tell the version, not the person
OPEN = "open"
UNSUBSCRIBE = "unsubscribe"
DELIVERY = "delivery"
BOUNCE = "bounce"


class MailWriter:
    """Writes the mails of one slice; keeps the parsed segments and the key between rows."""

    def __init__(self, settings: Settings, return_host: str | None = None) -> None:
        """`return_host`: where returned mail goes in place of the domain of MAIL_FROM."""
        self.settings = settings
        self.sender, _, domain = settings.mail_from.rpartition("@")
        self.domain = return_host or domain
        self._parsed: dict[int, Segments] = {}
        self._may_mail = allowed(settings)
        key = tokens.token_key()
        self._delivery, self._click, self._rendering, self._open, self._unsubscribe, self._bounce = (
            tokens.maker(purpose, key) for purpose in (DELIVERY, CLICK, RENDERING, OPEN, UNSUBSCRIBE, BOUNCE)
        )

    def may_mail(self, email: str) -> bool:
        """Whether this installation may mail the address: see MAIL_ALLOW."""
        return self._may_mail(email)

    def expect(self, rows: Iterable[Claimed]) -> None:
        """Nothing is written ahead."""

    def envelope(self, row: Claimed, segments: bytes, form: Form) -> Envelope:
        """The finished mail. Raises SpliceError or Invalid where the address can't be mailed."""
        if row.rendering_id not in self._parsed:
            self._parsed[row.rendering_id] = Segments.from_bytes(segments)
        address = ascii_domain(row.email)
        made = self.tokens(row)
        body, stuffed = self._parsed[row.rendering_id].written(Recipient(address, made, row.fields), form)
        # The bounce address carries a token of its own, so that a returned mail finds its delivery and a forged one does not.
        sender = f"{self.sender}+{self._bounce(row.id)}@{self.domain}"
        return Envelope(sender, address, body, made.delivery, stuffed)

    def tokens(self, row: Claimed) -> Tokens:
        """This delivery's tokens: the same over all attempts, so the Message-ID is too."""
        delivery = self._delivery(row.id)
        return Tokens(
            click=self._click(row.id) if row.tracked else self._rendering(row.rendering_id),
            unsubscribe=self._unsubscribe(row.id),
            message_id=delivery,
            delivery=delivery,
            open=self._open(row.id) if row.tracked else None,
        )


def ascii_domain(email: str) -> str:
    """The address with an internationalised domain in its ASCII form. Raises Invalid for a domain that has none."""
    if email.isascii():
        return email
    local, _, domain = email.rpartition("@")
    try:
        return f"{local}@{idna.encode(domain, uts46=True).decode()}"
    except idna.IDNAError:
        raise Invalid("This is no address a mail can be sent to.") from None
