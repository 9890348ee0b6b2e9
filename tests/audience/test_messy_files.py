"""A messy file is recognised or refused with its line: never garbled in silence, and nothing of it half kept."""

import csv
import io
import itertools
from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from app.audience import table
from app.audience.decode import transcode
from app.audience.errors import Unreadable
from app.audience.models import Contact, ContactImport
from app.audience.table import Rows
from app.db import db
from tests.audience.files import imported, uploaded
from tests.rig.cast import Cast

HEAD = "Email;Voornaam;Bedrijf\r\n"
ZOE = HEAD + "zoe@vandijk.example;Zoë;Café “De Brug”\r\n"


def _read(data: bytes) -> tuple[str, str]:
    out = io.BytesIO()
    return transcode(io.BytesIO(data), out), out.getvalue().decode()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"])
def test_every_usual_encoding_brings_the_same_name_in(cast: Cast, encoding: str) -> None:
    imp = imported(cast, ZOE.encode(encoding))
    person = db.session.scalars(select(Contact)).one()
    assert (person.email, person.first_name, person.company) == (
        "zoe@vandijk.example",
        "Zoë",
        "Café “De Brug”",
    )
    assert imp.added == 1


@pytest.mark.parametrize(
    ("data", "line", "words"),
    [
        (b"", 0, "empty"),
        (b"\n \n\n", 0, "empty"),
        (b"Email;Naam\nzo\xc3\xab@x.example;Zo\xeb\n", 2, "two encodings are mixed"),
        (b"Email;Naam\na@x.example;Zo\xc3\xab\nb@x.example;Ren\xe9\n", 2, "two encodings are mixed"),
        (b"Email;Naam\na@x.example;An\nb@x.example;Jos\x82e\n", 3, "old code page"),
        (b"Email;Naam\na@x.example;Andr\x8ea\n", 2, "old code page"),
        (b"Email;Naam\na@x.example;\x81\x8d\n", 2, "neither UTF-8 nor Windows-1252"),
        (b"Email;Naam\na@x.example;A\0n\n", 2, "NUL"),
        ("Email;Naam\na@x.example;Zo\ufffd\n".encode(), 2, "letters were lost"),
        ("Email;Naam\na@x.example;Zoë\n".encode("utf-16")[:-1], 2, "says that it is UTF-16"),
        (b'Email;Naam\na@x.example;An\nb@x.example;"Bo\nc@x.example;Cis\n', 3, "opens here and never closes"),
        (b'Email;Naam\na@x.example;"An" x\nb@x.example;Bo\n', 2, "in the middle of a quoted cell"),
        (b"Email;Naam\na@x.example;" + b"x" * 10_000_000 + b"\n", 2, "longer than 1 MB"),
        (b'Email;Naam\na@x.example;"' + b"x\n" * 50_000 + b'"\n', 2, "longer than 64 KB"),
        (b";".join(b"c%d" % i for i in range(5_000)) + b"\n1\n", 1, "5,000 columns"),
        (b"Email;Naam\na@x.example" + b";" * 5_000 + b"\n", 2, "5,001 cells"),
        (b"a@x.example;An\nb@x.example;Bo\n", 1, "where the headings belong"),
        (b"Email;Naam\n", 1, "no row below"),
        (b"PK\x03\x04rest of a workbook", 0, "workbook"),
        (b"%PDF-1.7", 0, "PDF"),
        ("Email\na@x.example\n".encode("utf-32"), 0, "UTF-32"),
    ],
    ids=itertools.count(1),
)
def test_an_unreadable_file_is_refused_with_its_line_and_nothing_is_kept(
    cast: Cast, data: bytes, line: int, words: str
) -> None:
    with pytest.raises(Unreadable) as refused:
        uploaded(cast, data)
    assert refused.value.line == line
    assert words in refused.value.message
    if line:
        assert refused.value.message.startswith(f"Line {line:,}: ")
    db.session.rollback()
    assert db.session.scalars(select(ContactImport)).all() == []


