"""`kit render` writes each piece as HTML and text, in a made-up brand or in that of a file."""

import io
import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from PIL import Image

from app.kits.archive import KitError
from app.kits.brand_file import read_brand
from cli.kit import kit as command

EXAMPLE = Path(__file__).parents[2] / "examples" / "kits" / "bring-one-file-back"
TOML = """name = "Müller & Söhne"
postal_address = "Hauptstraße 1, 10115 Berlin"
website = "https://mueller.example"
primary_color = "#004d40"
logo = "logo.png"

[slots]
person = "Anna {{7*7}} Müller"

[vendor]
name = "Vendor <X>"
"""


def rendered(out: Path, *more: str) -> Result:
    return CliRunner().invoke(command, ["render", str(EXAMPLE), "--out", str(out), *more])


def nothing(_: str) -> bytes | None:
    return None


def test_each_piece_is_written_as_html_and_text(tmp_path: Path) -> None:
    done = rendered(tmp_path)
    assert done.exit_code == 0, done.output
    names = {path.name for path in tmp_path.iterdir()}
    for piece in ("email-invitation", "page-drill", "page-drill-thanks", "social-one_file", "playbook"):
        assert {f"{piece}.html", f"{piece}.txt"} <= names
    assert (tmp_path / "landing.css").stat().st_size > 1000
    assert "Wilhelminakade 88" in (tmp_path / "email-invitation.txt").read_text()
    assert "Name a file. We bring it back." in (tmp_path / "page-drill.txt").read_text()


def test_a_brand_from_a_file_dresses_every_piece(tmp_path: Path) -> None:
    picture = io.BytesIO()
    Image.new("RGB", (320, 96), "#004d40").save(picture, "PNG")
    (tmp_path / "logo.png").write_bytes(picture.getvalue())
    (tmp_path / "brand.toml").write_text(TOML)
    done = rendered(tmp_path / "out", "--brand", str(tmp_path / "brand.toml"))
    assert done.exit_code == 0, done.output
    html, text = ((tmp_path / "out" / f"email-invitation.{kind}").read_text() for kind in ("html", "txt"))
    assert "Müller &amp; Söhne" in html
    assert 'src="assets/partner-logo.png"' in html
    assert (tmp_path / "out" / "assets" / "partner-logo.png").exists()
    assert "Anna {{7*7}} Müller" in text
    assert "with Vendor <X>" in text
    assert "<X>" not in html
    assert "Harbour IT" not in text + html
    assert "#004d40" in (tmp_path / "out" / "brand.css").read_text()


def test_json_does_as_well() -> None:
    found = read_brand(json.dumps({"name": "Acme", "slots": {"a": "b"}}).encode(), "brand.json", nothing)
    assert (found.partner.name, found.partner.sender_name, found.slots) == ("Acme", "Acme", {"a": "b"})
    assert found.partner.postal_address  # no mail goes without


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('nam = "x"', "no “nam”"),
        ("name = 1", "one line of text"),
        ('name = "a\\nb"', "one line of text"),
        ('name = "x"\nprimary_color = "red"', "a colour like"),
        ('name = "x"\nwebsite = "javascript:alert(1)"', "begins with https"),
        ('name = "x"\nlogo = "none.png"', "no file none.png"),
        ('name = "x"\n[vendor]\nid = "1"', "no “vendor.id”"),
        ('name = "x"\nslots = 3', "are tables"),
        ("", "has no name"),
        ("name = ", "can’t be read"),
    ],
)
def test_a_brand_that_is_none_is_refused_with_the_reason(text: str, said: str) -> None:
    with pytest.raises(KitError) as refused:
        read_brand(text.encode(), "brand.toml", nothing)
    assert said in refused.value.message
    assert refused.value.mend


def test_a_slot_over_its_limit_or_unknown_is_refused(tmp_path: Path) -> None:
    for slots in ('person = "' + "x" * 500 + '"', 'nobody = "x"'):
        (tmp_path / "brand.toml").write_text(f'name = "x"\n[slots]\n{slots}\n')
        done = rendered(tmp_path / "out", "--brand", str(tmp_path / "brand.toml"))
        assert done.exit_code == 1
        assert "slots." in done.output
