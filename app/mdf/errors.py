"""What can go wrong with money: each error names the rule, and nothing is posted."""

from app.errors import Forbidden, Refused


class OwnDecision(Forbidden):
    """Somebody was about to decide on what they asked for themselves."""

    def __init__(self) -> None:
        super().__init__("No one decides on what they asked for themselves. A colleague must.")


class NotYours(Forbidden):
    """The row belongs to another organisation, or the role is too small."""

    def __init__(self) -> None:
        super().__init__("Only an administrator or a funds approver may decide on money.")


class TooLate(Refused):
    """A deadline has passed."""
