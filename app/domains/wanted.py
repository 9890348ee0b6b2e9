"""The records that a partner publishes for its sender domain: what each is for, where it stands and what it holds."""

from collections.abc import Iterator
from dataclasses import dataclass

from app.domains import names
from app.domains.models import DkimKey, SenderDomain
from app.settings import Settings

DMARC = "v=DMARC1; p=none"
_STRING = 255  # characters of one string of a TXT record (RFC 1035, 3.3.14)


@dataclass(frozen=True)
class Wanted:
    """One record. `key` names it among the domain's; without a `needed` one the domain is not used."""

    key: str  # owner | dkim | dkim-new | dmarc | return | spf
    label: str
    small: str
    kind: str
    name: str
    host: str
    value: str
    needed: bool

    @property
    def zone_line(self) -> str:
        """The record as a line of a zone file; long text in strings of at most 255 characters."""
        if self.kind != "TXT":
            return f"{self.name}. 3600 IN {self.kind} {self.value}."
        strings = (self.value[at : at + _STRING] for at in range(0, len(self.value), _STRING))
        return f"{self.name}. 3600 IN TXT " + " ".join(f'"{string}"' for string in strings)


@dataclass(frozen=True)
class Asked:
    """All that a check needs to know of a domain, so that it can go on without the database."""

    name: str
    records: tuple[Wanted, ...]
    bounce_host: str
    spf: str


def asked(domain: SenderDomain, used: DkimKey | None, waiting: DkimKey | None, settings: Settings) -> Asked:
    """What is to stand in the DNS for this domain with these keys."""
    records = tuple(_records(domain, used, waiting, settings))
    return Asked(domain.name, records, settings.bounce_host, settings.sender_spf)


def return_host(name: str) -> str:
    """The host that a domain's returned mail goes to."""
    return f"bounce.{name}"


def dkim_value(public: str) -> str:
    """The text of a key's record."""
    return f"v=DKIM1; k=rsa; p={public}"


def _records(
    domain: SenderDomain, used: DkimKey | None, waiting: DkimKey | None, settings: Settings
) -> Iterator[Wanted]:
    name = domain.name
    yield _wanted(
        name,
        "owner",
        "It is yours",
        "Proof",
        "TXT",
        f"_throughline.{name}",
        f"throughline-domain={domain.token}",
    )
    first = used or waiting
    if first is not None:
        yield _dkim(name, "dkim", "Signature", first)
    if used is not None and waiting is not None:
        yield _dkim(name, "dkim-new", "New signature", waiting, needed=False)
    yield _wanted(name, "dmarc", "What others do with fakes", "DMARC", "TXT", f"_dmarc.{name}", DMARC)
    if settings.bounce_host:
        back = return_host(name)
        yield _wanted(name, "return", "Returned mails", "MX", "MX", back, f"10 {settings.bounce_host}", False)
        if settings.sender_spf:
            value = f"v=spf1 {settings.sender_spf} -all"
            yield _wanted(name, "spf", "Allowed servers", "SPF", "TXT", back, value, False)


def _dkim(name: str, key: str, label: str, dkim: DkimKey, needed: bool = True) -> Wanted:
    where = f"{dkim.selector}._domainkey.{name}"
    return _wanted(name, key, label, "DKIM", "TXT", where, dkim_value(dkim.public), needed)


def _wanted(
    domain: str, key: str, label: str, small: str, kind: str, name: str, value: str, needed: bool = True
) -> Wanted:
    return Wanted(key, label, small, kind, name, names.host(name, domain), value, needed)
