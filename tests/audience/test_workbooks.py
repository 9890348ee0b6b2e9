"""A workbook comes in as its CSV would: text as people write it, row numbers of the sheet, flat memory, nothing that harms."""

import io
import os
import time
import zipfile
from collections.abc import Callable, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import load_workbook
from sqlalchemy import select

from app.assets.store import store
from app.audience import importing, intake, refused
from app.audience.errors import Unreadable
from app.audience.models import Contact, ContactImport
from app.audience.table import Rows
from app.db import db
from app.errors import Conflict, Invalid
from tests.audience.files import AGREED, confirmed, imported, maya, uploaded
from tests.audience.test_import_command import HARBOUR, WHY, Command, command
from tests.audience.workbooks import PARTS, SHEET, TEXTS, by_hand, sheet_of, texts_of, workbook
from tests.rig.cast import Cast

__all__ = ["command"]
Browser = Callable[..., FlaskClient]
HEAD = ("Email", "Voornaam", "Telefoon")
PEOPLE = [HEAD, ("zoe@vandijk.example", "Zoë", 31612345678), ("bo@x.example", "Bo", None)]
CELL = '<c r="A1" t="inlineStr"><is><t>{}</t></is></c>'


def _read(data: bytes, sheet: str = "") -> list[tuple[int, list[str]]]:
    out = io.BytesIO()
    layout = intake.take(io.BytesIO(data), out, sheet)
    out.seek(0)
    return [(row.line, row.cells) for row in Rows(out, layout.delimiter)]


def test_a_workbook_brings_in_what_its_csv_would(cast: Cast) -> None:
    imp = imported(cast, workbook({"CRM": PEOPLE}))
    zoe = db.session.scalars(select(Contact).where(Contact.email == "zoe@vandijk.example")).one()
    assert (zoe.first_name, zoe.phone) == ("Zoë", "31612345678")
    assert (imp.rows, imp.added, imp.refused) == (2, 2, 0)


@pytest.mark.parametrize(
    ("value", "code", "text"),
    [
        (31612345678, "General", "31612345678"),
        (612345678, "0000000000", "0612345678"),
        (1234, "00000", "01234"),
        (1234567890123456, "General", "1234567890123456"),
        (1e15, "General", "1000000000000000"),
        (0.1 + 0.2, "General", "0.3"),
        (1234.5, "#,##0.00", "1234.5"),
        (-3.0, "0.0", "-3"),
        (date(2026, 5, 19), "yyyy-mm-dd", "2026-05-19"),
        (date(2026, 5, 19), "mm-dd-yy", "2026-05-19"),
        (date(2026, 5, 19), "[$-413]d mmmm yyyy;@", "2026-05-19"),
        (datetime(2026, 5, 19, 14, 30), "dd/mm/yyyy h:mm", "2026-05-19 14:30"),  # noqa: DTZ001 -- a sheet has no zone
        (0.604166666667, "h:mm", "14:30"),
        (1.25, "[h]:mm", "30:00"),
        (46161, '0 "days"', "46161"),
        (46161, "[Red]0", "46161"),
        (5, "@", "5"),
        (True, "General", "TRUE"),
        ("two\nlines", "General", "two lines"),
        ("a_x0041_", "General", "aA"),
        ("=1+1", "General", ""),  # a formula that no program has worked out yet
    ],
)
def test_a_cell_comes_as_people_write_it(value: Any, code: str, text: str) -> None:
    data = workbook({"One": [["Email", "x"], ["a@x.example", value]]}, {"B2": code})
    assert ["a@x.example", text] == [*_read(data)[1][1], ""][:2]


@pytest.mark.parametrize("from_1904", ["0", "1"])
def test_days_are_counted_from_where_the_workbook_says(from_1904: str) -> None:
    book = PARTS["xl/workbook.xml"].replace("<sheets>", f'<workbookPr date1904="{from_1904}"/><sheets>')
    rels = PARTS["xl/_rels/workbook.xml.rels"].replace(
        "</Relationships>", '<Relationship Id="s" Type="x/styles" Target="/xl/styles.xml"/></Relationships>'
    )
    styles = '<styleSheet><cellXfs><xf numFmtId="0"/><xf numFmtId="14"/></cellXfs></styleSheet>'
    rows = f'<row r="1">{CELL.format("Email")}</row><row r="2"><c r="A2" s="1"><v>59</v></c></row>'
    parts = {"xl/workbook.xml": book, "xl/_rels/workbook.xml.rels": rels, "xl/styles.xml": styles}
    day = _read(by_hand({**parts, SHEET: sheet_of(rows)}))[1][1]
    assert day == ["1904-02-29" if from_1904 == "1" else "1900-02-28"]


