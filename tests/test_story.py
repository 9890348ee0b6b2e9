"""docs/story.md leads to functions that are there."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
LINK = re.compile(r"\[`(\w+)`\]\(\.\./([\w/]+\.py)\)")
LINKS = LINK.findall((ROOT / "docs" / "story.md").read_text(encoding="utf-8"))


def test_the_story_has_links() -> None:
    assert len(LINKS) > 40


@pytest.mark.parametrize(("name", "path"), sorted(set(LINKS)))
def test_each_link_leads_to_what_it_names(name: str, path: str) -> None:
    source = (ROOT / path).read_text(encoding="utf-8")
    assert re.search(rf"^\s*(def|class) {name}\b|^{name}\b", source, re.MULTILINE), f"{path} has no {name}"
