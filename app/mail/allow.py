"""Nobody is mailed by accident: outside production a real transport mails only those whom MAIL_ALLOW names."""

from collections.abc import Callable

from app.settings import Settings


def may_mail(settings: Settings, address: str) -> bool:
    """Whether `address` may be mailed with these settings. The sandbox keeps everything to itself, so anyone may."""
    return allowed(settings)(address)


def allowed(settings: Settings) -> Callable[[str], bool]:
    """The same as a function of the address, for loops that look at the settings once."""
    if settings.environment == "production" or settings.mail_transport == "sandbox":
        return lambda _: True
    named = frozenset(settings.mail_allow)

    def is_named(address: str) -> bool:
        wanted = address.strip().lower()
        return wanted in named or "@" + wanted.rpartition("@")[2] in named

    return is_named
