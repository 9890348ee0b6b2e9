"""The example kits pass without a warning and between them use every type of slot; the command says what was found to people and programs."""

import json
import time
import zipfile
from pathlib import Path

import pytest
from click.testing import CliRunner

from app.kits.check import check_files
from app.kits.findings import excerpt
from app.kits.format import read_files, read_kit
from app.kits.pieces import SlotType
from app.kits.proofs import render_proofs
from cli import kit_report
from cli.kit import kit as command
from tests.kits.small import MAIL, TOML, mistaken, small
from tests.outbound.web import answer, web

KITS = Path(__file__).parents[2] / "examples" / "kits"
OWN = sorted(path.parent for path in KITS.glob("*/kit.toml"))


@pytest.mark.parametrize("path", OWN, ids=lambda path: path.name)
def test_an_example_kit_passes_without_a_warning_and_renders(path: Path) -> None:
    kit, found = check_files(read_files(path))
    assert found == []
    assert kit is not None
    proofs = render_proofs(kit)
    assert {f"email-{e.name}.{ending}" for e in kit.emails for ending in ("html", "txt", "eml")} <= set(
        proofs
    )
    assert all(len(data) <= 100_000 for name, data in kit.files.items() if name.endswith(".png"))


def test_the_two_example_kits_use_every_type_of_slot() -> None:
    kits = [read_kit(path) for path in OWN]
    assert len(kits) == 2
    assert {slot.type for kit in kits for slot in kit.slots} == set(SlotType)


def test_a_usual_kit_is_checked_within_a_second_of_the_processors_time() -> None:
    files = read_files(KITS / "bring-one-file-back")
    taken = []
    for _ in range(3):
        begun = time.process_time()
        check_files(files)
        taken.append(time.process_time() - begun)
    assert min(taken) < 1


def test_a_missing_kit_toml_is_one_finding() -> None:
    kit, found = check_files({"emails/a.mjml": b""})
    assert kit is None
    assert [(f.rule, f.file) for f in found] == [("toml", "kit.toml")]


def test_errors_come_first_then_file_line_and_column() -> None:
    files, _ = mistaken(
        MAIL, "{{ slot.headline }}", '{{ slot.a }} {{ slot.b }}<img src="http://a.example/x.png">'
    )
    files[TOML] = files[TOML].replace(b'label = "Headline"', b'labell = "Headline"')
    found = check_files(files)[1]
    places = [(f.severity.value == "warning", f.file, f.line, f.column) for f in found]
    assert places == sorted(places)
    assert {f.severity.value for f in found} == {"error", "warning"}


def write(files: dict[str, bytes], folder: Path) -> Path:
    for name, data in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    return folder


def test_the_command_prints_a_line_for_each_finding_and_fails_on_errors_only(tmp_path: Path) -> None:
    files, (line, column) = mistaken(MAIL, '<mj-text font-size="17px">', '<mj-text ¦font-sise="17px">')
    done = CliRunner().invoke(command, ["check", str(write(files, tmp_path / "bad"))])
    assert done.exit_code == 1
    assert done.output.splitlines() == [
        f"{MAIL}:{line}:{column}: error [mjml-attribute] <mj-text> has no attribute “font-sise”. Did you mean “font-size”?",
        "Small kit: 1 error, 0 warnings.",
    ]
    files, _ = mistaken(MAIL, '<mj-text font-size="17px">', '<mj-text font-size="17">')
    warned = CliRunner().invoke(command, ["check", str(write(files, tmp_path / "warned"))])
    assert (warned.exit_code, warned.output.splitlines()[-1]) == (0, "Small kit: 0 errors, 1 warning.")


