"""The sandbox mailbox: a mail server that delivers to nobody and keeps every message in a maildir for people to read.

It refuses what a real server refuses, and says 250 only when the message is on the disk.
"""

import asyncio
import os
import re
import signal
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import structlog
from aiosmtpd.smtp import SMTP, Envelope, Session

from app.settings import Settings

log = structlog.get_logger(__name__)

MAX_BYTES = 25 * 1024 * 1024
_LOCAL = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_DOMAIN = re.compile(
    r"(?=.{1,253}\Z)[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?)+"
)
_FROM = re.compile(rb"^from:[ \t]*\S", re.IGNORECASE | re.MULTILINE)


def mailbox_of(settings: Settings) -> Path:
    """The maildir of the sandbox."""
    return settings.data_dir / "sandbox"


def is_address(text: str) -> bool:
    """Whether a mail server would take `text` in its envelope: a plain local part, a domain with a dot, sane lengths."""
    local, _, domain = text.rpartition("@")
    try:
        domain = domain.encode("idna").decode() if not domain.isascii() else domain
    except UnicodeError:
        return False
    plain = "".join(c if c.isascii() else "x" for c in local)
    return len(local.encode()) <= 64 and bool(_LOCAL.fullmatch(plain)) and bool(_DOMAIN.fullmatch(domain))


@dataclass
class _Waiting:
    content: bytes
    stored: asyncio.Future[None]


class Maildir:
    """Messages on disk. Those that arrive while others are being written share one sync of the directory."""

    def __init__(self, home: Path) -> None:
        self.home = home
        for part in ("tmp", "new", "cur"):
            (home / part).mkdir(parents=True, exist_ok=True, mode=0o700)
        self._numbers = count()
        self._waiting: list[_Waiting] = []
        self._writer: asyncio.Task[None] | None = None
        self._threads = ThreadPoolExecutor(max_workers=8)

    async def store(self, content: bytes) -> None:
        """Return when `content` is on the disk under a name that sorts by arrival. Raises OSError."""
        waiting = _Waiting(content, asyncio.get_running_loop().create_future())
        self._waiting.append(waiting)
        if self._writer is None or self._writer.done():
            self._writer = asyncio.create_task(self._write())
        await waiting.stored

    async def _write(self) -> None:
        loop = asyncio.get_running_loop()
        while self._waiting:
            batch, self._waiting = self._waiting, []
            names = [f"{time.time_ns()}.{os.getpid()}_{next(self._numbers)}.throughline" for _ in batch]
            jobs = [
                loop.run_in_executor(self._threads, self._put, name, one.content)
                for name, one in zip(names, batch, strict=True)
            ]
            results = await asyncio.gather(*jobs, return_exceptions=True)
            error = await loop.run_in_executor(
                self._threads, self._publish, [n for n, r in zip(names, results, strict=True) if r is None]
            )
            for one, result in zip(batch, results, strict=True):
                trouble = result if isinstance(result, OSError) else error
                if one.stored.cancelled():
                    continue
                if trouble is None:
                    one.stored.set_result(None)
                else:
                    one.stored.set_exception(trouble)

    def _put(self, name: str, content: bytes) -> None:
        with (self.home / "tmp" / name).open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())

    def _publish(self, names: list[str]) -> OSError | None:
        try:
            for name in names:
                (self.home / "tmp" / name).rename(self.home / "new" / name)
            handle = os.open(self.home / "new", os.O_RDONLY)
            try:
                os.fsync(handle)
            finally:
                os.close(handle)
        except OSError as error:
            return error
        return None


class Handler:
    """What the sandbox answers to each command; names and signatures are aiosmtpd's."""

    def __init__(self, maildir: Maildir) -> None:
        self.maildir = maildir

    async def handle_MAIL(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Take the sender; an empty one is a bounce's."""
        sender = address.removeprefix("<").removesuffix(">")
        if sender and not is_address(sender):
            return "553 5.1.7 that is no sender's address"
        envelope.mail_from = sender or "<>"  # aiosmtpd takes an empty one for none
        envelope.mail_options.extend(options)
        return "250 2.1.0 ok"

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Take a recipient whose address has the right form."""
        if not is_address(address):
            return "553 5.1.3 that is no recipient's address"
        if not address.isascii() and not envelope.smtp_utf8:
            return "553 5.6.7 this address needs SMTPUTF8"
        if len(envelope.rcpt_tos) >= 100:
            return "452 4.5.3 too many recipients"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 ok"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        """Store the message, then say so."""
        content = envelope.content if isinstance(envelope.content, bytes) else str(envelope.content).encode()
        head, _, _ = content.partition(b"\r\n\r\n")
        if not _FROM.search(head):
            return "550 5.6.0 a message needs a From header"
        lines = [
            f"X-Envelope-From: {(envelope.mail_from or '').removeprefix('<').removesuffix('>')}",
            *(f"X-Envelope-To: {to}" for to in envelope.rcpt_tos),
            "",
        ]
        try:
            await self.maildir.store("\r\n".join(lines).encode() + content)
        except OSError as error:
            log.error("sandbox.not_stored", error=type(error).__name__, number=error.errno)
            return "452 4.3.1 can't store it now"
        return "250 2.0.0 kept in the sandbox"


async def serve(settings: Settings) -> None:
    """Take mail at SANDBOX_SMTP until SIGTERM or SIGINT."""
    host, _, port = settings.sandbox_smtp.rpartition(":")
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    handler = Handler(Maildir(mailbox_of(settings)))

    def session() -> SMTP:
        return SMTP(
            handler,
            data_size_limit=MAX_BYTES,
            enable_SMTPUTF8=True,
            hostname=socket.gethostname(),
            ident="Throughline sandbox",
            loop=loop,
        )

    server = await loop.create_server(session, host.strip("[]"), int(port))
    async with server:
        await stop.wait()


def run(settings: Settings) -> None:
    """Run the sandbox in this process."""
    asyncio.run(serve(settings))
