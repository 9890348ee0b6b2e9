"""The macros of `templates/components/` as one object, `ui`, in every template; and addresses of static files.

A macro is found by its name, whichever file it lives in, so that pages need no import lines.
"""

import hashlib
from pathlib import Path
from typing import Any

from flask import Flask, url_for
from jinja2 import Environment

from app.web.states import mark

_FOLDER = "components/"


class Components:
    """`ui.button(…)` finds the macro `button` in the folder of components. Templates are compiled on first use."""

    def __init__(self, environment: Environment) -> None:
        self._environment = environment
        self._macros: dict[str, Any] = {}

    def __getattr__(self, name: str) -> Any:
        """The macro called `name`. Raises AttributeError where no file has it: a template's misspelling fails loudly."""
        if name.startswith("_"):
            raise AttributeError(name)
        if name not in self._macros or self._environment.auto_reload:
            self._load()
        try:
            return self._macros[name]
        except KeyError:
            raise AttributeError(f"there is no component called {name}") from None

    def _load(self) -> None:
        found: dict[str, Any] = {}
        for path in self._environment.list_templates(filter_func=lambda name: name.startswith(_FOLDER)):
            module = self._environment.get_template(path).module
            found.update({name: value for name, value in vars(module).items() if not name.startswith("_")})
        self._macros = found


class Assets:
    """Addresses of static files, with a hash of the content so that browsers may keep them for a year."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._seen: dict[str, tuple[float, str]] = {}

    def url(self, name: str) -> str:
        """`/static/NAME?v=HASH` on the origin of this request; without a hash where the file isn't there."""
        found = self.version(name)
        return url_for("static", filename=name, v=found) if found else url_for("static", filename=name)

    def version(self, name: str) -> str | None:
        """Ten characters that change with the content; None where the file isn't there."""
        path = self._folder / name
        try:
            changed = path.stat().st_mtime
        except OSError:
            return None
        if name not in self._seen or self._seen[name][0] != changed:
            self._seen[name] = (changed, hashlib.sha256(path.read_bytes()).hexdigest()[:10])
        return self._seen[name][1]


def register(app: Flask) -> None:
    """Give templates `ui`, `asset_url` and the marks of states."""
    assets = Assets(Path(app.static_folder or "static"))
    app.jinja_env.globals.update(ui=Components(app.jinja_env), asset_url=assets.url, state_mark=mark)
