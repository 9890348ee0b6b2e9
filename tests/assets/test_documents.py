"""A PDF is taken if it opens, runs nothing and hides nothing."""

import pytest

from app.assets.documents import check_pdf
from app.errors import Invalid
from tests.assets.papers import INVOICE_XML, Change, clicked, holds, locked, opens_with, pdf, plain_pdf

SCRIPT = {"/S": "/JavaScript", "/JS": "app.alert(1)"}


def test_a_sound_document_says_how_many_pages_it_has() -> None:
    assert check_pdf(pdf(pages=3)) == 3


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (opens_with(SCRIPT), "script"),
        (opens_with({"/S": "/Launch", "/F": "calc.exe"}), "runs when it is opened"),
        (clicked("/Launch"), "runs when it is opened or clicked"),
        (clicked("/SubmitForm"), "runs when it is opened or clicked"),
        (holds("photos.exe", b"MZ"), "file is hidden"),
        (holds("factur-x.xml", b"MZ this is a program"), "file is hidden"),
        (locked, "locked"),
    ],
)
def test_what_runs_hides_or_is_locked_is_refused(change: Change, said: str) -> None:
    with pytest.raises(Invalid, match=said):
        check_pdf(pdf(change))


def test_the_data_of_an_electronic_invoice_may_stand_in_it() -> None:
    assert check_pdf(pdf(holds("factur-x.xml", INVOICE_XML))) == 1


def test_a_name_written_in_another_way_is_the_same_name() -> None:
    hidden = pdf(opens_with(SCRIPT)).replace(b"/JavaScript", b"/J#61vaScript").replace(b"/JS", b"/J#53")
    with pytest.raises(Invalid, match=r"script|runs"):
        check_pdf(hidden)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"<html>", "is none"),
        (plain_pdf()[:-20], "cut off"),
        (b"%PDF-1.7\n%%EOF\n", "can’t be read"),
        (b"%PDF-1.7\n" + b"junk " * 200 + b"\nstartxref\n0\n%%EOF\n", "can’t be read"),
        (pdf(pages=0), "no page"),
    ],
)
def test_what_is_no_document_is_refused(data: bytes, said: str) -> None:
    with pytest.raises(Invalid, match=said):
        check_pdf(data)
