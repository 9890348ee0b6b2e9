"""Mails written and signed ahead: while the engine talks to the mail server, processes make the RSA signatures of the next rows.

Making a signature takes longer than all the rest of sending a mail: so other cores do it.
"""

from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

from app.delivery.compose import MailWriter
from app.delivery.dkim import BadKey, Signer, Unsigned, signer_for
from app.delivery.outcomes import Claimed
from app.delivery.signatures import MOST_WAITING, Gone, Signatures, Ticket
from app.delivery.wire import Envelope, Form
from app.domains.keys import KeyLocked, NotUsable
from app.domains.sender import SigningKey, signing_key
from app.errors import AppError
from app.settings import Settings

_WINDOW = MOST_WAITING  # mails written ahead, in memory at once
_CHUNK = 16  # mails whose digests are handed over together
FEW = 64  # so many are signed here: starting a process takes longer


class Writer(Protocol):
    """What is signed: see app.delivery.engine.Writer."""

    def may_mail(self, email: str) -> bool:
        """Whether this installation may mail the address at all."""

    def envelope(self, row: Claimed, segments: bytes, form: Form) -> Envelope:
        """The finished mail of this row, unsigned. Raises AppError."""


@dataclass(slots=True)
class _Ahead:
    """A mail written ahead whose signature is being made, or why it can't be written."""

    row: Claimed
    form: Form
    envelope: Envelope | None = None
    unsigned: Unsigned | None = None
    ticket: Ticket | None = None
    error: Exception | None = None


class SigningWriter:
    """A writer whose mails are signed. `expect` is a hint: what was not expected is written and signed when it is asked for."""

    def __init__(self, writer: Writer, signer: Signer, signatures: Signatures | None = None) -> None:
        """`signatures` makes them elsewhere; None: each is made here."""
        self._writer = writer
        self._signer = signer
        self._signatures = signatures
        self._expected: deque[Claimed] = deque()
        self._waiting: set[int] = set()  # ids of those
        self._begun: dict[int, _Ahead] = {}
        self._segments: dict[int, bytes] = {}
        self._is_many = False

    def may_mail(self, email: str) -> bool:
        """Whether this installation may mail the address at all."""
        return self._writer.may_mail(email)

    def expect(self, rows: Iterable[Claimed]) -> None:
        """These rows will be asked for, in this order; some may be left out."""
        for row in rows:
            if row.id not in self._waiting and row.id not in self._begun:
                self._expected.append(row)
                self._waiting.add(row.id)
        self._is_many = self._is_many or len(self._expected) >= FEW

    def envelope(self, row: Claimed, segments: bytes, form: Form) -> Envelope:
        """The finished, signed mail of this row. Raises AppError where the contact's data can't stand in a mail."""
        self._segments[row.rendering_id] = segments
        begun = self._begun.pop(row.id, None)
        if begun is None and row.id in self._waiting:
            while (passed := self._next()) is not None and passed.id != row.id:
                continue  # who stood before this row was left out
        if self._is_many and len(self._begun) <= _WINDOW - _CHUNK:
            self._begin(form)
        if begun is None or begun.row is not row or begun.form != form:
            self._forget(begun)
            return self._finished(self._written(row, segments, form))
        return self._finished(begun)

    def close(self) -> None:
        """What was written ahead and not asked for is forgotten."""
        self._expected.clear()
        self._waiting.clear()
        self._begun.clear()
        if self._signatures is not None:
            self._signatures.close()

    def _next(self) -> Claimed | None:
        if not self._expected:
            return None
        row = self._expected.popleft()
        self._waiting.discard(row.id)
        return row

    def _begin(self, form: Form) -> None:
        """Have the next expected rows signed, as many as the window takes and as their renderings are known."""
        while self._signatures is not None and len(self._begun) <= _WINDOW - _CHUNK:
            chunk: list[_Ahead] = []
            while self._expected and len(chunk) < _CHUNK and self._expected[0].rendering_id in self._segments:
                row = self._next()
                if row is not None:
                    chunk.append(self._written(row, self._segments[row.rendering_id], form))
            if not chunk:
                return
            self._begun.update({ahead.row.id: ahead for ahead in chunk})
            signed = [(ahead, ahead.unsigned.digest) for ahead in chunk if ahead.unsigned]
            tickets = self._signatures.ask([digest for _, digest in signed])
            if tickets is None:  # none of them lives: go on without
                self._signatures = None
                return
            for (ahead, _), ticket in zip(signed, tickets, strict=True):
                ahead.ticket = ticket

    def _written(self, row: Claimed, segments: bytes, form: Form) -> _Ahead:
        ahead = _Ahead(row, form)
        try:
            ahead.envelope = self._writer.envelope(row, segments, form)
            ahead.unsigned = self._signer.unsigned(ahead.envelope.body)
        except ValueError as error:
            ahead.error = AppError(str(error))
        except Exception as error:
            ahead.error = error  # told when this row is asked for
        return ahead

    def _finished(self, ahead: _Ahead) -> Envelope:
        if ahead.envelope is None or ahead.unsigned is None:
            raise ahead.error or ValueError("nothing was written")
        header = self._signer.complete(ahead.unsigned, self._signature(ahead.unsigned, ahead.ticket))
        envelope = ahead.envelope
        envelope.body = header + envelope.body
        envelope.stuffed = envelope.stuffed and header + envelope.stuffed
        return envelope

    def _signature(self, unsigned: Unsigned, ticket: Ticket | None) -> bytes:
        if ticket is not None and self._signatures is not None:
            try:
                return self._signatures.signature(ticket)
            except Gone:
                pass
        return self._signer.sign(unsigned.digest)

    def _forget(self, begun: _Ahead | None) -> None:
        if begun is not None and begun.ticket is not None and self._signatures is not None:
            self._signatures.forget(begun.ticket)


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
    signatures = Signatures(signer.pem, signer.signature_size) if signer.signature_size else None
    writer = SigningWriter(plain, signer, signatures)
    try:
        yield writer
    finally:
        writer.close()