def test_shared_texts_keep_their_runs_and_lose_their_readings() -> None:
    texts = texts_of(
        "<t>Email</t>", "<r><t>Zo</t></r><r><t>ë</t></r>", "<t>東京</t><rPh><t>トウキョウ</t></rPh>"
    )
    rows = "".join(f'<row r="{n}"><c r="A{n}" t="s"><v>{n - 1}</v></c></row>' for n in (1, 2, 3))
    assert [cells for _, cells in _read(by_hand({SHEET: sheet_of(rows), TEXTS: texts}))] == [
        ["Email"],
        ["Zoë"],
        ["東京"],
    ]


def test_the_value_of_a_formula_counts_and_an_error_is_an_empty_cell() -> None:
    rows = (
        f'<row r="1">{CELL.format("Email")}<c r="B1" t="inlineStr"><is><t>Company</t></is></c></row>'
        '<row r="2"><c r="A2" t="str"><f>LOWER(C2)</f><v>a@x.example</v></c><c r="B2" t="e"><f>NA()</f><v>#N/A</v></c></row>'
    )
    assert _read(by_hand({SHEET: sheet_of(rows)}))[1] == (2, ["a@x.example"])


def test_refused_rows_bear_the_number_they_have_in_the_sheet(cast: Cast) -> None:
    rows: list[Sequence[Any]] = [[], ["Email", "Name"], [], ["a@x.example", "An\nBos"], [], ["nobody", "Bo"]]
    imp = imported(cast, workbook({"One": rows}))
    assert imp.findings == [{"line": 6, "reason": "No @ in it"}]
    assert (imp.added, imp.rows) == (1, 2)


_VALUES = st.one_of(st.text("aZ09é東🙂 ,;|\"'<>&\n\t", max_size=8), st.integers(-(10**15), 10**15), st.none())


@settings(max_examples=25, deadline=None)  # openpyxl takes its time on a busy machine
@given(st.lists(st.lists(_VALUES, min_size=1, max_size=4), min_size=1, max_size=6))
def test_another_reader_finds_the_same_cells(rows: list[list[Any]]) -> None:
    data = workbook({"One": [["Email", "b", "c", "d"], *rows, ["end"]]})
    sheet = load_workbook(io.BytesIO(data), read_only=True).worksheets[0]
    theirs = [
        ["" if cell is None else str(cell) for cell in row] for row in sheet.iter_rows(values_only=True)
    ]
    ours = dict(_read(data))
    for number, cells in enumerate(theirs, 1):
        mine = ours.get(number, [])
        assert [" ".join(cell.split()) for cell in [*mine, *[""] * (len(cells) - len(mine))]] == [
            " ".join(cell.split()) for cell in cells
        ]


BOMB = by_hand({SHEET: sheet_of(" " * 30_000_000)})
TEXT_BOMB = by_hand(
    {SHEET: sheet_of('<row r="1"><c t="s"><v>0</v></c></row>'), TEXTS: texts_of(*["<t>a</t>"] * 300_000)}
)
ENTITIES = (
    '<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
    + sheet_of(f'<row r="1">{CELL.format("&b;")}</row>').partition("?>")[2]
)
OUTSIDE = ENTITIES.replace('"aaaaaaaaaa"', 'SYSTEM "file:///etc/hostname"')
FINE = workbook({"One": PEOPLE})


def _rows(text: str) -> bytes:
    return by_hand({SHEET: sheet_of(text)})


