"""Where the files of an asset lie in the store: what it is made from is private, its sizes lie under `public/` while it may be shown."""

from app.assets.store import PUBLIC

ORIGINALS = "assets/"
INCOMING = "incoming/"


def original_key(organisation_pid: str, sha256: str, ending: str) -> str:
    """The file itself, at full size."""
    return f"{ORIGINALS}{organisation_pid}/{sha256}.{ending}"


def thumb_key(organisation_pid: str, sha256: str, ending: str) -> str:
    """The small one of a private picture."""
    return f"{ORIGINALS}{organisation_pid}/{sha256}-thumb.{ending}"


def rendering_key(pid: str, size: str, ending: str) -> str:
    """A public picture at one of its sizes (see app.assets.sizes)."""
    return f"{PUBLIC}{pid}/{size}.{ending}"


def public_folder(pid: str) -> str:
    """Where all sizes of a public picture lie."""
    return f"{PUBLIC}{pid}/"
