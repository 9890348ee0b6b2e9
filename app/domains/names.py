"""Which domains a partner may send from: one that it owns, never a public suffix, a mailbox provider's or the platform's own."""

import re
from functools import cache
from typing import Any
from urllib.parse import urlsplit

import idna

from app.errors import Invalid
from app.lazy import lazy
from app.settings import Settings

publicsuffixlist = lazy("publicsuffixlist")

MAX_NAME = 200  # leaves room for what stands before it, such as a selector and _domainkey
_LOCAL = re.compile(r"[a-z0-9](?:[a-z0-9._-]{0,38}[a-z0-9])?")
_NEVER = frozenset({"localhost", "local", "invalid", "internal", "onion", "arpa", "alt", "home", "lan"})
# Mailbox providers whose domains belong to nobody who has an address there; their DMARC policies forbid mail from elsewhere.
_FREEMAIL = (
    "126.com 163.com aol.com bluewin.ch bol.com.br comcast.net fastmail.com fastmail.fm free.fr freenet.de gmail.com gmx.at gmx.ch "
    "gmx.com gmx.de gmx.net googlemail.com hey.com hotmail.be hotmail.co.uk hotmail.com hotmail.de hotmail.es hotmail.fr "
    "hotmail.it hotmail.nl hushmail.com icloud.com inbox.lv kpnmail.nl laposte.net libero.it live.be live.co.uk live.com "
    "live.de live.fr live.nl mac.com mail.com mail.de mail.ru me.com msn.com naver.com o2.pl online.de orange.fr outlook.be "
    "outlook.com outlook.de outlook.es outlook.fr outlook.it pm.me posteo.de proton.me protonmail.ch protonmail.com qq.com "
    "rambler.ru rediffmail.com rocketmail.com seznam.cz sfr.fr sina.com skynet.be t-online.de telenet.be tuta.com tutanota.com "
    "tutanota.de verizon.net virgilio.it wanadoo.fr web.de wp.pl xs4all.nl yahoo.co.in yahoo.co.jp yahoo.co.uk yahoo.com "
    "yahoo.de yahoo.es yahoo.fr yahoo.it yandex.com yandex.ru yeah.net ymail.com zeelandnet.nl ziggo.nl zoho.com"
)
FREEMAIL = frozenset(_FREEMAIL.split())


def clean(raw: str, settings: Settings) -> str:
    """The domain in ASCII as the DNS has it. Raises Invalid with the reason where nobody may send from it."""
    text = raw.strip().removesuffix(".").casefold()
    if "@" in text or "/" in text or ":" in text:
        raise _wrong(
            "Write the domain alone, such as news.harbour-it.example, without an address or https://."
        )
    try:
        name = idna.encode(text, uts46=True, std3_rules=True).decode().lower()
    except idna.IDNAError:
        raise _wrong("This is no domain. Write one such as news.harbour-it.example.") from None
    if len(name) > MAX_NAME:
        raise _wrong(f"A sender domain has at most {MAX_NAME} characters.")
    last = name.rpartition(".")[2]
    if last in _NEVER or last.isdigit() or "." not in name:
        raise _wrong("Nobody on the internet can look this name up. Write a domain that you own.")
    if suffixes().is_public(name):
        raise _wrong(f"{shown(name)} is an ending under which many own domains. Write your own one.")
    if owner(name) in FREEMAIL or name in FREEMAIL:
        raise _wrong(
            f"{shown(owner(name))} belongs to a mailbox provider, which alone can sign for it. Write a domain that you own."
        )
    if any(_is_within(name, theirs) or _is_within(theirs, name) for theirs in _platform(settings)):
        raise _wrong("This is a domain of the platform. Write one that you own.")
    return name


def clean_local(raw: str) -> str:
    """What stands before the @. Raises Invalid."""
    text = raw.strip().casefold()
    if not _LOCAL.fullmatch(text) or ".." in text:
        raise Invalid(
            "The address can’t be used.",
            {"local_part": "Write 1 to 40 letters a–z, digits, dots or dashes, such as hello."},
        )
    return text


def owner(name: str) -> str:
    """The organisational domain: what somebody registered, one label below a public ending (RFC 7489, 3.2)."""
    return suffixes().privatesuffix(name) or name


def shown(name: str) -> str:
    """A domain as people write it."""
    try:
        return idna.decode(name)
    except idna.IDNAError:
        return name


def host(name: str, domain: str) -> str:
    """A record's name as the forms of DNS providers want it: without the domain that was registered; "@" for that itself."""
    zone = owner(domain)
    return "@" if name == zone else name.removesuffix(f".{zone}")


@cache
def suffixes() -> Any:
    """The Public Suffix List, as it came with this release."""
    return publicsuffixlist.PublicSuffixList()


def _platform(settings: Settings) -> set[str]:
    found = {settings.mail_from.rpartition("@")[2].lower(), settings.bounce_host, settings.dkim_domain}
    found |= {(urlsplit(url).hostname or "") for url in (settings.app_url, settings.public_url)}
    return {name for name in found if "." in name and not name.replace(".", "").isdigit()}


def _is_within(name: str, parent: str) -> bool:
    return name == parent or name.endswith(f".{parent}")


def _wrong(text: str) -> Invalid:
    return Invalid("This domain can’t be used.", {"name": text})
