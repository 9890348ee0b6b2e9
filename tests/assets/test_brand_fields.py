"""What partners write about themselves is taken as people write it, and only what can stand in a mail."""

import pytest

from app.assets.brand_fields import NETWORKS, clean_phone, clean_postal_address, clean_social, clean_website
from app.errors import Invalid


@pytest.mark.parametrize(
    ("raw", "country", "kept"),
    [
        ("Wilhelminakade 88\r\n3072 AR Rotterdam", "NL", "Wilhelminakade 88, 3072 AR Rotterdam"),
        ("Harbour IT B.V.,\n Kade 1,\n\n3011AB  Rotterdam,", "NL", "Harbour IT B.V., Kade 1, 3011AB Rotterdam"),
        ("221B Baker Street, London NW1 6XE", "GB", "221B Baker Street, London NW1 6XE"),
        ("Postbus 12, 1000 AA Amsterdam", "NL", "Postbus 12, 1000 AA Amsterdam"),
        ("Drottninggatan 1, 111 51 Stockholm", "SE", "Drottninggatan 1, 111 51 Stockholm"),
        ("ul. Długa 5, 00-238 Warszawa", "PL", "ul. Długa 5, 00-238 Warszawa"),
        ("100 King St W, Toronto ON M5X 1A9", "CA", "100 King St W, Toronto ON M5X 1A9"),
        ("1 Main St, Springfield, IL 62701-1234", "US", "1 Main St, Springfield, IL 62701-1234"),
        ("Brīvības iela 1, Rīga, LV-1010", "LV", "Brīvības iela 1, Rīga, LV-1010"),
        ("1 Dame Street, Dublin", "IE", "1 Dame Street, Dublin"),
        ("Laugavegur 1, 101 Reykjavík", "IS", "Laugavegur 1, 101 Reykjavík"),
        ("東京都千代田区1-1, 100-0001", "JP", "東京都千代田区1-1, 100-0001"),
        ("", "NL", ""),
        (" \r\n ", "NL", ""),
    ],
)  # fmt: skip
def test_an_address_that_a_letter_reaches_is_taken_as_one_line(raw: str, country: str, kept: str) -> None:
    assert clean_postal_address(raw, country) == kept


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        ("Noorderhaven 12, Groningen", "Add the postcode"),
        ("Rotterdam", "street, postcode and town"),
        ("12345", "street, postcode and town"),
        ("12, 34567", "street and the town"),
        ("Kade 1,\x003011 AB Rotterdam", "one line"),
    ],
)
def test_an_address_that_no_letter_reaches_is_refused_with_the_mend(raw: str, said: str) -> None:
    with pytest.raises(Invalid) as error:
        clean_postal_address(raw, "NL")
    assert said in error.value.message


@pytest.mark.parametrize(
    "raw", ["010 555 01 40", "+31 (0)10-555.01.40", "0800 HARBOUR 1234 5", "555-0140 ext. 12", "112 33", ""]
)
def test_phone_numbers_are_taken_as_people_write_them(raw: str) -> None:
    assert clean_phone(f" {raw} ") == raw


@pytest.mark.parametrize("raw", ["call me", "1", "<b>010 555</b>", "1" * 30, "010\n555 01 40"])
def test_what_is_no_phone_number_is_refused(raw: str) -> None:
    with pytest.raises(Invalid):
        clean_phone(raw)


@pytest.mark.parametrize("network", NETWORKS)
def test_each_network_s_own_example_is_taken_and_becomes_https(network: str) -> None:
    example = NETWORKS[network].example
    assert clean_social(network, example) == f"https://{example}"
    assert clean_social(network, f"http://www.{example}") == f"https://www.{example}"
    assert clean_social(network, "  ") == ""


@pytest.mark.parametrize(
    "raw",
    [
        "https://evil.example/company",
        "https://linkedin.com.evil.example/company/x",
        "https://notlinkedin.com/company/x",
        "https://linkedin.com@evil.example/x",
        "https://user:secret@linkedin.com/company/x",
        "https://linkedin.com:8443/company/x",
        "https://linkedin.com",
        "javascript://linkedin.com/%0aalert(1)",
        "https://linkedin.com/company/<script>",
        'https://linkedin.com/company/" onclick="',
        "https://linkedin.com/company/{{ contact.email }}",
        "https://linkedin.com/" + "x" * 300,
        "@harbour",
    ],
)
def test_a_social_page_is_on_the_network_s_own_host(raw: str) -> None:
    with pytest.raises(Invalid):
        clean_social("linkedin", raw)


@pytest.mark.parametrize("raw", ["ftp://x.example", "https://", "localhost", "https://x.example/{{ 7*7 }}", "https://[::1", "https://a@b.example"])  # fmt: skip
def test_what_is_no_website_is_refused(raw: str) -> None:
    with pytest.raises(Invalid):
        clean_website(raw)
