"""Phase two of rendering: the segments of a rendering, this person's fields and tokens, spliced into a finished mail.

Tokens are the only thing that ties a mail to a delivery; without tracking consent links carry the rendering's token instead.
"""

from app import tokens
from app.delivery.outcomes import Claimed
from app.delivery.wire import Envelope, Form
from app.errors import Invalid
from app.mail.allow import may_mail
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

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.key = tokens.token_key()
        self.sender, _, self.domain = settings.mail_from.rpartition("@")
        self._parsed: dict[int, Segments] = {}

    def may_mail(self, email: str) -> bool:
        """Whether this installation may mail the address: see MAIL_ALLOW."""
        return may_mail(self.settings, email)

    def envelope(self, row: Claimed, segments: bytes, form: Form) -> Envelope:
        """The finished mail. Raises SpliceError or Invalid where the address can't be mailed."""
        if row.rendering_id not in self._parsed:
            self._parsed[row.rendering_id] = Segments.from_bytes(segments)
        address = ascii_domain(row.email)
        made = self.tokens(row)
        body = self._parsed[row.rendering_id].splice(Recipient(address, made, row.fields), form)
        # The bounce address carries a token of its own, so that a returned mail finds its delivery and a forged one does not.
        bounce = tokens.make(BOUNCE, row.id, self.key)
        return Envelope(f"{self.sender}+{bounce}@{self.domain}", address, body, made.delivery)

    def tokens(self, row: Claimed) -> Tokens:
        """This delivery's tokens: the same over all attempts, so the Message-ID is too."""
        delivery = tokens.make(DELIVERY, row.id, self.key)
        click = (
            tokens.make(CLICK, row.id, self.key)
            if row.tracked
            else tokens.make(RENDERING, row.rendering_id, self.key)
        )
        return Tokens(
            click=click,
            unsubscribe=tokens.make(UNSUBSCRIBE, row.id, self.key),
            message_id=delivery,
            delivery=delivery,
            open=tokens.make(OPEN, row.id, self.key) if row.tracked else None,
        )


def ascii_domain(email: str) -> str:
    """The address with an internationalised domain in its ASCII form. Raises Invalid for a domain that has none."""
    if email.isascii():
        return email
    local, _, domain = email.rpartition("@")
    try:
        return f"{local}@{domain.encode('idna').decode()}"
    except UnicodeError:
        raise Invalid("This is no address a mail can be sent to.") from None
