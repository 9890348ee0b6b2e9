"""Nobody is mailed by accident: outside production a real transport mails only those whom MAIL_ALLOW names."""

from app.settings import Settings


def may_mail(settings: Settings, address: str) -> bool:
    """Whether `address` may be mailed with these settings. The sandbox keeps everything to itself, so anyone may."""
    if settings.environment == "production" or settings.mail_transport == "sandbox":
        return True
    wanted = address.strip().lower()
    domain = "@" + wanted.rpartition("@")[2]
    return any(entry in (wanted, domain) for entry in settings.mail_allow)
