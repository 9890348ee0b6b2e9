"""Which way campaign mail leaves this installation: the sandbox mailbox, a mail server, or Amazon SES.

Whom it may reach is for `app.mail.allow` to say, before anything is offered to a transport.
"""

import socket
from collections.abc import Mapping
from urllib.parse import parse_qsl, unquote, urlsplit

from app.delivery.smtp import Server, SmtpTransport
from app.delivery.wire import Transport
from app.lazy import lazy
from app.settings import Settings

ses = lazy("app.delivery.ses")  # with all of botocore, which few installations need

_PORTS = {"smtp": 587, "smtps": 465}


def transport_for(settings: Settings, tags: Mapping[str, str] | None = None) -> Transport:
    """The transport that `MAIL_TRANSPORT` names; nothing is opened yet. `tags` stand in what the transport reports back, if it does."""
    if settings.mail_transport == "sandbox":
        host, _, port = settings.sandbox_smtp.rpartition(":")
        return SmtpTransport(Server(host, int(port)), our_name(settings))
    parts = urlsplit(settings.mail_transport)
    if parts.scheme == "ses":
        given = dict(parse_qsl(parts.query))
        amazon: Transport = ses.SesTransport(
            parts.hostname or "",
            endpoint=given.get("endpoint", ""),
            lanes=settings.send_connections,
            configuration_set=given.get("configuration_set", ""),
            tags=tags,
        )
        return amazon
    server = Server(
        host=parts.hostname or "",
        port=parts.port or _PORTS[parts.scheme],
        user=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        implicit_tls=parts.scheme == "smtps",
    )
    return SmtpTransport(server, our_name(settings))


def our_name(settings: Settings) -> str:
    """What we call ourselves in EHLO: the machine's full name, else the sender's domain."""
    name = socket.getfqdn()
    return (
        name if "." in name and name.isascii() and " " not in name else settings.mail_from.rpartition("@")[2]
    )
