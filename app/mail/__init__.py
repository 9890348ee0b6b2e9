"""The product's own mails: invitations, resets, decisions, reminders. Rendered when posted, sent by a worker."""

from app.mail.posting import post

__all__ = ["post"]
