"""Whether this process was asked to stop: long work looks here between two steps and leaves the rest to the next run."""

_asked = False


def ask(*_signal: object) -> None:
    """Ask for an early, orderly end; usable as a signal handler."""
    global _asked
    _asked = True


def asked() -> bool:
    """True once somebody asked."""
    return _asked
