"""What the page says of each way in which a record can be wrong."""

import pytest

from app.db import db
from app.domains import keys, manage
from app.domains.explain import explain
from app.domains.lookup import Lookups
from app.domains.models import SenderDomain
from app.domains.wanted import asked
from app.settings import current
from tests.domains.conftest import BOUNCE_HOST, SPF
from tests.domains.zone import NAME, maya, named, publish, records
from tests.rig.cast import Cast
from tests.rig.nameserver import NameServer

ZONE = "harbour-it.example"
BACK = f"bounce.{NAME}"


@pytest.fixture
def domain(cast: Cast, dns: NameServer) -> SenderDomain:
    """Harbour IT's, with all records published."""
    found = named(maya(cast))
    publish(dns, found)
    return found


def said(domain: SenderDomain, key: str) -> tuple[str, str]:
    """State and words for a record."""
    found = explain(asked(domain, *keys.of(domain), current()), Lookups(current()))[key]
    return str(found.state), found.text


def value(domain: SenderDomain, key: str = "dkim") -> str:
    return records(domain)[key].value


def test_as_the_page_has_them_all_are_found(domain: SenderDomain, dns: NameServer) -> None:
    for key in records(domain):
        assert said(domain, key) == ("found", "")


def test_a_long_key_stands_in_strings_of_255_in_the_zone_file(domain: SenderDomain) -> None:
    line = records(domain)["dkim"].zone_line
    strings = line.split('"')[1::2]
    assert [len(string) <= 255 for string in strings] == [True, True]
    assert "".join(strings) == value(domain)
    assert records(domain)["return"].zone_line == f"{BACK}. 3600 IN MX 10 {BOUNCE_HOST}."


@pytest.mark.parametrize("key", ["owner", "dkim", "dmarc", "spf"])
def test_a_name_with_the_domain_twice_is_named(domain: SenderDomain, dns: NameServer, key: str) -> None:
    record = records(domain)[key]
    dns.txt(record.name)
    dns.txt(f"{record.name}.{ZONE}", record.value)
    state, text = said(domain, key)
    assert state == "wrong"
    assert f"Type only {record.host} as the name" in text
    assert f"{record.name}.{ZONE}" in text


def test_a_return_path_with_the_domain_twice_is_named(domain: SenderDomain, dns: NameServer) -> None:
    dns.mx(BACK)
    dns.mx(f"{BACK}.{ZONE}", BOUNCE_HOST)
    assert "Type only bounce.news as the name" in said(domain, "return")[1]


def test_a_record_at_the_domain_itself_is_named(domain: SenderDomain, dns: NameServer) -> None:
    record = records(domain)["owner"]
    dns.txt(record.name)
    dns.txt(NAME, "something else", record.value)
    assert said(domain, "owner") == (
        "wrong",
        f"It stands at {NAME} itself. Type _throughline.news as the name.",
    )


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda key: key[:255], "cut off after"),
        (lambda key: key.replace("p=", 'p="') + '"', "Quotation marks"),
        (lambda key: '"' + key[:200] + '" "' + key[200:] + '"', "Quotation marks"),
        (lambda key: key.replace(";", "\\;"), "backslashes"),
        (lambda key: key[:120] + "\\n" + key[120:], "backslashes"),
        (lambda key: "v=DKIM1; k=rsa; p=" + key[100:], "its beginning is missing"),
        (lambda key: "v=DKIM1; k=rsa; p=", "withdrawn"),
        (lambda key: "v=DKIM1; k=rsa; p=MIIBIjANBgkq" + "A" * 300, "Another key"),
        (lambda key: "k=rsa; v=DKIM1; " + key.split("; ")[2], "v=DKIM1 must stand first"),
        (lambda key: key.replace("k=rsa", "k=ed25519"), "k=rsa"),
        (lambda key: key.replace("k=rsa", "k=rsa; h=sha1"), "hash"),
    ],
    ids=["cut", "quoted", "split and quoted", "escaped", "line break", "beginning lost", "empty", "other", "order", "kind", "hash"],
)  # fmt: skip
def test_a_key_that_was_spoiled_on_the_way_is_explained(
    domain: SenderDomain, dns: NameServer, spoil: object, words: str
) -> None:
    assert callable(spoil)
    dns.txt(records(domain)["dkim"].name, spoil(value(domain)))
    state, text = said(domain, "dkim")
    assert state == "wrong"
    assert words in text


