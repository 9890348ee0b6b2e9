"""The guide to the kit format lets a stranger write a kit that passes: the kit it shows, copied as it stands, has no findings."""

import re
from pathlib import Path

from app.kits.check import check_files
from app.kits.proofs import render_proofs

GUIDE = (Path(__file__).parents[2] / "docs" / "kit-format.md").read_text()


def first_kit() -> dict[str, bytes]:
    """The files the guide shows under their names."""
    shown = re.findall(r"^\*\*`([\w./-]+)`\*\*\n\n```\w+\n(.*?)^```$", GUIDE, re.MULTILINE | re.DOTALL)
    return {name: text.encode() for name, text in shown}


def test_the_first_kit_of_the_guide_passes_and_renders() -> None:
    files = first_kit()
    assert set(files) == {"kit.toml", "emails/invitation.mjml", "landing/visit.html", "playbook.md"}
    kit, found = check_files(files)
    assert found == []
    assert kit is not None
    assert {"email-invitation.html", "page-visit.html", "playbook.md"} <= set(render_proofs(kit))


def test_the_finding_the_guide_shows_is_what_the_check_says() -> None:
    files = first_kit()
    mail = files["emails/invitation.mjml"].decode()
    files["emails/invitation.mjml"] = mail.replace(
        '<mj-text font-size="28px"', '<mj-text colour="#1c2730"'
    ).encode()
    found = check_files(files)[1][0]
    assert f"    {found.file}:{found.line}:{found.column}: error [{found.rule}] {found.message}" in GUIDE
    assert f"mend: {found.mend[:22]}" in GUIDE
