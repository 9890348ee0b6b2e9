"""Links name views: each name that a template or a module gives to url_for is one, also on pages that no other test happens to fill."""

import re
from pathlib import Path

from flask import Flask

ROOT = Path(__file__).resolve().parents[2]
_NAME = re.compile(r"""url_for\(\s*["']([\w.]+)["']""")


def test_every_link_names_a_view(app: Flask) -> None:
    files = [path for path in (ROOT / "templates").rglob("*") if path.is_file()]
    files += (ROOT / "app").rglob("*.py")
    found = {(name, path.relative_to(ROOT)) for path in files for name in _NAME.findall(path.read_text())}
    assert len(found) > 300, "links are written in another way now: this test looks past them"
    unknown = [f"{path}: {name}" for name, path in sorted(found) if name not in app.view_functions]
    assert not unknown, "\n".join(unknown)
