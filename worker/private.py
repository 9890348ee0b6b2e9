"""Small files that only their owner may read, written whole or not at all."""

import os
import secrets
from pathlib import Path


def write(path: Path, text: str) -> None:
    """Write a file, replacing the one that is there."""
    _draft(path, text).replace(path)


def write_once(path: Path, text: str) -> str:
    """Write a file unless it is there; of several at once one wins. Returns what the file holds."""
    if not path.exists():
        draft = _draft(path, text)
        try:
            path.hardlink_to(draft)
        except FileExistsError:
            pass  # somebody was faster; theirs counts
        finally:
            draft.unlink()
    return path.read_text()


def _draft(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    return draft
