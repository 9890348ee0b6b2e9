"""Settings: parsed once from the environment into one frozen object that refuses nonsense.

In development the secrets and paths come from the data directory; in production each must be given.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Literal
from urllib.parse import parse_qsl, urlsplit

from flask import current_app

from app import parsing
from app.errors import AppError

Environment = Literal["development", "test", "production"]


class SettingsError(AppError):
    """One or more settings are wrong; `message` has a line for each."""


def _doc(text: str, **kwargs: Any) -> Any:
    return field(metadata={"doc": text}, **kwargs)


@dataclass(frozen=True)
class Settings:
    """Everything that differs between installations. The variable's name is the field's, in capitals."""

    secret_key: str = _doc(
        "Signs sessions and links. At least 32 characters; made on first start in development."
    )
    suppression_key: str = _doc(
        "Keys the hashes that remember who said no. At least 32 characters and never changed: a new key forgets every “no”."
    )
    environment: Environment = field(
        default="development", metadata={"doc": "`development`, `test` or `production`."}
    )
    data_dir: Path = field(
        default=Path("var"),
        metadata={"doc": "Where the embedded default keeps its database, files, queue and sandbox mailbox."},
    )
    database_url: str = _doc(
        "`sqlite:///PATH` or `postgresql+psycopg://USER:PASSWORD@HOST/NAME`. Empty: SQLite in the data directory.",
        default="",
    )
    redis_url: str = _doc(
        "`redis://:PASSWORD@HOST:PORT/0`. Empty: a Valkey or Redis of our own is started.", default=""
    )
    asset_store: str = _doc(
        "`disk`, or `s3://BUCKET?region=REGION` (credentials as boto3 finds them); further `endpoint=URL`, `encryption=AES256` or `aws:kms` with `kms_key=ID`, `public=URL` of a CDN, behind `&`: see docs/library.md.",
        default="disk",
    )
    mail_transport: str = _doc(
        "`sandbox` (nothing leaves the machine), `smtp://USER:PASSWORD@HOST:PORT` (STARTTLS required unless on loopback), `smtps://…` or `ses://REGION?configuration_set=NAME` (credentials as boto3 finds them).",
        default="sandbox",
    )
    mail_from: str = _doc(
        "The platform's sender address; partners stand in the name and in Reply-To.",
        default="campaigns@throughline.example",
    )
    dkim_domain: str = _doc(
        "Sign campaign mail with DKIM for this domain. Empty: the mail server signs.", default=""
    )
    dkim_selector: str = _doc("The name of the DKIM key in that domain's DNS.", default="throughline")
    dkim_key: Path | None = field(
        default=None,
        metadata={
            "doc": "File with the private DKIM key in PEM; `throughline dkim record` prints what belongs in the DNS."
        },
    )
    bounce_host: str = _doc(
        "The host that takes returned mail: partners point the return path of their sender domain at it. Empty: all returned mail goes to MAIL_FROM's domain.",
        default="",
    )
    sender_spf: str = _doc(
        "What names the mail servers that send for this installation in an SPF record, such as `include:spf.throughline.example` or `ip4:192.0.2.25`. Empty: partners are asked for no SPF record.",
        default="",
    )
    dns_server: str = _doc(
        "`ADDRESS:PORT` of the DNS server that sender domains are looked up at. Empty: the machine's own.",
        default="",
    )
    mail_allow: tuple[str, ...] = _doc(
        "Outside production: addresses or `@domains` that a real transport may mail, separated by commas. Nobody else is mailed.",
        default=(),
    )
    mail_rate: float | None = _doc(
        "Messages a second that `MAIL_TRANSPORT` is given, over all workers. Empty: no limit (SES: the account’s own).",
        default=None,
    )
    mail_rate_senders: tuple[tuple[str, float], ...] = _doc(
        "Messages a second from a sender’s domain, such as `partner.example=5,*=20`; `*` is each one not named. Empty: no limit.",
        default=(),
    )
    mail_rate_domains: tuple[tuple[str, float], ...] = _doc(
        "Messages a second to a receiving domain, such as `gmail.com=20,outlook.com=10,*=50`. Empty: no limit.",
        default=(),
    )
    pause_at: tuple[tuple[str, float], ...] = _doc(
        "Percent of a send at which it pauses by itself: refused, bounced, complained, uncertain. `refused=0` never does.",
        default=parsing.JUDGED,
    )
    pause_after: int = _doc(
        "Messages that must be decided before a send is judged by `PAUSE_AT`.", default=200
    )
    app_url: str = _doc("Where people sign in.", default="http://localhost:8000")
    public_url: str = _doc(
        "Where links, landing pages and images live: another host than APP_URL, so that no cookie is shared.",
        default="http://127.0.0.1:8000",
    )
    listen: str = _doc("Address and port the web server binds.", default="127.0.0.1:8000")
    sandbox_smtp: str = _doc(
        "Address and port of the sandbox mailbox's SMTP server.", default="127.0.0.1:2525"
    )
    bounce_listen: str = _doc(
        "Where `throughline worker receive` takes returned mail: `smtp:ADDRESS:PORT`, `lmtp:ADDRESS:PORT`, `lmtp:/PATH/OF/SOCKET` or `off`. Empty: `smtp:127.0.0.1:2526` outside production, off in production.",
        default="",
    )
    bounce_folder: Path | None = field(
        default=None,
        metadata={
            "doc": "A folder, or a maildir, of returned mails that the beat reads: see docs/bounces.md."
        },
    )
    ses_topics: tuple[str, ...] = _doc(
        "Topics of Amazon SNS whose events about mails sent through SES are believed: their ARNs, separated by commas.",
        default=(),
    )
    web_workers: int = _doc("Web server processes.", default=2)
    send_workers: int = _doc("Worker processes that take jobs.", default=2)
    send_connections: int = _doc(
        "Connections to the mail server that one worker opens for a send; what the server allows is the limit.",
        default=10,
    )
    answer_hours: int = _doc("Hours within which a partner is asked to answer a lead.", default=4)
    outbound_allow: tuple[str, ...] = _doc(
        "Outside production: `ADDRESS:PORT` or `ADDRESS:*` of private servers that link checks may ask all the same, separated by commas.",
        default=(),
    )
    log_level: str = _doc("`debug`, `info`, `warning` or `error`.", default="info")

    @property
    def app_host(self) -> str:
        """Host and port of the signed-in pages."""
        return urlsplit(self.app_url).netloc

    @property
    def public_host(self) -> str:
        """Host and port of the public pages."""
        return urlsplit(self.public_url).netloc

    @property
    def database(self) -> str:
        """The database's URL with the embedded default filled in."""
        return self.database_url or f"sqlite:///{(self.data_dir / 'throughline.db').resolve()}"

    @property
    def bounce_address(self) -> str:
        """Where returned mail is taken, as BOUNCE_LISTEN writes it; empty where it isn't."""
        if self.bounce_listen:
            return "" if self.bounce_listen == "off" else self.bounce_listen
        return "" if self.environment == "production" else "smtp:127.0.0.1:2526"

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> "Settings":
        """Parse the environment. Raises SettingsError with one line for each variable that is wrong."""
        values: dict[str, Any] = {}
        wrong: list[str] = []
        for item in fields(cls):
            raw = environ.get(item.name.upper())
            if raw is None or raw == "":
                continue
            try:
                values[item.name] = _parse(item.name, raw)
            except ValueError as error:
                wrong.append(f"{item.name.upper()}: {error}")
        for name in ("secret_key", "suppression_key"):
            if name not in values and not any(line.startswith(name.upper()) for line in wrong):
                wrong.append(f"{name.upper()}: missing. Give a random text of at least 32 characters.")
        if wrong:
            raise SettingsError("\n".join(wrong))
        settings = cls(**values)
        wrong = list(_contradictions(settings))
        if wrong:
            raise SettingsError("\n".join(wrong))
        return settings