@pytest.mark.parametrize(
    "spell",
    [
        lambda key: key.replace("; ", ";"),
        lambda key: key[:100] + " " + key[100:],
        lambda key: key.split("; ")[2],
    ],
)
def test_a_key_that_receivers_take_all_the_same_is_found(
    domain: SenderDomain, dns: NameServer, spell: object
) -> None:
    assert callable(spell)
    dns.txt(records(domain)["dkim"].name, spell(value(domain)))
    assert said(domain, "dkim") == ("found", "")


def test_a_key_for_tests_and_a_second_key_are_told(domain: SenderDomain, dns: NameServer) -> None:
    name = records(domain)["dkim"].name
    dns.txt(name, value(domain).replace("k=rsa", "k=rsa; t=y"))
    assert said(domain, "dkim")[0] == "look"
    dns.txt(name, value(domain), "v=DKIM1; p=MIIB")
    assert said(domain, "dkim") == (
        "wrong",
        "2 keys stand at this name, and receivers take any of them. Keep the one on the left.",
    )


def test_a_cname_may_lead_to_the_key_and_not_elsewhere(domain: SenderDomain, dns: NameServer) -> None:
    record = records(domain)["dkim"]
    dns.txt(record.name)
    dns.cname(record.name, "keys.somebody.example")
    dns.txt("keys.somebody.example", record.value)
    assert said(domain, "dkim") == ("found", "")
    dns.txt("keys.somebody.example")
    state, text = said(domain, "dkim")
    assert state == "wrong"
    assert "A CNAME stands here and leads to “keys.somebody.example”" in text


@pytest.mark.parametrize(
    ("texts", "state", "words"),
    [
        (["v=spf1 include:other.example -all"], "wrong", f"It doesn’t name our servers: add {SPF}"),
        (["v=spf1 -all", f"v=spf1 {SPF} -all"], "wrong", "2 SPF records stand here"),
        ([f"v=spf1 -all {SPF}"], "wrong", "“all” stands before"),
        (
            ["v=spf1 " + " ".join(f"a:h{n}.example" for n in range(10)) + f" {SPF} -all"],
            "wrong",
            "more than 10",
        ),
        ([f"v=spf1 include:nothing.example {SPF} ~all"], "look", "nothing.example"),
        (["some text"], "wrong", "which is something else"),
        ([f"V=SPF1 mx +{SPF} ?all"], "found", ""),
    ],
)
def test_an_spf_record_is_read_as_a_receiver_reads_it(
    domain: SenderDomain, dns: NameServer, texts: list[str], state: str, words: str
) -> None:
    dns.txt("other.example", "v=spf1 ip4:192.0.2.1 -all")
    dns.txt(BACK, *texts)
    found = said(domain, "spf")
    assert found[0] == state, found
    assert words in found[1]


def test_look_ups_inside_an_include_count_and_circles_end(domain: SenderDomain, dns: NameServer) -> None:
    dns.txt("ring.example", "v=spf1 include:ring2.example -all")
    dns.txt("ring2.example", "v=spf1 include:ring.example -all")
    dns.txt(BACK, f"v=spf1 include:ring.example {SPF} -all")
    assert said(domain, "spf")[0] == "found"
    for number in range(12):
        dns.txt(f"s{number}.example", f"v=spf1 include:s{number + 1}.example -all")
    dns.txt(BACK, f"v=spf1 {SPF} include:s0.example -all")
    assert "more than 10" in said(domain, "spf")[1]
    dns.txt("inside.example", f"v=spf1 {SPF} -all")
    dns.txt(BACK, "v=spf1 include:inside.example -all")
    assert said(domain, "spf")[0] == "found", "an include may bring our term along"


