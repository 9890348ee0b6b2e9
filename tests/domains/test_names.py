"""Which domains may be named, and why others may not."""

import pytest
from flask import Flask

from app.domains import names
from app.errors import Invalid
from app.settings import current


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("news.harbour-it.example", "news.harbour-it.example"),
        (" News.Harbour-IT.example. ", "news.harbour-it.example"),
        ("harbour.co.uk", "harbour.co.uk"),
        ("bücher.example", "xn--bcher-kva.example"),
        ("ΒΙΒΛΊΑ.gr", "xn--mxaqa5a2b.gr"),
    ],
)
def test_a_domain_of_one_s_own_is_kept_as_the_dns_has_it(app: Flask, typed: str, kept: str) -> None:
    if kept.endswith(".gr"):
        assert names.shown(names.clean(typed, current())) == "βιβλία.gr"
    else:
        assert names.clean(typed, current()) == kept


@pytest.mark.parametrize(
    ("typed", "why"),
    [
        ("gmail.com", "mailbox provider"),
        ("mail.gmail.com", "mailbox provider"),
        ("GMX.de", "mailbox provider"),
        ("co.uk", "ending under which many own domains"),
        ("github.io", "ending"),
        ("example", "look this name up"),
        ("harbour.local", "look this name up"),
        ("192.0.2.1", "look this name up"),
        ("hello@harbour-it.example", "without an address"),
        ("https://harbour-it.example/", "without an address"),
        ("harbour it.example", "no domain"),
        ("-x-.example", "no domain"),
        ("a..example", "no domain"),
        ("under_score.harbour-it.example", "no domain"),
        ("x" * 64 + ".example", "no domain"),
        (".".join(["x" * 50] * 4) + ".example", "at most 200"),
        ("", "no domain"),
        ("throughline.example", "domain of the platform"),
        ("mail.throughline.example", "domain of the platform"),
        ("in.throughline.example", "domain of the platform"),
    ],
)
def test_others_are_refused_with_the_reason(app: Flask, typed: str, why: str) -> None:
    with pytest.raises(Invalid) as refused:
        names.clean(typed, current())
    assert why in refused.value.fields["name"]


@pytest.mark.parametrize("typed", ["", "a b", "ä", "a@b", "x" * 41, ".a", "a..b", "a\r\nBcc: x", '"a"'])
def test_what_can_stand_in_no_address_is_refused(typed: str) -> None:
    with pytest.raises(Invalid):
        names.clean_local(typed)


def test_names_of_records_are_what_providers_ask_for() -> None:
    assert names.host("_dmarc.news.harbour.co.uk", "news.harbour.co.uk") == "_dmarc.news"
    assert names.host("harbour.co.uk", "harbour.co.uk") == "@"