def test_a_zip_is_checked_as_its_folder_is_and_a_broken_one_is_a_finding(tmp_path: Path) -> None:
    files, _ = mistaken(MAIL, "{{ slot.headline }}", "{{ slot.nope }}")
    with zipfile.ZipFile(tmp_path / "kit.zip", "w") as archive:
        for name, data in files.items():
            archive.writestr(f"small-kit/{name}", data)
    (tmp_path / "broken.zip").write_bytes(b"PK\x03\x04")
    packed = CliRunner().invoke(command, ["check", str(tmp_path / "kit.zip"), "--json"])
    plain = CliRunner().invoke(command, ["check", str(write(files, tmp_path / "folder")), "--json"])
    assert (packed.exit_code, packed.output) == (1, plain.output)
    broken = CliRunner().invoke(command, ["check", str(tmp_path / "broken.zip"), "--json"])
    assert broken.exit_code == 1
    assert [f["rule"] for f in json.loads(broken.output)["findings"]] == ["archive"]


def test_programs_get_one_object(tmp_path: Path) -> None:
    files, (line, column) = mistaken(MAIL, "{{ slot.headline }}", "{{ ¦slot.nope }}")
    done = CliRunner().invoke(command, ["check", str(write(files, tmp_path)), "--json"])
    report = json.loads(done.output)
    assert (report["errors"], report["warnings"]) == (1, 0)
    first = report["findings"][0]
    assert set(first) == {"rule", "severity", "file", "line", "column", "message", "mend"}
    assert (first["rule"], first["file"], first["line"], first["column"]) == (
        "slot-undeclared",
        MAIL,
        line,
        column,
    )


def test_in_a_terminal_the_line_is_shown_with_a_caret_under_the_column() -> None:
    files, (line, column) = mistaken(MAIL, '<mj-text font-size="17px">', '<mj-text ¦font-sise="17px">')
    found = check_files(files)[1][0]
    text, caret = excerpt(files, found)
    assert text[caret:].startswith("font-sise")
    shown = [strip(one) for one in kit_report.lines(found, files, rich=True)]
    assert shown[0].startswith(f"{MAIL}:{line}:{column}: error [mjml-attribute]")
    assert shown[1].index("font-sise") == shown[2].index("^")
    assert shown[3].strip() == "mend: Did you mean “font-size”?"
    long = {**files, MAIL: b"<mjml>" + b" " * 900 + b"<mj-x>"}
    far = check_files(long)[1]
    cut = [strip(one) for one in kit_report.lines(next(f for f in far if f.column > 900), long, rich=True)]
    assert cut[1].index("<mj-x>") == cut[2].index("^")
    assert max(map(len, cut[1:3])) < 140


def strip(text: str) -> str:
    """Without the terminal's colours."""
    import click

    return click.unstyle(text)


def test_names_and_lines_of_a_kit_can_not_move_the_terminal() -> None:
    files = {**small(), MAIL: small()[MAIL].replace(b"{{ slot.headline }}", b"\x1b[2J\x9b1m{{ slot.nope }}")}
    found = check_files(files)[1]
    assert all(
        character.isprintable()
        for f in found
        for one in kit_report.lines(f, files, rich=True)
        for character in strip(one)
    )


def test_online_asks_the_links_of_a_kit_in_a_folder_or_zip(tmp_path: Path) -> None:
    with web() as server:
        server.paths["/fine"] = answer(200, b"")
        server.paths["/shy"] = answer(403, b"")
        links = "".join(f'<a href="{server.url(path)}">x</a>' for path in ("/fine", "/gone", "/shy", "/gone"))
        files, _ = mistaken(MAIL, "{{ slot.headline }}", f"{{{{ slot.headline }}}} {links}")
        files[TOML] = files[TOML].replace(b"https://harbour-it.example/shop", b"https://127.0.0.1:1/")
        folder = str(write(files, tmp_path))
        plain = CliRunner().invoke(command, ["check", folder, "--json"])
        assert "link-gone" not in plain.output
        assert server.asked == []
        done = CliRunner().invoke(
            command, ["check", folder, "--online", "--json"], obj={"OUTBOUND_ALLOW": "127.0.0.1:*"}
        )
        found = [f for f in json.loads(done.output)["findings"] if f["rule"] == "link-gone"]
        assert [f["file"] for f in found] == [MAIL, MAIL, TOML]
        assert "(404)" in found[0]["message"]
        refused = CliRunner().invoke(
            command, ["check", folder, "--online"], obj={"ENVIRONMENT": "production"}
        )
        assert refused.output.count("private network") >= 3