def test_a_quotation_mark_inside_an_unquoted_cell_is_just_a_mark(cast: Cast) -> None:
    imported(cast, 'Email,Company\na@x.example,5" Pipes\n')
    assert db.session.scalars(select(Contact.company)).all() == ['5" Pipes']


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_every_line_end_is_a_line_end(cast: Cast, end: str) -> None:
    imp = imported(cast, end.join(["Email,Name", "a@x.example,An Bos", "nobody", "b@x.example,Bo", ""]))
    assert (imp.added, imp.refused) == (2, 1)
    assert imp.findings == [{"line": 3, "reason": "No @ in it"}]


@pytest.mark.parametrize(("delimiter", "sign"), [(";", ";"), (",", ","), ("\t", "\t"), ("|", "|")])
def test_the_delimiter_is_recognised(delimiter: str, sign: str) -> None:
    text = f"Email{sign}Name{sign}Note\na@x.example{sign}An{sign}\nb@x.example{sign}Bo{sign}two\n"
    assert table.inspect(io.BytesIO(text.encode()), "utf-8").delimiter == delimiter


def test_excels_own_line_about_the_delimiter_is_no_heading() -> None:
    layout = table.inspect(io.BytesIO(b"sep=;\nEmail;Name\na@x.example;An, Bo\n"), "utf-8")
    assert (layout.delimiter, layout.header, layout.line, layout.rows) == (";", ["Email", "Name"], 2, 1)


def test_headings_that_stand_twice_or_are_empty_get_names_of_their_own() -> None:
    layout = table.inspect(io.BytesIO(b"Email,Name,name,,\na@x.example,An,Bo,c,d\n"), "utf-8")
    assert layout.header == ["Email", "Name", "name (2)", "Column 4", "Column 5"]


def test_a_file_with_one_column_needs_no_delimiter(cast: Cast) -> None:
    assert imported(cast, "email\na@x.example\nb@x.example\n").added == 2


_CELL = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\r"), max_size=12)


@given(
    st.lists(st.lists(_CELL, min_size=3, max_size=3), min_size=1, max_size=12),
    st.integers(0, 11),
    st.sampled_from(",;\t|"),
)
def test_reading_may_stop_after_any_row_and_go_on_there(
    cells: list[list[str]], stop: int, delimiter: str
) -> None:
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter, lineterminator="\n").writerows(cells)
    data = text.getvalue().encode()
    whole = list(Rows(io.BytesIO(data), delimiter))
    assert [row.cells for row in whole] == [row for row in cells if any(cell.strip() for cell in row)]
    if stop < len(whole):
        rows = Rows(io.BytesIO(data), delimiter)
        list(islice(rows, stop + 1))
        place = rows.place()
        stream = io.BytesIO(data)
        stream.seek(place.position)
        assert list(Rows(stream, delimiter, place.position, place.line)) == whole[stop + 1 :]


@given(
    st.text(
        st.characters(codec="cp1252", exclude_characters="\0\r", exclude_categories=["Cs"]),
        min_size=1,
        max_size=60,
    )
)
def test_what_comes_out_is_the_text_that_went_in_or_nothing_at_all(text: str) -> None:
    for encoding in ("utf-8-sig", "utf-16", "utf-8", "cp1252"):
        try:
            _, read = _read(f"Email\n{text}\n".encode(encoding))
        except Unreadable:
            assert encoding == "cp1252" or "\ufffd" in text
            continue
        if (
            encoding != "cp1252"
            or read.isascii()
            or text.encode("cp1252").decode("utf-8", "ignore").encode() != text.encode("cp1252")
        ):
            assert read == f"Email\n{text}\n"


def test_a_fault_far_into_a_large_file_is_named_with_its_line() -> None:
    lines = 200_000
    data = b"Email;Naam\n" + b"a@x.example;An\n" * lines + b"b@x.example;Zo\xc3(\n"
    with pytest.raises(Unreadable) as refused:
        _read(b"Email;Naam;\xc3\xab\n" + data)
    assert refused.value.line == 1  # the line that is UTF-8 beside bytes that aren't
    with pytest.raises(Unreadable) as cut:
        _read("Email\n".encode("utf-16") + ("a@x.example\n" * lines).encode("utf-16-le") + b"\x00\xd8a\x00")
    assert cut.value.line == lines + 2
