"""What can go wrong with one of the product's own mails, and whether trying again can help."""

from app.errors import External, Invalid


class HeaderRefused(Invalid):
    """A subject or an address holds a line break or another control character: it would forge a header."""


class MailRefused(External):
    """The mail server said no for good; another try won't help."""

    permanent = True


class MailDelayed(External):
    """The mail server can't be reached, or asks to try later."""
