"""Mails written and signed ahead: while the engine talks to the mail server, threads make the RSA signatures of the next rows.

Making a signature takes longer than all the rest of sending a mail, and it lets go of Python's lock: so all cores can do it.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from typing import Protocol

from app.delivery.compose import MailWriter
from app.delivery.dkim import BadKey, Signer, SigningPool, signer_for
from app.delivery.outcomes import Claimed
from app.delivery.wire import Envelope, Form
from app.domains.keys import KeyLocked, NotUsable
from app.domains.sender import SigningKey, signing_key
from app.errors import AppError
from app.settings import Settings

_WINDOW = 128  # mails written ahead: what keeps the threads busy, in memory at once
_CHUNK = 8  # mails a thread writes before it fetches more

_Made = list[Envelope | Exception]


class Writer(Protocol):
    """What is signed: see app.delivery.engine.Writer."""

    def may_mail(self, email: str) -> bool:
        """Whether this installation may mail the address at all."""

    def envelope(self, row: Claimed, segments: bytes, form: Form) -> Envelope:
        """The finished mail of this row, unsigned. Called from several threads. Raises AppError."""


class SigningWriter:
    """A writer whose mails are signed. `expect` is a hint: what was not expected is written and signed when it is asked for."""

    def __init__(self, writer: Writer, pool: SigningPool) -> None:
        self._writer = writer
        self._pool = pool
        self._expected: deque[Claimed] = deque()
        self._waiting: set[int] = set()  # ids of those
        self._begun: dict[int, tuple[Claimed, Form, Future[_Made], int]] = {}
        self._segments: dict[int, bytes] = {}

    def may_mail(self, email: str) -> bool:
        """Whether this installation may mail the address at all."""
        return self._writer.may_mail(email)

    def expect(self, rows: Iterable[Claimed]) -> None:
        """These rows will be asked for, in this order; some may be left out."""
        for row in rows:
            if row.id not in self._waiting and row.id not in self._begun:
                self._expected.append(row)
                self._waiting.add(row.id)

    def envelope(self, row: Claimed, segments: bytes, form: Form) -> Envelope:
        """The finished, signed mail of this row. Raises AppError where the contact's data can't stand in a mail."""
        self._segments[row.rendering_id] = segments
        begun = self._begun.pop(row.id, None)
        if begun is None and row.id in self._waiting:
            while (passed := self._next()) is not None and passed.id != row.id:
                continue  # who stood before this row was left out
        if len(self._begun) <= _WINDOW - _CHUNK:
            self._begin(form)
        if begun is None or begun[0] is not row or begun[1] != form:
            return self._signed(row, segments, form)
        made = begun[2].result()[begun[3]]
        if isinstance(made, Exception):
            raise made
        return made

    def _next(self) -> Claimed | None:
        if not self._expected:
            return None
        row = self._expected.popleft()
        self._waiting.discard(row.id)
        return row

    def close(self) -> None:
        """What was written ahead and not asked for is forgotten."""
        self._expected.clear()
        self._waiting.clear()
        self._begun.clear()
        self._pool.close()

    def _begin(self, form: Form) -> None:
        """Have the next expected rows written, as many as the window takes and as their renderings are known."""
        while len(self._begun) < _WINDOW:
            chunk: list[Claimed] = []
            while self._expected and len(chunk) < _CHUNK and self._expected[0].rendering_id in self._segments:
                row = self._next()
                if row is not None:
                    chunk.append(row)
            if not chunk:
                return
            future = self._pool.submit(self._write, chunk, form)
            for place, row in enumerate(chunk):
                self._begun[row.id] = (row, form, future, place)

    def _write(self, rows: Sequence[Claimed], form: Form) -> _Made:
        made: _Made = []
        for row in rows:
            try:
                made.append(self._signed(row, self._segments[row.rendering_id], form))
            except Exception as error:
                made.append(error)  # told when this row is asked for
        return made

    def _signed(self, row: Claimed, segments: bytes, form: Form) -> Envelope:
        envelope = self._writer.envelope(row, segments, form)
        try:
            header = self._pool.signer.header(envelope.body)
        except ValueError as error:
            raise AppError(str(error)) from None
        envelope.body = header + envelope.body
        envelope.stuffed = envelope.stuffed and header + envelope.stuffed
        return envelope


def own_signer(own: SigningKey) -> Signer:
    """The signer of a partner's own domain. Raises BadKey."""
    return Signer(own.domain, own.selector, own.pem)


def own_key(settings: Settings, partner_id: int, name: str | None) -> SigningKey | None:
    """The key of the domain that a send was launched from; None for the platform's. Raises BadKey where it can't be used any more."""
    if name is None:
        return None
    try:
        return signing_key(partner_id, name, settings)
    except (KeyLocked, NotUsable) as error:
        raise BadKey(error.message) from None


@contextmanager
def writing(settings: Settings, own: SigningKey | None = None) -> "Iterator[MailWriter | SigningWriter]":
    """The writer of one slice, which signs with the partner's own key or where DKIM_DOMAIN says so. Raises BadKey."""
    signer = signer_for(settings) if own is None else own_signer(own)
    plain = MailWriter(settings, own.return_host if own else None)
    if signer is None:
        yield plain
        return
    writer = SigningWriter(plain, SigningPool(signer))
    try:
        yield writer
    finally:
        writer.close()
