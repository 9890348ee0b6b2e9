"""What a partner writes about itself, cleaned field by field: whatever stands here may stand in a header, a footer and a link."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from email_validator import EmailNotValidError, validate_email

from app.assets.colors import clean_color
from app.errors import Invalid

LIMITS = {
    "legal_name": 160,
    "postal_address": 300,
    "phone": 40,
    "website": 300,
    "sender_name": 80,
    "reply_to": 254,
}
MOST_SOCIAL = 300


@dataclass(frozen=True)
class Network:
    """A social network: its name for people, the hosts that are its own (with everything below them), an example."""

    label: str
    hosts: tuple[str, ...]
    example: str


NETWORKS = {
    "linkedin": Network("LinkedIn", ("linkedin.com",), "linkedin.com/company/your-company"),
    "facebook": Network("Facebook", ("facebook.com", "fb.com", "fb.me"), "facebook.com/your-company"),
    "instagram": Network("Instagram", ("instagram.com",), "instagram.com/your-company"),
    "youtube": Network("YouTube", ("youtube.com", "youtu.be"), "youtube.com/@your-company"),
    "x": Network("X", ("x.com", "twitter.com"), "x.com/your-company"),
    "tiktok": Network("TikTok", ("tiktok.com",), "tiktok.com/@your-company"),
    "xing": Network("XING", ("xing.com",), "xing.com/pages/your-company"),
    "bluesky": Network("Bluesky", ("bsky.app",), "bsky.app/profile/your-company.example"),
}
"""Name of a social link in templates (`partner.linkedin`) → the network."""

# Countries without postcodes, or where most addresses have none (Universal Postal Union, addressing systems by country).
_WITHOUT = (
    "AE AG AO AW BF BI BJ BO BS BW BZ CD CF CG CI CM DJ DM ER FJ GA GD GH GM GN GQ GY HK IE JM KI KM KN KP LY ML MO MR MW"
    " NR PA QA RW SB SC SL SR SS ST SY TD TG TK TL TO TV UG VU YE ZW"
)  # fmt: skip
_NO_POSTCODE = frozenset(_WITHOUT.split())
_SHORT_POSTCODE = frozenset(("BH", "FO", "IS", "LS", "MG", "OM", "TW"))  # three digits
_POSTCODE = re.compile(
    r"\b(\d{4,10}|\d{3} \d{2}|\d{2}-\d{3}|[A-Z]{2,3}[ -]?\d{4,5}|\d{4} ?[A-Z]{2}"  # most; SE, CZ, GR; PL; LV, MT; NL
    r"|[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2}|[A-Z]\d[A-Z] ?\d[A-Z]\d)\b",  # GB; CA
    re.IGNORECASE,
)
_THREE = re.compile(r"\b\d{3}\b")
_PHONE = re.compile(r"[\w+()./\- #,:*]*")


def one_line(raw: str) -> str:
    """Text that may stand in a header: one line, no control characters. Raises Invalid."""
    text = raw.strip()
    if any(ord(c) < 32 or ord(c) == 127 or c in "\u0085\u2028\u2029" for c in text):
        raise Invalid("Write it on one line.")
    return text


def clean_postal_address(raw: str, country: str = "") -> str:
    """An address over several lines, as one with commas: that is how mails show it. Empty stays empty.

    The law wants one where a letter arrives: street or box, postcode (unless `country`, ISO 3166, has none) and town.
    """
    parts = [" ".join(part.split()).strip(",") for part in raw.replace("\r", "\n").split("\n")]
    text = one_line(", ".join(part for part in parts if part))
    if not text:
        return ""
    if len([part for part in text.split(",") if part.strip()]) < 2:
        raise Invalid("Write street, postcode and town, each on its own line or after a comma.")
    if not any(c.isalpha() for c in text):
        raise Invalid("Write the street and the town as well.")
    if country.upper() not in _NO_POSTCODE and not _has_postcode(text, country.upper()):
        raise Invalid("Add the postcode. The law wants the full address in each mail.")
    return text


def _has_postcode(text: str, country: str) -> bool:
    return bool(_POSTCODE.search(text)) or (country in _SHORT_POSTCODE and bool(_THREE.search(text)))


def clean_phone(raw: str) -> str:
    """A phone number as people write it: brackets, blanks and an extension are theirs to choose. Raises Invalid."""
    text = " ".join(one_line(raw).split())
    digits = sum(c.isdigit() for c in text)
    if text and (not 5 <= digits <= 22 or not _PHONE.fullmatch(text) or sum(c.isalpha() for c in text) > 12):
        raise Invalid("Write a phone number, such as +31 10 555 01 40.")
    return text


def clean_email(raw: str) -> str:
    """One mail address. Raises Invalid."""
    text = one_line(raw)
    if not text:
        return ""
    try:
        return validate_email(text, check_deliverability=False, test_environment=True).normalized
    except EmailNotValidError:
        raise Invalid("Write one address, such as hello@company.example.") from None


def clean_website(raw: str) -> str:
    """A web address, https where none is said. Raises Invalid."""
    address = _address(raw)
    if address is None:
        raise Invalid("Write the website’s address, such as https://company.example.")
    return address


def clean_social(network: str, raw: str) -> str:
    """The address of a page on one of the NETWORKS, always https and on the network's own host. Raises Invalid."""
    known = NETWORKS[network]
    address = _address(raw)
    if address == "":
        return ""
    parts = urlsplit(address or "")
    host = (parts.hostname or "").removeprefix("www.")
    ours = any(host == own or host.endswith(f".{own}") for own in known.hosts)
    if address is None or not ours or parts.netloc != parts.hostname or len(parts.path) < 2:
        raise Invalid(f"Write the address of your page on {known.label}, such as {known.example}.")
    address = f"https://{address.split('://', 1)[1]}"
    if len(address) > MOST_SOCIAL:
        raise Invalid(f"At most {MOST_SOCIAL} characters.")
    return address


def clean_social_links(given: Mapping[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    """All of them, the empty ones left out; and a sentence for each wrong one, by the network's name."""
    kept: dict[str, str] = {}
    wrong: dict[str, str] = {}
    for network in NETWORKS:
        try:
            kept[network] = clean_social(network, given.get(network, ""))
        except Invalid as error:
            wrong[network] = error.message
    return {network: address for network, address in kept.items() if address}, wrong


def _address(raw: str) -> str | None:
    """A web address with its scheme; empty for nothing, None for what is none."""
    text = one_line(raw)
    if not text:
        return ""
    address = text if "://" in text else f"https://{text}"
    try:
        parts = urlsplit(address)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        return None
    if parts.scheme.lower() not in ("http", "https") or "." not in host or "@" in parts.netloc:
        return None
    return None if any(c in address for c in ' "<>\\{}') else address


def cleaners(country: str) -> dict[str, Callable[[str], str]]:
    """How each field of a brand is cleaned, by its name; `country` is where the partner is at home."""
    return {
        "primary_color": clean_color,
        "call_color": clean_color,
        "legal_name": one_line,
        "postal_address": lambda raw: clean_postal_address(raw, country),
        "phone": clean_phone,
        "website": clean_website,
        "sender_name": one_line,
        "reply_to": clean_email,
    }
