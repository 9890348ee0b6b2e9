"""PDFs for tests, made on the spot: sound ones, and such as hide something."""

import io
from collections.abc import Callable
from functools import cache

from pypdf import PdfWriter
from pypdf.generic import ArrayObject, DictionaryObject, NameObject, TextStringObject

Change = Callable[[PdfWriter], object]
INVOICE_XML = b"<?xml version='1.0' encoding='UTF-8'?><rsm:CrossIndustryInvoice xmlns:rsm='urn:un'/>"


def pdf(change: Change | None = None, pages: int = 1) -> bytes:
    """A PDF of empty pages, after `change` has had its way with it."""
    writer = PdfWriter()
    for _ in range(pages):
        writer.add_blank_page(595, 842)
    if change:
        change(writer)
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


@cache
def plain_pdf() -> bytes:
    """One empty page."""
    return pdf()


def opens_with(action: dict[str, str]) -> Change:
    """Something that happens when the file is opened."""

    def change(writer: PdfWriter) -> None:
        found = DictionaryObject({NameObject(key): _value(value) for key, value in action.items()})
        writer.root_object[NameObject("/OpenAction")] = writer._add_object(found)

    return change


def clicked(kind: str) -> Change:
    """A link on the first page that does something else than lead somewhere."""

    def change(writer: PdfWriter) -> None:
        action = DictionaryObject(
            {NameObject("/S"): NameObject(kind), NameObject("/F"): TextStringObject("cmd.exe")}
        )
        note = DictionaryObject({NameObject("/Subtype"): NameObject("/Link"), NameObject("/A"): action})
        writer.pages[0][NameObject("/Annots")] = ArrayObject([writer._add_object(note)])

    return change


def holds(name: str, data: bytes) -> Change:
    """A file inside the file."""
    return lambda writer: writer.add_attachment(name, data)


def locked(writer: PdfWriter) -> None:
    """Only with a password."""
    writer.encrypt("secret", algorithm="AES-256")


def _value(text: str) -> NameObject | TextStringObject:
    return NameObject(text) if text.startswith("/") else TextStringObject(text)
