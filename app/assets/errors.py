"""What can go wrong with stored files."""

from app.errors import External, NotFound


class FileGone(NotFound):
    """No file lies under this key."""


class StoreFailed(External):
    """The disk or the object store refuses: full, away, or misconfigured."""
