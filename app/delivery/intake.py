"""Where a slice's messages come from: rows claimed in batches, written for their people, held back where a limit says so."""

import time
from collections import deque
from collections.abc import Iterable
from datetime import timedelta
from typing import Protocol

import structlog

from app.delivery import failpoints
from app.delivery.models import DeliveryState
from app.delivery.outcomes import Claimed
from app.delivery.store import Store
from app.delivery.wire import Envelope, Form, Limits
from app.errors import AppError

log = structlog.get_logger(__name__)

_LOOKS_AGAIN = 0.25  # seconds between two looks for rows that a domain's limit had put off
_WRITTEN_WITHIN = 1.0  # seconds by which a row that was put off may come due later than its slot
_LONGEST_WAIT = 300.0  # seconds that a row is put off at most for its domain's limit


class Writer(Protocol):
    """Phase two of rendering: the finished mail for one row, or why there is none."""

    def may_mail(self, email: str) -> bool:
        """Whether this installation may mail the address at all."""

    def expect(self, rows: Iterable[Claimed]) -> None:
        """A hint: these rows will be asked for, in this order; some may be left out."""

    def envelope(self, row: Claimed, segments: bytes, form: Form) -> Envelope:
        """The mail of this row. Raises AppError where the contact's data can't stand in a mail."""


class Intake:
    """Claims rows and hands out finished mails, one at a time."""

    def __init__(self, store: Store, writer: Writer, limits: Limits, batch: int) -> None:
        self.store = store
        self.writer = writer
        self.limits = limits
        self.batch = batch
        self.rows: deque[Claimed] = deque()
        self.dry = False  # the last claim found nothing, and nothing has been put off since
        self.held_until = 0.0  # a limit for everyone holds us back until then (time.monotonic)
        self._renderings: dict[int, bytes] = {}
        self._put_off: list[tuple[Claimed, timedelta]] = []  # rows whose domain may get no more just now
        self._next_slot: dict[str, float] = {}  # when a domain's next row may be asked for again
        self._last_claim = 0.0

    def has_more(self) -> bool:
        """Whether a row is held, claiming a batch where none is; nothing is claimed right after a claim that found nothing."""
        if not self.rows and not self.dry:
            self._last_claim = time.monotonic()
            self.rows.extend(self.store.claim(self.batch))
            self.dry = not self.rows
            self.writer.expect(self.rows)
            failpoints.hit("after-claim")
        return bool(self.rows)

    @property
    def is_empty(self) -> bool:
        """Whether no row is held and the last claim found none."""
        return self.dry and not self.rows

    def is_over(self) -> bool:
        """Whether nothing more is to be had. Rows that wait for their domain's limit and come due soon are worth staying for."""
        moment = time.monotonic()
        if any(slot + _WRITTEN_WITHIN >= moment for slot in self._next_slot.values()):
            if moment - self._last_claim >= _LOOKS_AGAIN:
                self.dry = False
            return False
        return self.is_empty

    @property
    def is_held(self) -> bool:
        """Whether a limit for everyone holds us back just now."""
        return time.monotonic() < self.held_until

    def next_mail(self, form: Form) -> tuple[Claimed, Envelope] | None:
        """The next row that may go now with its finished mail; None when there is none just now."""
        while not self.is_held and self.has_more():
            row = self.rows.popleft()
            if len(self.rows) == self.batch // 4:
                self.store.ask_ahead(self.batch)  # here before the last of them has left
            envelope = self._write(row, form)
            if envelope is None:
                continue
            domain = domain_of(row)
            wait = self.limits.take(domain)
            if wait is None:
                return row, envelope
            if wait.everyone:
                self.rows.appendleft(row)
                self.held_until = time.monotonic() + wait.seconds
            else:
                self._put_off.append((row, self._slot(domain, wait.seconds)))
        return None

    def not_sent(self, row: Claimed) -> None:
        """A row that was handed out stayed here: it doesn't count against any limit."""
        self.limits.give_back(domain_of(row))

    def give_back(self) -> None:
        """Rows that wait for their domain's limit become ready again, not before their slot."""
        if self._put_off:
            put_off, self._put_off = self._put_off, []
            self.store.put_off(put_off)

    def _slot(self, domain: str, seconds: float) -> timedelta:
        """How long a row waits behind the others of its domain, so that not all of them come back at once."""
        moment = time.monotonic()
        slot = max(self._next_slot.get(domain, 0.0), moment) + seconds
        self._next_slot[domain] = min(slot, moment + _LONGEST_WAIT)
        return timedelta(seconds=self._next_slot[domain] - moment)

    def _write(self, row: Claimed, form: Form) -> Envelope | None:
        """The finished mail, or None when the row was set aside with its reason."""
        if not self.writer.may_mail(row.email):
            self.store.set_aside(row, DeliveryState.SUPPRESSED, "not on the allow-list")
            return None
        segments = self._renderings.get(row.rendering_id)
        if segments is None:
            segments = self._renderings[row.rendering_id] = self.store.rendering(row.rendering_id)
        try:
            return self.writer.envelope(row, segments, form)
        except AppError as error:
            self.store.set_aside(row, DeliveryState.FAILED, error.message)
        except Exception:
            # One contact whose data breaks the writing must not stop the others.
            log.exception("delivery.unwritable", delivery_id=row.id)
            self.store.set_aside(row, DeliveryState.FAILED, "The mail for this person can’t be written")
        return None


def domain_of(row: Claimed) -> str:
    """The receiving domain."""
    return row.email.rpartition("@")[2]
