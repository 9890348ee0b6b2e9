"""What can go wrong at the doors: words for people, the same whether an account exists or not."""

from datetime import datetime

from app.errors import AppError, NotFound, Refused, TooMany


class WrongPassword(AppError):
    """Address and password don't match, or there is no such person: both look alike. `left` tries remain."""

    def __init__(self, left: int) -> None:
        if left > 0:
            message = f"Email and password don’t match. You have {left} {'try' if left == 1 else 'tries'} left before a pause of 15 minutes."
        else:
            message = "Email and password don’t match. Sign-in now pauses for 15 minutes; a new password by mail works at once."
        super().__init__(message)
        self.left = left


class Paused(TooMany):
    """Too many tries from here; `until` says when the next one counts."""

    def __init__(self, until: datetime) -> None:
        super().__init__("Too many tries. Wait 15 minutes, or ask for a new password by mail.")
        self.until = until


class NoSeat(Refused):
    """The password is right, but the person belongs to no organisation any more."""

    def __init__(self) -> None:
        super().__init__(
            "You belong to no organisation any more. Ask an administrator of yours for an invitation."
        )


class InvitationClosed(NotFound):
    """The invitation is used, revoked, too old, or was never one."""

    def __init__(self) -> None:
        super().__init__(
            "This invitation is used up, withdrawn or older than 14 days. Ask whoever invited you to send it again."
        )


class LinkWornOut(NotFound):
    """A link to choose a new password is too old or was used."""

    def __init__(self) -> None:
        super().__init__("This link is used up or too old. Ask for a new one on the sign-in page.")


class LastAdmin(Refused):
    """An organisation without an administrator could never mend itself."""

    def __init__(self, organisation: str) -> None:
        super().__init__(f"{organisation} needs an administrator. Make somebody else one first.")