def _archive(**files: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, data in files.items():
            archive.writestr(name.replace("__", "/").replace("_dot_", "."), data)
    return out.getvalue()


def _many_parts() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for number in range(20_000):
            archive.writestr(f"part{number:040}", "")
    return out.getvalue()


@pytest.mark.parametrize(
    ("data", "line", "words"),
    [
        pytest.param(BOMB, 0, "suspiciously tight", id="a bomb of blanks"),
        pytest.param(TEXT_BOMB, 0, "suspiciously tight", id="a bomb of shared texts"),
        pytest.param(by_hand({SHEET: ENTITIES}), 0, "damaged", id="entities"),
        pytest.param(by_hand({SHEET: OUTSIDE}), 0, "damaged", id="an entity from outside"),
        pytest.param(by_hand({SHEET: sheet_of("<a>" * 90 + "</a>" * 90)}), 0, "damaged", id="nested deeply"),
        pytest.param(_rows(f'<row r="{"9" * 30}">{CELL.format("x")}</row>'), 0, "damaged", id="a row beyond the last"),
        pytest.param(_rows(f'<row r="3">{CELL}</row><row r="2">{CELL}</row>'), 4, "damaged", id="rows out of order"),
        pytest.param(_rows('<row r="1"><c t="s"><v>7</v></c></row>'), 2, "damaged", id="a text that is not there"),
        pytest.param(_rows('<row r="1"><c r="?1"><v>7</v></c></row>'), 2, "damaged", id="a place that is none"),
        pytest.param(_rows('<row r="1">' + "<c><v>1</v></c>" * 20_000 + "</row>"), 2, "damaged", id="cells without end"),
        pytest.param(FINE[: len(FINE) // 2], 0, "cut off", id="cut in half"),
        pytest.param(FINE[:-10], 0, "cut off", id="cut at its end"),
        pytest.param(b"PK\x03\x04rest of a workbook", 0, "cut off", id="only a beginning"),
        pytest.param(_many_parts(), 0, "far more parts", id="a list of parts without end"),
        pytest.param(by_hand({SHEET: sheet_of("")}, zipfile.ZIP_LZMA), 0, "packed in an unusual way", id="lzma"),
        pytest.param(_archive(mimetype="application/vnd.oasis.opendocument.spreadsheet"), 0, ".ods", id="ods"),
        pytest.param(_archive(xl__workbook_dot_bin="x"), 0, ".xlsb", id="xlsb"),
        pytest.param(_archive(notes="x"), 0, "archive", id="another zip"),
        pytest.param(
            by_hand({"_rels/.rels": PARTS["_rels/.rels"].replace("xl/", "word/")}), 0, "not an Excel workbook", id="docx"
        ),
        pytest.param(b"\xd0\xcf\x11\xe0" + b"\0" * 600, 0, ".xls", id="xls"),
        pytest.param(workbook({"One": []}), 0, "empty", id="nothing in it"),
        pytest.param(workbook({"One": [HEAD]}), 1, "no row below", id="headings only"),
        pytest.param(workbook({"One": PEOPLE[1:]}), 1, "where the headings belong", id="no headings"),
        pytest.param(workbook({"One": [range(5_000), [1]]}), 1, "5,000 columns", id="5,000 columns"),
        pytest.param(workbook({"One": [HEAD, ["a@x.example", "Zo\ufffd"]]}), 2, "letters were lost", id="lost letters"),
        pytest.param(_rows(f'<row r="1">{CELL.format(os.urandom(5_000_000).hex())}</row>'), 1, "longer than 64 KB", id="10 MB cell"),
    ],
)  # fmt: skip
def test_what_is_no_sound_workbook_is_refused_with_the_mend_and_nothing_is_kept(
    cast: Cast, data: bytes, line: int, words: str
) -> None:
    began = time.process_time()
    with pytest.raises(Unreadable) as told:
        uploaded(cast, data, "contacts.xlsx")
    assert time.process_time() - began < 5
    assert words in told.value.message
    assert told.value.line == line
    db.session.rollback()
    assert db.session.scalars(select(ContactImport)).all() == []


def test_damage_anywhere_is_told_and_never_read_as_something_else() -> None:
    whole = _read(FINE)
    told = 0
    for at in range(0, len(FINE), 97):
        broken = bytearray(FINE)
        broken[at] ^= 0xFF
        try:
            assert _read(bytes(broken)) == whole
        except Unreadable:
            told += 1
    assert told > 5


def test_an_endless_token_is_refused_before_it_fills_the_memory() -> None:
    noise = os.urandom(3_000_000).hex()
    with pytest.raises(Unreadable, match="damaged"):
        _read(by_hand({SHEET: sheet_of(f'<row r="1" x="{noise}">')}))


def test_more_cells_or_bytes_than_the_limits_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.audience.workbook.MAX_CELLS", 1_000)
    rows = [["Email", "b"], *[[f"a{n}@x.example", n] for n in range(2_000)]]
    with pytest.raises(Unreadable, match="more than 1,000 cells"):
        _read(workbook({"One": rows}))
    monkeypatch.undo()
    monkeypatch.setattr("app.audience.workbook.MAX_UNPACKED", 100_000)
    with pytest.raises(Unreadable, match="too large when unpacked"):
        _read(workbook({"One": rows}))


BOOK = workbook(
    {"Read me": [["Exported by our CRM"]], "Customers": PEOPLE, "Leads": [["E-mail"], ["lead@x.example"]]}
)


def test_the_first_sheet_with_a_table_is_read_and_another_can_be_chosen(cast: Cast) -> None:
    imp = uploaded(cast, BOOK)
    assert (imp.layout["sheet"], imp.rows) == ("Customers", 2)
    importing.choose_sheet(imp, "Leads")
    assert (imp.layout["sheet"], imp.layout["header"], imp.rows) == ("Leads", ["E-mail"], 1)
    for missing in ("Read me", "Nowhere"):
        with pytest.raises(Invalid):
            importing.choose_sheet(imp, missing)
    assert imp.layout["sheet"] == "Leads"
    importing.confirm(maya(cast), imp, importing.columns.guess(["E-mail"]), AGREED, "Leads")
    db.session.commit()
    assert importing.run(imp.id)
    assert db.session.scalars(select(Contact.email)).all() == ["lead@x.example"]
    db.session.refresh(imp)
    with pytest.raises(Conflict):
        importing.choose_sheet(imp, "Customers")
    assert store().exists(refused.workbook_key(imp))
    refused.delete(imp)
    assert list(store().files(f"{refused.folder(imp)}/")) == []


def test_a_choice_that_is_not_committed_leaves_the_file_as_it_was(cast: Cast) -> None:
    imp = uploaded(cast, BOOK)
    importing.choose_sheet(imp, "Leads")
    db.session.rollback()
    importing.confirm(maya(cast), imp, importing.columns.guess(HEAD), AGREED, "Customers")
    db.session.commit()
    assert importing.run(imp.id)
    assert db.session.scalars(select(Contact.email).order_by(Contact.email)).all() == [
        "bo@x.example",
        "zoe@vandijk.example",
    ]


def test_a_hidden_sheet_is_not_offered(cast: Cast) -> None:
    book = load_workbook(io.BytesIO(BOOK))
    book["Customers"].sheet_state = "hidden"
    out = io.BytesIO()
    book.save(out)
    imp = uploaded(cast, out.getvalue())
    assert (imp.layout["sheet"], imp.layout["sheets"]) == ("Leads", ["Read me", "Leads"])


def test_a_sheet_is_chosen_in_a_browser_and_a_form_for_another_one_is_turned_away(
    cast: Cast, as_person: Browser
) -> None:
    client = as_person(cast.maya)
    sent = client.post("/contacts/imports/new", data={"file": (io.BytesIO(BOOK), "crm.xlsx")})
    place = sent.headers["Location"]
    page = client.get(place).text
    assert "the sheet “Customers” of a workbook" in page
    assert "<option selected>Customers</option><option>Leads</option>" in page
    empty = client.post(f"{place}/sheet", data={"sheet": "Read me"})
    assert empty.status_code == 422
    assert "“Read me” can’t be read. Line 1: There are headings" in empty.text
    assert client.post(f"{place}/sheet", data={"sheet": "Leads"}).status_code == 303
    assert "the sheet “Leads” of a workbook" in client.get(place).text
    answers = {"column-0": "email", "why": "unknown", "list_name": "Leads"}
    assert client.post(place, data={**answers, "sheet": "Customers"}).status_code == 409
    assert client.post(place, data={**answers, "sheet": "Leads"}).status_code == 303


def test_another_partner_and_a_reader_choose_no_sheet_of_theirs(cast: Cast, as_person: Browser) -> None:
    imp = uploaded(cast, BOOK)
    place = f"/contacts/imports/{imp.pid}/sheet"
    assert as_person(cast.lieve).post(place, data={"sheet": "Leads"}).status_code == 404
    assert as_person(cast.noor).post(place, data={"sheet": "Leads"}).status_code == 403
    db.session.refresh(imp)
    assert imp.layout["sheet"] == "Customers"


def test_the_command_reads_a_named_sheet(command: Command) -> None:
    result = command(BOOK, *HARBOUR, *WHY, "--sheet", "Leads")
    assert result.exit_code == 0, result.output
    assert "sheet “Leads”" in result.stdout
    assert db.session.scalars(select(Contact.email)).all() == ["lead@x.example"]


@pytest.mark.parametrize(
    ("data", "words"),
    [(BOOK, "It has “Read me”, “Customers”, “Leads”."), (b"email\na@x.example\n", "no sheets")],
)
def test_the_command_says_which_sheets_there_are(
    command: Command, tmp_path: Path, data: bytes, words: str
) -> None:
    result = command(data, *HARBOUR, *WHY, "--sheet", "Sheet9")
    assert result.exit_code == 1
    assert result.stderr.startswith("--sheet: ")
    assert words in result.stderr
    assert db.session.scalars(select(ContactImport)).all() == []


def test_an_import_from_a_sheet_goes_on_where_it_was_killed(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing, "CHUNK", 50)
    rows = [["Email"], *[[f"p{n}@x.example"] for n in range(120)], [], ["nobody"]]
    imp = confirmed(cast, workbook({"One": rows}))
    assert not importing.run(imp.id, seconds=0)
    assert importing.run(imp.id)
    db.session.expire_all()
    assert (imp.added, imp.refused) == (120, 1)
    assert imp.findings == [{"line": 123, "reason": "No @ in it"}]