def _parse(name: str, raw: str) -> Any:
    parse = _PARSERS.get(name)
    return parse(raw) if parse else raw


def _one_of(raw: str, allowed: tuple[str, ...]) -> str:
    if raw not in allowed:
        raise ValueError(f"must be one of {', '.join(allowed)}.")
    return raw


def _environment(raw: str) -> str:
    return _one_of(raw, ("development", "test", "production"))


def _log_level(raw: str) -> str:
    return _one_of(raw.lower(), ("debug", "info", "warning", "error"))


def _whole(raw: str) -> int:
    if not raw.isdecimal() or not 1 <= int(raw) <= 512:
        raise ValueError("must be a whole number from 1 to 512.")
    return int(raw)


def _origin(raw: str) -> str:
    parts = urlsplit(raw)
    if (
        parts.scheme not in ("http", "https")
        or not parts.netloc
        or parts.path not in ("", "/")
        or parts.query
    ):
        raise ValueError("must be an origin such as https://marketing.example.")
    return f"{parts.scheme}://{parts.netloc}"


def _address(raw: str) -> str:
    host, _, port = raw.rpartition(":")
    if not host or not port.isdecimal() or not 0 < int(port) < 65_536:
        raise ValueError("must be HOST:PORT.")
    return raw


def _addresses(raw: str) -> tuple[str, ...]:
    return tuple(part.strip().lower() for part in raw.split(",") if part.strip())


