"""The process that takes returned mail over SMTP or LMTP: for addresses with a token of ours, and for nobody else.

It says 250 only when the mail is stored. It relays nothing, answers no mail, and never sends one.
"""

import asyncio
import signal
import socket
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import structlog
from aiosmtpd.lmtp import LMTP
from aiosmtpd.smtp import SMTP, Envelope, Session
from sqlalchemy import Engine, create_engine, event
from sqlalchemy.exc import SQLAlchemyError

from app import log as log_lines
from app import tokens
from app.clock import now
from app.delivery.records import Source
from app.delivery.returned.find import bounced
from app.delivery.returned.incoming import store
from app.settings import Settings

log = structlog.get_logger(__name__)

MAX_BYTES = 10 * 1024 * 1024
MAX_CONNECTIONS = 200
MAX_RECIPIENTS = 100
SECONDS = 120.0  # for a command, and for a whole message
_THREADS = 8
_MOST_WRONG = 20  # refused recipients after which a connection ends


def engine_for(settings: Settings) -> Engine:
    """A database engine whose commits are on the disk when they return, on SQLite too."""
    if not settings.database.startswith("sqlite"):
        return create_engine(settings.database, pool_pre_ping=True, pool_size=_THREADS, hide_parameters=True)
    engine = create_engine(settings.database, hide_parameters=True)

    @event.listens_for(engine, "connect")
    def _full(connection: Any, _record: Any) -> None:
        connection.execute("PRAGMA synchronous=FULL")

    return engine


class Handler:
    """What is answered to each command; names and signatures are aiosmtpd's."""

    def __init__(self, settings: Settings, engine: Engine, source: Source) -> None:
        self.engine, self.source = engine, source
        self._mail_from, self._key = settings.mail_from, tokens.key_from(settings.secret_key)
        self._threads = ThreadPoolExecutor(max_workers=_THREADS)

    async def handle_MAIL(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Any sender: nothing is ever sent back to it."""
        envelope.mail_from = address or "<>"  # aiosmtpd takes an empty one for none
        envelope.mail_options.extend(options)
        return "250 2.1.0 ok"

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Only an address of ours whose token is right."""
        found = self._bounced(address)
        if found is None:
            if isinstance(server, Receiver) and server.is_guessing():
                return "421 4.7.0 too many wrong addresses"
            return "550 5.1.1 no such address here"
        if len(envelope.rcpt_tos) >= MAX_RECIPIENTS:
            return "452 4.5.3 too many recipients"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 ok"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        """Store the mail, then say so: once, or in LMTP once for each recipient."""
        content = envelope.content if isinstance(envelope.content, bytes) else str(envelope.content).encode()
        said = await self._stored(envelope.rcpt_tos, content)
        if isinstance(server, Receiver):
            server.taken = 0
        return "\r\n".join([said] * (len(envelope.rcpt_tos) if self.source is Source.LMTP else 1))

    def _bounced(self, address: str) -> int | None:
        return bounced(address, self._mail_from, self._key)

    async def _stored(self, recipients: list[str], content: bytes) -> str:
        ids = [found for one in recipients if (found := self._bounced(one)) is not None]
        loop = asyncio.get_running_loop()
        keep = list(dict.fromkeys(ids))
        try:
            await loop.run_in_executor(self._threads, store, self.engine, keep, self.source, content, now())
        except SQLAlchemyError as error:
            log.error("receive.not_stored", error=type(error).__name__)
            return "451 4.3.0 can't store it now"
        log.info("receive.stored", mails=len(keep), size=len(content))
        return "250 2.0.0 kept"

    def close(self) -> None:
        """Finish what is being written."""
        self._threads.shutdown()
        self.engine.dispose()


class Receiver(SMTP):
    """A connection that ends when it takes too much, or when there are too many."""

    line_length_limit = 64 * 1024  # some servers return lines far longer than RFC 5321 allows
    open_now = 0

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.taken = 0
        self.wrong = 0

    def is_guessing(self) -> bool:
        """Another wrong recipient; whether there were too many."""
        self.wrong += 1
        if self.wrong > _MOST_WRONG and self.transport is not None:
            asyncio.get_running_loop().call_later(1, self.transport.close)
        return self.wrong > _MOST_WRONG

    def connection_made(self, transport: Any) -> None:
        """Count it; one too many is told to come later."""
        Receiver.open_now += 1
        super().connection_made(transport)
        if Receiver.open_now > MAX_CONNECTIONS:
            transport.write(b"421 4.3.2 too many connections\r\n")
            transport.close()

    def connection_lost(self, error: Exception | None) -> None:
        """One less."""
        Receiver.open_now -= 1
        super().connection_lost(error)

    def data_received(self, data: bytes) -> None:
        """Read on, but not for ever: a message without an end would fill the memory."""
        self.taken += len(data)
        if self.taken > 2 * MAX_BYTES and isinstance(self.transport, asyncio.Transport):
            self.transport.abort()
            return
        super().data_received(data)


class LmtpReceiver(Receiver, LMTP):
    """The same in LMTP (RFC 2033)."""


def _factory(handler: Handler, source: Source) -> Any:
    kind = LmtpReceiver if source is Source.LMTP else Receiver

    def made() -> SMTP:
        return kind(
            handler,
            data_size_limit=MAX_BYTES,
            enable_SMTPUTF8=True,
            hostname=socket.gethostname(),
            ident="Throughline",
            timeout=SECONDS,
            loop=asyncio.get_running_loop(),
        )

    return made


async def listen(settings: Settings) -> tuple[asyncio.Server, Handler]:
    """Begin to take mail at BOUNCE_LISTEN."""
    kind, _, where = settings.bounce_address.partition(":")
    handler = Handler(settings, engine_for(settings), Source(kind))
    factory = _factory(handler, handler.source)
    loop = asyncio.get_running_loop()
    if where.startswith("/"):
        with suppress(FileNotFoundError):
            Path(where).unlink()
        server: asyncio.Server = await loop.create_unix_server(factory, where)
        Path(where).chmod(0o660)
    else:
        host, _, port = where.rpartition(":")
        server = await loop.create_server(factory, host.strip("[]"), int(port), backlog=256)
    log.info("receive.listening", kind=kind)
    return server, handler


async def serve(settings: Settings) -> None:
    """Take mail until SIGTERM or SIGINT."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    server, handler = await listen(settings)
    async with server:
        await stop.wait()
    handler.close()


def run(settings: Settings) -> None:
    """Run the receiver in this process."""
    log_lines.configure(settings.log_level)
    asyncio.run(serve(settings))
