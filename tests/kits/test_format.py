"""A kit is read from folder or zip to the same thing; what is wrong is told with file, line and mend."""

import io
import json
import stat
import zipfile
from pathlib import Path

import pytest

from app.kits import archive
from app.kits.archive import KitError
from app.kits.format import KitSource, read_files, read_kit, survey

OWN = Path(__file__).parents[2] / "examples" / "kits" / "secure-the-hybrid-office"


def zipped(files: dict[str, bytes], folder: str = "") -> bytes:
    """These files as a zip."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, data in files.items():
            packed.writestr(folder + name, data)
    return out.getvalue()


def test_folder_zip_and_zip_with_a_folder_inside_are_the_same_kit(tmp_path: Path) -> None:
    kit = read_kit(OWN)
    assert read_kit(zipped(dict(kit.files))) == kit
    wrapped = tmp_path / "kit.zip"
    wrapped.write_bytes(zipped(dict(kit.files), "my-kit/"))
    assert read_kit(wrapped) == kit
    assert dict(read_kit(wrapped).files) == dict(kit.files)


def test_the_manifest_goes_through_json_and_back() -> None:
    kit = read_kit(OWN)
    assert KitSource.from_manifest(json.loads(json.dumps(kit.to_manifest()))) == kit
    assert KitSource.from_manifest({**kit.to_manifest(), "of_the_future": 1}) == kit


@pytest.mark.parametrize(
    "name",
    [
        "../evil.txt",
        "a/../../evil",
        "/etc/passwd",
        "C:\\x",
        "a\\b",
        "a/./b",
        "con.txt",
        "a//b",
        "x/\u202ea",
        "e\nvil",
        "-x/.git",
    ],
)
def test_a_file_name_that_leads_elsewhere_is_refused(name: str) -> None:
    with pytest.raises(KitError):
        read_files(zipped({"kit.toml": b"", name: b"x"}))


def test_a_link_is_refused_in_a_zip_and_in_a_folder(tmp_path: Path) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as packed:
        link = zipfile.ZipInfo("assets/a.png")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        packed.writestr(link, "/etc/passwd")
    with pytest.raises(KitError, match="link"):
        read_files(out.getvalue())
    (tmp_path / "a.txt").symlink_to("/etc/passwd")
    with pytest.raises(KitError, match="link"):
        read_files(tmp_path)


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_file_that_is_there_twice_is_refused() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as packed:
        packed.writestr("kit.toml", "a")
        packed.writestr("kit.toml", "b")
    with pytest.raises(KitError, match="twice"):
        read_files(out.getvalue())
    with pytest.raises(KitError, match="capitals"):
        read_files(zipped({"kit.toml": b"", "KIT.toml": b""}))


def test_bombs_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(KitError, match="tight"):
        read_files(zipped({"kit.toml": b"\0" * 5_000_000}))
    with pytest.raises(KitError, match="500 files"):
        read_files(zipped({f"a{n}": b"" for n in range(501)}))
    monkeypatch.setattr(archive, "MAX_TOTAL", 10)
    with pytest.raises(KitError, match="60 MB"):
        read_files(zipped({"a": b"123456", "b": b"123456"}))


def test_a_zip_that_is_none_is_told_in_words() -> None:
    with pytest.raises(KitError, match="no zip"):
        read_files(b"PK\x03\x04 nonsense")


def test_every_mistake_in_kit_toml_is_told_with_its_line() -> None:
    text = 'name = "A"\nslug = "A b"\nversion = "1.0"\nsummary = "S"\n\n[[slots]]\nname = "x"\ntypo = 1\n\n[[emails]]\nname = "m"\n'
    text += 'title = "M"\nsubject = "S"\nfile = "emails/none.mjml"\n'
    _, problems = survey({"kit.toml": text.encode()})
    assert {(p.line, p.plain.split("”")[0].strip("“")) for p in problems} == {
        (2, "slug"), (6, "label"), (8, "typo"), (14, "There is no file emails/none.mjml."),
    }  # fmt: skip
    assert all(p.mend for p in problems)


def test_a_broken_toml_is_told_with_its_line() -> None:
    with pytest.raises(KitError, match=r"kit\.toml:2"):
        read_kit(zipped({"kit.toml": b'name = "a"\nslug = \n'}))
