"""The one base error of the product and its few kinds.

An error carries facts and a sentence for the person who meets it; `app.web.errors` maps kinds to responses.
"""

from collections.abc import Mapping


class AppError(Exception):
    """Base of every error the product raises on purpose. `message` is one line a person can act on."""

    def __init__(self, message: str, **facts: object) -> None:
        super().__init__(message)
        self.message = message
        self.facts = facts


class NotFound(AppError):
    """It isn't there, or it isn't yours: both look alike."""

    def __init__(self, message: str = "This page isn’t here, or isn’t yours.", **facts: object) -> None:
        super().__init__(message, **facts)


class Forbidden(AppError):
    """Signed in, at the right organisation, with too small a role."""


class Invalid(AppError):
    """Input that can't be accepted. `fields` maps a field's name to what is wrong with it."""

    def __init__(self, message: str, fields: Mapping[str, str] | None = None, **facts: object) -> None:
        super().__init__(message, **facts)
        self.fields = dict(fields or {})


class Refused(AppError):
    """A rule of the product forbids it; `message` names the rule and what mends it."""


class Conflict(AppError):
    """The thing has moved on since it was read: a late or a duplicate request."""


class TooMany(AppError):
    """A rate limit was reached."""


class External(AppError):
    """Another system failed. `permanent` says whether trying again can help."""

    permanent = False
