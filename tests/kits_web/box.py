"""Kits for tests: the one that comes with the product, as a zip, with words of it changed."""

import io
import zipfile
from pathlib import Path

from app.accounts.actor import Actor
from app.accounts.models import Role
from app.db import db
from app.kits import publish
from app.kits.models import KitVersion
from tests.assets.pictures import picture
from tests.rig.cast import Cast

# Small pictures in place of the kit's own: drawing those anew takes a second, and no test here looks at them.
_DOT = picture(size=(64, 36))
FOLDER = Path(__file__).parents[2] / "examples" / "kits" / "secure-the-hybrid-office"


def files() -> dict[str, bytes]:
    """The kit's files by their paths, its pictures as dots."""
    found = {
        path.relative_to(FOLDER).as_posix(): path.read_bytes()
        for path in sorted(FOLDER.rglob("*"))
        if path.is_file()
    }
    return {path: _DOT if path.endswith(".png") else data for path, data in found.items()}


def zipped(changed: dict[str, bytes | None] | None = None, version: str = "1.0", **toml: str) -> bytes:
    """The kit as a zip. `changed` replaces files (None takes one out); `toml` replaces keys at the top of kit.toml."""
    found: dict[str, bytes | None] = {**files(), **(changed or {})}
    head = found["kit.toml"].decode() if found["kit.toml"] else ""
    for key, value in {"version": f'"{version}"', **toml}.items():
        head = "\n".join(
            f"{key} = {value}" if line.startswith(f"{key} = ") and i < 12 else line
            for i, line in enumerate(head.split("\n"))
        )
    found["kit.toml"] = head.encode()
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in found.items():
            if data is not None:
                archive.writestr(name, data)
    return out.getvalue()


def ingrid(cast: Cast) -> Actor:
    """Northwind's marketer at work."""
    return Actor(cast.ingrid, cast.northwind, Role.MARKETER)


def published(
    cast: Cast, version: str = "1.0", changed: dict[str, bytes | None] | None = None, **toml: str
) -> KitVersion:
    """A version of Northwind's kit that is open to partners; committed."""
    made = publish.import_version(ingrid(cast), zipped(changed, version, **toml))
    publish.publish(ingrid(cast), made, f"What is new in {version}.")
    db.session.commit()
    return made
