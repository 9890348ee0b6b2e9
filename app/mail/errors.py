"""What can go wrong with one of the product's own mails, and whether trying again can help."""

from app.errors import External, Invalid


class HeaderRefused(Invalid):
    """A subject or an address holds a line break or another control character: it would forge a header."""


class MailRefused(External):
    """The mail server said no for good; another try won't help."""

    permanent = True


class MailDelayed(External):
    """The mail server can't be reached, or asks to try later."""


class MailUncertain(MailDelayed):
    """The connection broke after the mail had left and before the answer: it may have arrived. A mail of the product itself is
    tried again all the same (twice does no harm); a finished message never is.
    """
