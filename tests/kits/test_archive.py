"""What a zip can hide is refused with the file and the reason, before anything of it is kept."""

import bz2
import io
import random
import stat
import struct
import unicodedata
import zipfile
from pathlib import Path

import pytest

from app.kits import archive
from app.kits.archive import KitError, read_zip

TOML = b'name = "A"\n'


def packed(files: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A zip of these files."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as box:
        for name, data in files.items():
            box.writestr(zipfile.ZipInfo(name), data, method)
    return out.getvalue()


def with_entry(info: zipfile.ZipInfo, data: bytes = b"x") -> bytes:
    """A kit's zip with one entry made by hand."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as box:
        box.writestr("kit.toml", TOML)
        box.writestr(info, data)
    return out.getvalue()


def patched(data: bytes, name: bytes, offset: int, value: bytes, *, central: bool = True) -> bytes:
    """The zip with bytes of this entry's header changed: `offset` counts from the header's beginning."""
    mark, fixed = (b"PK\x01\x02", 46) if central else (b"PK\x03\x04", 30)
    at = data.find(mark)
    while data[at + fixed : at + fixed + len(name)] != name:
        at = data.find(mark, at + 4)
        assert at > 0, "there is such an entry"
    return data[: at + offset] + value + data[at + offset + len(value) :]


def refusal(data: bytes) -> KitError:
    with pytest.raises(KitError) as caught:
        read_zip(data)
    assert caught.value.mend, "it says what to do"
    assert caught.value.rule == "archive"
    return caught.value


@pytest.mark.parametrize(
    "name",
    [
        "../kit.toml",
        "assets/../../etc/passwd",
        "/etc/passwd",
        "//server/share",
        "C:/Windows/win.ini",
        "assets\\a.png",
        "..\\a.png",
        "assets//a.png",
        "./a.png",
        "assets/con",
        "assets/NUL.png",
        "aux .txt",
        "com1.txt",
        "lpt¹.md",
        "assets/a.png.",
        "assets/a ",
        "assets/.hidden",
        "a\nb.png",
        "a\u202egnp.exe",
        "assets/" + "a" * 200,
        "~/a.png",
        "-a/$(x).png",
    ],
)
def test_a_name_that_leads_elsewhere_or_is_no_plain_name_is_refused(name: str) -> None:
    error = refusal(packed({"kit.toml": TOML, name: b"x"}))
    assert "name can’t be used" in error.plain
    assert error.file
    assert error.file.isprintable(), "what the zip says is shown harmless"


def test_a_name_with_a_nul_isn_t_cut_at_it() -> None:
    data = packed({"kit.toml": TOML, "assets/a.png_.php": b"x"})
    data = data.replace(b"assets/a.png_.php", b"assets/a.png\0.php")
    assert "name can’t be used" in refusal(data).plain


def test_folders_too_have_plain_names() -> None:
    assert refusal(packed({"kit.toml": TOML, "../up/": b""})).file == "../up"


@pytest.mark.parametrize(
    "name", ["assets/bild.png", "documents/Übersicht 2026 (neu).pdf", "emails/один.mjml"]
)
def test_names_as_people_give_them_are_taken(name: str) -> None:
    assert set(read_zip(packed({"kit.toml": TOML, name: b"x"}))) == {"kit.toml", name}


def test_one_folder_around_all_of_it_is_taken_off() -> None:
    files = {
        "My kit/kit.toml": TOML,
        "My kit/assets/a.png": b"x",
        "__MACOSX/._a": b"x",
        "My kit/.DS_Store": b"x",
    }
    assert set(read_zip(packed(files))) == {"kit.toml", "assets/a.png"}
    assert set(read_zip(packed({"a/kit.toml": TOML, "b/x": b"x"}))) == {"a/kit.toml", "b/x"}, "two are none"


@pytest.mark.parametrize(
    ("mode", "said"),
    [
        (stat.S_IFLNK, "A link"),
        (stat.S_IFIFO, "a pipe"),
        (stat.S_IFCHR, "device"),
        (stat.S_IFBLK, "device"),
        (stat.S_IFSOCK, "device"),
    ],
)
def test_what_is_no_file_is_refused(mode: int, said: str) -> None:
    info = zipfile.ZipInfo("assets/a.png")
    info.external_attr = (mode | 0o777) << 16
    error = refusal(with_entry(info, b"/etc/passwd"))
    assert said in error.plain
    assert error.file == "assets/a.png"


@pytest.mark.parametrize(
    "extra",
    [
        struct.pack("<HHLLHH", 0x000D, 12 + 11, 0, 0, 0, 0) + b"/etc/passwd",
        struct.pack("<HHLHLHH", 0x756E, 14 + 4, 0, 0o100644, 11, 0, 0) + b"/etc",
    ],
    ids=["PKWARE’s Unix field", "ASi’s Unix field"],
)
def test_a_hard_link_is_refused(extra: bytes) -> None:
    info = zipfile.ZipInfo("assets/a.png")
    info.extra = extra
    assert "A link" in refusal(with_entry(info)).plain


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_the_same_file_twice_is_refused_however_it_is_written() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as box:
        box.writestr("kit.toml", TOML)
        box.writestr("kit.toml", b"other")
    assert "twice" in refusal(out.getvalue()).plain
    for one, two in (
        ("assets/Logo.png", "assets/logo.PNG"),
        ("assets/ﬁle.png", "assets/file.png"),
        ("assets/straße.png", "assets/STRASSE.png"),
        ("Assets/a.png", "assets/a.png"),
    ):
        error = refusal(packed({"kit.toml": TOML, one: b"x", two: b"y"}))
        assert error.file == two
        assert one in error.plain


def test_one_spelling_of_a_letter_is_used_and_two_are_one_file() -> None:
    composed, apart = (unicodedata.normalize(form, "assets/é.png") for form in ("NFC", "NFD"))
    assert set(read_zip(packed({"kit.toml": TOML, apart: b"x"}))) == {"kit.toml", composed}
    assert "twice" in refusal(packed({"kit.toml": TOML, composed: b"x", apart: b"y"})).plain


def test_a_file_where_another_s_folder_is_is_refused() -> None:
    error = refusal(packed({"kit.toml": TOML, "assets": b"x", "assets/a.png": b"x"}))
    assert (error.file, "file and a folder" in error.plain) == ("assets/a.png", True)


def test_a_bomb_with_honest_sizes_is_refused_unread() -> None:
    error = refusal(packed({"kit.toml": TOML, "assets/zeros.png": bytes(5_000_000)}))
    assert ("tight" in error.plain, error.file) == (True, "assets/zeros.png")
    stored = packed({"kit.toml": TOML, "assets/large.png": bytes(21 * 1024 * 1024)}, zipfile.ZIP_STORED)
    assert "20 MB" in refusal(stored).plain


def test_a_bomb_that_lies_about_its_size_unpacks_no_further_than_it_says() -> None:
    data = packed({"kit.toml": TOML, "assets/zeros.png": bytes(5_000_000)})
    for size in (10, 99_000):
        lie = patched(data, b"assets/zeros.png", 24, struct.pack("<L", size))
        assert refusal(lie).file == "assets/zeros.png"


def test_many_small_ones_are_refused_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "MAX_TOTAL", 10)
    assert "60 MB" in refusal(packed({"kit.toml": TOML, "b": b"123456"})).plain


def test_too_many_files_are_refused_without_reading_the_list() -> None:
    many = packed({"kit.toml": TOML} | {f"assets/{n}.txt": b"" for n in range(500)})
    assert "500 files" in refusal(many).plain
    end = len(many) - 22
    lie = many[: end + 8] + struct.pack("<HH", 60_000, 60_000) + many[end + 12 :]
    assert "500 files" in refusal(lie).plain
    wide = many[: end + 12] + struct.pack("<L", 50_000_000) + many[end + 16 :]
    assert "500 files" in refusal(wide).plain


def test_a_zip_in_the_kit_is_refused_under_any_name() -> None:
    inner = packed({"deep.txt": bytes(1_000)})
    for name in ("assets/inner.zip", "documents/list.pdf", "assets/a.png"):
        error = refusal(packed({"kit.toml": TOML, name: inner}))
        assert ("archive" in error.plain, error.file) == (True, name)
    assert "archive" in refusal(packed({"kit.toml": TOML, "assets/a.tar.gz": b"\x1f\x8b"})).plain
    assert read_zip(packed({"kit.toml": TOML, "documents/slides.pptx": inner})), (
        "slides are zips by their nature"
    )


def test_a_locked_file_is_told_by_name() -> None:
    data = packed({"kit.toml": TOML, "assets/a.png": b"secret"})
    for central in (True, False):
        data = patched(data, b"assets/a.png", 8 if central else 6, b"\x01\x00", central=central)
    error = refusal(data)
    assert ("password" in error.plain, error.file) == (True, "assets/a.png")


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_packing_that_can_t_be_bounded_is_refused(method: int) -> None:
    assert len(bz2.compress(bytes(1_000_000))) < 100, "which is why"
    assert "unusual" in refusal(packed({"kit.toml": TOML, "assets/a.png": bytes(100)}, method)).plain


def test_a_file_that_is_not_what_its_sum_says_is_told_by_name() -> None:
    data = packed({"kit.toml": TOML, "assets/a.png": b"0123456789" * 50}, zipfile.ZIP_STORED)
    error = refusal(data.replace(b"0123456789", b"9876543210"))
    assert ("damaged" in error.plain, error.file) == (True, "assets/a.png")


def test_a_zip_that_is_cut_off_or_none_is_told() -> None:
    data = packed({"kit.toml": TOML, "assets/a.png": bytes(range(256)) * 40})
    for part in (
        data[: len(data) // 2],
        data[:-5],
        data[4:],
        b"",
        b"<html>",
        b"%PDF-1.4\n" + data,
        b"GIF89a" + data,
    ):
        assert "no zip" in refusal(part).plain


def test_whatever_is_broken_in_a_zip_is_refused_and_nothing_else_happens() -> None:
    data = packed(
        {"kit.toml": TOML * 30, "assets/a.png": bytes(range(256)) * 8, "emails/m.mjml": b"<mjml>" * 50}
    )
    dice = random.Random(4)
    for _ in range(1_500):
        broken = bytearray(data)
        for _ in range(dice.choice((1, 1, 2, 8))):
            broken[dice.randrange(len(broken))] = dice.randrange(256)
        try:
            files = read_zip(bytes(broken))
        except KitError:
            continue
        assert sum(map(len, files.values())) < 10_000
        assert not [name for name in files if ".." in Path(name).parts]