def _servers(raw: str) -> tuple[str, ...]:
    found = tuple(part.strip() for part in raw.split(",") if part.strip())
    for entry in found:
        host, _, port = entry.rpartition(":")
        if port != "*" and not port.isdecimal():
            raise ValueError("must be ADDRESS:PORT or ADDRESS:*, separated by commas.")
        try:
            ip_address(host)
        except ValueError:
            raise ValueError("must name IP addresses, such as 127.0.0.1:*.") from None
    return found


def _secret(raw: str) -> str:
    if len(raw) < 32:
        raise ValueError("shorter than 32 characters.")
    return raw


def _database(raw: str) -> str:
    if not raw.startswith(("sqlite:///", "postgresql+psycopg://")):
        raise ValueError("must start with sqlite:/// or postgresql+psycopg://.")
    return raw


def _redis(raw: str) -> str:
    if not raw.startswith(("redis://", "rediss://", "unix://")):
        raise ValueError("must start with redis://, rediss:// or unix://.")
    return raw


def _transport(raw: str) -> str:
    named = raw.startswith(("smtp://", "smtps://", "ses://")) and urlsplit(raw).hostname
    if raw != "sandbox" and not named:
        raise ValueError("must be sandbox, smtp://HOST, smtps://HOST or ses://REGION.")
    if raw.startswith("ses://"):
        for name, value in parse_qsl(urlsplit(raw).query, keep_blank_values=True):
            known = _SES.get(name)
            if known is None or not re.fullmatch(known, value):
                raise ValueError(
                    "behind ses://REGION? only configuration_set=NAME and endpoint=URL make sense."
                )
    return raw


_SES = {"configuration_set": r"[A-Za-z0-9_-]{1,64}", "endpoint": r"https?://[^/\s]+/?"}


def _sender(raw: str) -> str:
    if raw.count("@") != 1 or any(c.isspace() for c in raw):
        raise ValueError("must be one address.")
    return raw


_PARSERS: dict[str, Callable[[str], Any]] = {
    "environment": _environment,
    "log_level": _log_level,
    "data_dir": Path,
    "web_workers": _whole,
    "send_workers": _whole,
    "send_connections": _whole,
    "answer_hours": _whole,
    "mail_allow": _addresses,
    "mail_rate": parsing.rate,
    "mail_rate_senders": parsing.rates,
    "mail_rate_domains": parsing.rates,
    "pause_at": parsing.pause_at,
    "pause_after": parsing.people,
    "outbound_allow": _servers,
    "app_url": _origin,
    "public_url": _origin,
    "listen": _address,
    "sandbox_smtp": _address,
    "bounce_listen": parsing.receiver,
    "bounce_folder": Path,
    "ses_topics": parsing.topics,
    "secret_key": _secret,
    "suppression_key": _secret,
    "database_url": _database,
    "redis_url": _redis,
    "asset_store": parsing.bucket,
    "mail_transport": _transport,
    "mail_from": _sender,
    "dkim_domain": str.lower,
    "dkim_key": Path,
    "bounce_host": parsing.host,
    "sender_spf": parsing.spf_terms,
    "dns_server": parsing.dns_server,
}


def _contradictions(settings: Settings) -> list[str]:
    wrong = []
    if settings.app_host == settings.public_host:
        wrong.append("PUBLIC_URL: must be another host than APP_URL, so that no cookie reaches public pages.")
    if bool(settings.dkim_domain) != bool(settings.dkim_key):
        wrong.append("DKIM_DOMAIN, DKIM_KEY: signing needs both.")
    if settings.environment == "production":
        wrong += _wrong_in_production(settings)
    elif settings.mail_transport != "sandbox" and not settings.mail_allow:
        wrong.append(
            "MAIL_ALLOW: outside production a real transport needs the list of addresses it may mail."
        )
    return wrong


def _wrong_in_production(settings: Settings) -> list[str]:
    wrong = []
    if settings.mail_transport == "sandbox":
        wrong.append(
            "MAIL_TRANSPORT: the sandbox mails nobody; in production give smtp://, smtps:// or ses://."
        )
    for name in ("app_url", "public_url"):
        if not getattr(settings, name).startswith("https://"):
            wrong.append(f"{name.upper()}: must be https:// in production.")
    if settings.mail_from.endswith(".example"):
        wrong.append("MAIL_FROM: give the platform's own sender address.")
    if settings.outbound_allow:
        wrong.append("OUTBOUND_ALLOW: not in production: there link checks ask public addresses only.")
    if not settings.redis_url:
        wrong.append("REDIS_URL: missing. In production Redis is a server of its own.")
    if not settings.database_url:
        wrong.append("DATABASE_URL: missing. In production say where the database is.")
    return wrong


def current() -> Settings:
    """The settings of the running application (needs an application context)."""
    settings: Settings = current_app.extensions["settings"]
    return settings
