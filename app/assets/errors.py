"""What can go wrong with stored files."""

from app.errors import External, NotFound

TROUBLE = "Files can’t be stored or read just now. Nothing was changed; try again in a minute."
MISCONFIGURED = (
    "The place where files are kept refuses us. Nothing was changed; tell whoever runs this installation."
)


class FileGone(NotFound):
    """No file lies under this key."""


class StoreFailed(External):
    """The disk or the object store doesn't answer as it should: full, away, or busy."""


class StoreMisconfigured(StoreFailed):
    """The object store says no for good: a bucket that isn't there, a wrong key, no permission. Somebody must mend the settings."""

    permanent = True
