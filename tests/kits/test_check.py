"""The check names every mistake with file, line and mend; our own kit has none."""

from pathlib import Path

import pytest

from app.kits.check import Finding, check_files
from app.kits.format import read_files
from app.kits.proofs import render_proofs

OWN = Path(__file__).parents[2] / "examples" / "kits" / "secure-the-hybrid-office"
MAIL, PAGE, TOML = "emails/invitation.mjml", "landing/check.html", "kit.toml"


def findings_after(file: str, old: str, new: str) -> tuple[list[Finding], int]:
    """What the check says of our kit with one mistake made, and the mistake's line."""
    files = read_files(OWN)
    text = files[file].decode()
    assert old in text
    line = text[: text.index(old)].count("\n") + 1
    return check_files({**files, file: text.replace(old, new, 1).encode()})[1], line


def test_our_own_kit_passes_without_a_warning_and_renders() -> None:
    kit, found = check_files(read_files(OWN))
    assert found == []
    assert kit is not None
    proofs = render_proofs(kit)
    assert {
        "email-invitation.html",
        "email-invitation.txt",
        "email-invitation.eml",
        "page-check.html",
        "playbook.md",
    } <= set(proofs)
    assert all(len(data) <= 100_000 for name, data in kit.files.items() if name.endswith(".png"))


@pytest.mark.parametrize(
    ("file", "old", "new", "rule", "severity"),
    [
        (MAIL, "{{ slot.headline }}", "{{ slot.headlin }}", "slot-undeclared", "error"),
        (MAIL, "{{ slot.headline }}", "{{ slot.headline() }}", "placeholder", "error"),
        (MAIL, "{{ slot.headline }}", "{{ slot.headline", "placeholder", "error"),
        (MAIL, "{{ slot.headline }}", "{% if contact.company %}x{% endif %}", "contact-condition", "error"),
        (MAIL, "{{ slot.headline }}", "*|FNAME|*", "foreign-placeholder", "warning"),
        (MAIL, "{{ slot.headline }}", "<script>x</script>", "forbidden-tag", "error"),
        (MAIL, '<b class="title">What we need', '<b onclick="x()">What we need', "event-handler", "error"),
        (
            MAIL,
            'alt="A house at dusk: a laptop glows in the window, and the front door stands open" ',
            "",
            "alt-text",
            "error",
        ),
        (MAIL, 'src="assets/hero.png"', 'src="assets/none.png"', "asset-missing", "error"),
        (MAIL, "<mj-spacer ", "<mj-spacr ", "mjml-tag", "error"),
        (MAIL, '<mj-spacer height="1px" />', '<mj-include path="a.mjml" />', "mj-include", "error"),
        (MAIL, 'href="tel:{{ slot.phone }}"', 'href="http://a.example"', "link-http", "warning"),
        (MAIL, 'href="tel:{{ slot.phone }}"', 'href="#"', "link-dead", "warning"),
        (
            MAIL,
            'color="#ffffff" font-size="17px"',
            'color="#c97b4a" font-size="17px"',
            "contrast",
            "warning",
        ),
        (PAGE, "<h1>", '<h1 style="color:red">', "page-style", "warning"),
        (PAGE, "{{ slot.person }} does", "{{ contact.first_name }} does", "placeholder", "error"),
    ],
)
def test_a_mistake_is_found_on_its_line(file: str, old: str, new: str, rule: str, severity: str) -> None:
    found, line = findings_after(file, old, new)
    match = [f for f in found if f.rule == rule]
    assert match, found
    assert (match[0].file, match[0].line, match[0].severity) == (file, line, severity)
    assert match[0].message
    assert match[0].mend


@pytest.mark.parametrize(
    ("file", "old", "new", "rule"),
    [
        (
            MAIL,
            '<a class="quiet-words" href="{{ link.unsubscribe }}">Unsubscribe with one click</a>',
            "",
            "no-unsubscribe",
        ),
        (MAIL, "{{ partner.postal_address }}", "", "no-address"),
        (MAIL, "{{ why }}", "", "no-why"),
        (MAIL, "{{ slot.headline }}", "wort " * 22_000, "size"),
        (MAIL, "</mj-group>", "", "mjml"),
        (PAGE, "{{ form }}", "", "form"),
        (PAGE, "<h1>Is home the weakest door to your office?</h1>", "", "page-heading"),
        (TOML, 'subject = "{{ slot.subject }}"', 'subject = "{{ slot.nothing }}"', "slot-undeclared"),
        (TOML, "{{ slot.person }} calls you within", "{{ slot.nobody }} calls you within", "slot-undeclared"),
        (TOML, 'description = "Two', 'descriptoin = "Two', "toml-key"),
        (TOML, 'alt = "A front door standing open beside a laptop on a kitchen table"', "", "alt-text"),
        (TOML, "[playbook]", '[[slots]]\nname = "unused"\nlabel = "Unused"\n\n[playbook]', "slot-unused"),
    ],
)
def test_a_gap_is_found(file: str, old: str, new: str, rule: str) -> None:
    found, _ = findings_after(file, old, new)
    assert rule in {f.rule for f in found}
    assert all(f.mend for f in found)


def test_an_unused_and_a_heavy_file_are_warned_of() -> None:
    files = {**read_files(OWN), "assets/big.png": b"x" * 1_500_000}
    assert {f.rule for f in check_files(files)[1]} == {"asset-unused", "image-heavy"}


def test_a_missing_kit_toml_is_one_finding() -> None:
    kit, found = check_files({"emails/a.mjml": b""})
    assert kit is None
    assert [f.rule for f in found] == ["toml"]