def test_the_return_path_may_be_a_cname(domain: SenderDomain, dns: NameServer) -> None:
    dns.txt(BACK)
    dns.mx(BACK)
    dns.cname(BACK, BOUNCE_HOST)
    dns.txt(BOUNCE_HOST, f"v=spf1 {SPF} -all")
    assert said(domain, "return") == ("found", "By a CNAME.")
    assert said(domain, "spf")[0] == "found"
    dns.cname(BACK, "elsewhere.example")
    assert "A CNAME leads to “elsewhere.example”" in said(domain, "return")[1]


def test_a_return_path_that_leads_elsewhere_is_told(domain: SenderDomain, dns: NameServer) -> None:
    dns.mx(BACK, "mail.harbour-it.example")
    assert said(domain, "return") == (
        "wrong",
        f"It leads to “mail.harbour-it.example” instead of {BOUNCE_HOST}.",
    )
    dns.mx(BACK, "mail.harbour-it.example", BOUNCE_HOST)
    assert said(domain, "return")[0] == "look"


@pytest.mark.parametrize(
    ("own", "above", "state", "words"),
    [
        ([], ["v=DMARC1; p=none"], "found", "It stands at harbour-it.example and holds here too."),
        ([], ["v=DMARC1; p=none; sp=reject"], "found", "holds here too"),
        ([], [], "missing", "Not found"),
        (["v=DMARC1; p=none", "v=DMARC1; p=reject"], [], "wrong", "2 DMARC records"),
        (["v=DMARC1; rua=mailto:a@b.example"], [], "wrong", "names no policy"),
        (["v=DMARC1; p=maybe"], [], "wrong", "“p=maybe” is no policy"),
        (["v=DMARC1; p=reject"], [], "found", ""),
    ],
)
def test_dmarc_is_taken_from_the_domain_or_from_above(
    domain: SenderDomain, dns: NameServer, own: list[str], above: list[str], state: str, words: str
) -> None:
    dns.txt(f"_dmarc.{NAME}", *own)
    dns.txt(f"_dmarc.{ZONE}", *above)
    found = said(domain, "dmarc")
    assert found[0] == state, found
    assert words in found[1]


def test_a_strict_policy_says_what_mail_rests_on(domain: SenderDomain, dns: NameServer) -> None:
    dns.txt(f"_dmarc.{NAME}", "v=DMARC1; p=reject; aspf=s")
    assert said(domain, "dmarc") == (
        "found",
        "p=reject: your mail passes by its signature alone, so keep that record.",
    )
    dns.txt(records(domain)["dkim"].name)
    state, text = said(domain, "dmarc")
    assert state == "look"
    assert "receivers turn your mail away" in text


def test_words_of_the_dns_are_shown_short_and_harmless(domain: SenderDomain, dns: NameServer) -> None:
    dns.txt(records(domain)["owner"].name, "<b>\x07" + "x" * 3_000)
    text = said(domain, "owner")[1]
    assert len(text) < 200
    assert "\x07" not in text


@pytest.mark.parametrize("mood", ["servfail", "garbage"])
def test_a_server_that_errs_is_told_apart_from_a_missing_record(
    domain: SenderDomain, dns: NameServer, mood: str
) -> None:
    dns.mood(records(domain)["dkim"].name, mood)
    state, text = said(domain, "dkim")
    assert state == "unknown"
    assert "could not be looked up" in text
    assert said(domain, "owner")[0] == "found", "the others are looked up all the same"


def test_a_changed_key_shows_both_records(domain: SenderDomain, cast: Cast, dns: NameServer) -> None:
    publish(dns, domain)
    keys.take_into_use(None, keys.of(domain)[1])  # type: ignore[arg-type]
    manage.change_key(maya(cast))
    db.session.flush()
    assert said(domain, "dkim")[0] == "found"
    assert said(domain, "dkim-new")[0] == "missing"
