"""README's table of settings says what the code does."""

import re
from dataclasses import fields
from pathlib import Path

from app.settings import Settings

README = Path(__file__).resolve().parent.parent / "README.md"


def test_every_setting_is_in_the_table_with_its_words() -> None:
    rows = dict(re.findall(r"^\| `([A-Z_]+)` \| (.+) \| [^|]+ \|$", README.read_text(), re.MULTILINE))
    assert rows == {item.name.upper(): item.metadata["doc"] for item in fields(Settings)}


def test_every_default_is_in_the_table() -> None:
    rows = dict(re.findall(r"^\| `([A-Z_]+)` \| .+ \| ([^|]+) \|$", README.read_text(), re.MULTILINE))
    for item in fields(Settings):
        if isinstance(item.default, str | int) and str(item.default):
            assert rows[item.name.upper()] == f"`{item.default}`"
