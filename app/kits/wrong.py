"""What is said about a value that doesn't fit its slot."""

from app.errors import Invalid


class SlotError(Invalid):
    """A value that doesn't fit its slot; the message says what is wrong and the mend, in one line."""
