"""Any public MJML template becomes a kit that checks without errors, and what needs a look is listed."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from app.kits.archive import KitError
from app.kits.check import check_files
from app.kits.mjml_import import import_mjml
from app.kits.proofs import render_proofs
from cli.kit import kit as command

SHARED = Path(__file__).parents[3] / "shared" / "data" / "mjml"
TEMPLATES = sorted(SHARED.glob("*.mjml"))
BODY = "<mjml><mj-body><mj-section><mj-column>{}</mj-column></mj-section></mj-body></mjml>"


def imported(part: str) -> tuple[str, str]:
    """The MJML of the kit made from this part, and all notes in one text."""
    files, notes = import_mjml(BODY.format(part).encode(), "A template")
    _, found = check_files(files)
    assert not [f for f in found if f.severity == "error"], found
    return files["emails/a-template.mjml"].decode(), "\n".join(n.text for n in notes)


@pytest.mark.skipif(
    not TEMPLATES, reason="the public templates lie beside the checkout, in shared/data/mjml, which is absent"
)
@pytest.mark.parametrize("path", TEMPLATES, ids=lambda p: p.stem)
def test_a_public_template_becomes_a_kit_that_checks_and_renders(path: Path, tmp_path: Path) -> None:
    runner = CliRunner()
    made = runner.invoke(command, ["new", str(tmp_path / "kit"), "--from-mjml", str(path)])
    assert made.exit_code == 0, made.output
    checked = runner.invoke(command, ["check", str(tmp_path / "kit"), "--json"])
    assert checked.exit_code == 0, checked.output
    assert json.loads(checked.output)["errors"] == 0
    rendered = runner.invoke(command, ["render", str(tmp_path / "kit"), "--out", str(tmp_path / "out")])
    assert rendered.exit_code == 0, rendered.output
    html = (tmp_path / "out" / "email-mail.html").read_text()
    assert "Unsubscribe with one click" in html
    assert "Wilhelminakade 88" in html
    assert "Unsubscribe with one click" in (tmp_path / "out" / "email-mail.txt").read_text()


def test_foreign_placeholders_stay_literal_unless_they_are_plain_names() -> None:
    source, notes = imported(
        "<mj-text>Hey {{FirstName}} *|MC:SUBJECT|* {{#if x}}a{{/if}} {% foreign %} {# note #} {{Company}}</mj-text>"
    )
    assert 'Hey {{ contact.first_name | default("there") }}' in source
    files, _ = import_mjml(
        BODY.format("<mj-text>{{#if x}} {{Company}} {% y %} *|MC|*</mj-text>").encode(), "A"
    )
    kit, _found = check_files(files)
    assert kit is not None
    assert "{{#if x}} {{Company}} {% y %} *|MC|*" in render_proofs(kit)["email-mail.txt"].decode()
    assert "{{Company}} is a placeholder of another system" in notes


def test_a_foreign_placeholder_is_warned_of_by_the_check() -> None:
    files, _ = import_mjml(BODY.format("<mj-text>{{Company}}</mj-text>").encode(), "A")
    assert "foreign-placeholder" in {f.rule for f in check_files(files)[1]}


def test_a_foreign_unsubscribe_link_becomes_ours() -> None:
    source, notes = imported('<mj-text><a href="*|UNSUB|*">Leave</a></mj-text>')
    assert '<a href="{{ link.unsubscribe }}">Leave' in source
    assert "became the unsubscribe link" in notes


def test_pictures_get_alt_and_https_and_are_reported() -> None:
    source, notes = imported(
        '<mj-image src="http://a.example/x.png"></mj-image><mj-image alt="Kept" src="https://a.example/y.png" />'
    )
    assert '<mj-image alt="" src="https://a.example/x.png">' in source
    assert 'alt="Kept"' in source
    assert "somebody else’s server" in notes


def test_scripts_handlers_and_includes_are_taken_out_and_reported() -> None:
    source, notes = imported(
        '<mj-raw><script>x</script></mj-raw><mj-text><p onclick="x()">a</p></mj-text><mj-include path="./b.mjml" />'
    )
    assert "script" not in source
    assert "onclick" not in source
    assert "mj-include" not in source
    assert notes.count("removed") == 3


def test_what_is_no_template_is_refused() -> None:
    with pytest.raises(KitError):
        import_mjml(b"<html></html>", "x")


def test_the_command_fails_on_a_kit_with_errors(tmp_path: Path) -> None:
    (tmp_path / "kit.toml").write_text('name = "x"\n')
    assert CliRunner().invoke(command, ["check", str(tmp_path)]).exit_code == 1
    assert CliRunner().invoke(command, ["render", str(tmp_path), "--out", str(tmp_path / "o")]).exit_code == 1
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "x").write_text("")
    template = tmp_path / "t.mjml"
    template.write_text(BODY.format(""))
    assert (
        CliRunner().invoke(command, ["new", str(tmp_path / "full"), "--from-mjml", str(template)]).exit_code
        == 1
    )
