"""Taking the next due rows of a send for a lease, with what is needed to write their mails; one statement where the database can.

Each claim raises the row's epoch: whoever held it before has lost it.
"""

import json
from collections.abc import Sequence
from typing import Any, Protocol

from sqlalchemy import Engine

from app import clock
from app.db import sqlite_text
from app.delivery.models import SendStatus
from app.delivery.outcomes import Claimed
from app.delivery.prepared import Prepared
from app.delivery.presence import LEASE

MAX_CRASHES = 5  # a row that killed so many workers is set aside
ALONE_AFTER = 2  # from so many on it is claimed alone, so that its neighbours finish

FIELDS = ("email", "first_name", "last_name", "company", "job_title")
_DUE = """
SELECT id FROM delivery
WHERE send_id = {send} AND state = 'ready' AND (not_before IS NULL OR not_before <= {moment}) AND id > {floor} AND crashes < {crashes}
  AND EXISTS (SELECT 1 FROM send WHERE send.id = {send} AND send.status = '{sending}')
ORDER BY id LIMIT {limit}"""
_COLUMNS = "d.id, d.epoch, d.attempts, d.rendering_id, d.tracked, " + ", ".join(
    f"c.{name}" for name in FIELDS
)


class Claims(Protocol):
    """One worker's claims of one send's rows, one at a time."""

    def ask(self, limit: int, floor: int, crashes: int) -> None:
        """Claim up to `limit` due rows above the id `floor` that killed fewer than `crashes` workers. `rows` has them."""

    def rows(self) -> list[Claimed]:
        """What was asked for, in the order of the ids."""

    def close(self) -> None:
        """Let the connection go."""


def claims(engine: Engine, send_id: int, worker: str) -> Claims:
    """The claims of one worker's slice."""
    kind = _SqliteClaims if engine.dialect.name == "sqlite" else _PostgresClaims
    return kind(engine, send_id, worker)


class _SqliteClaims:
    """Three statements on the driver's own connection, in one transaction: SQLite has no UPDATE in a WITH."""

    def __init__(self, engine: Engine, send_id: int, worker: str) -> None:
        self._pooled = engine.raw_connection()
        self._cursor = self._pooled.cursor()
        self._send, self._worker = send_id, worker
        self._rows: Sequence[Any] = ()
        self._read = _READ_THESE.format(columns=_COLUMNS)
        self._due = _DUE.format(
            send="?1", moment="?2", floor="?3", crashes="?4", limit="?5", sending=SendStatus.SENDING
        )

    def ask(self, limit: int, floor: int, crashes: int) -> None:
        """See Claims."""
        now = clock.now()
        self._rows = ()
        self._cursor.execute("BEGIN IMMEDIATE")
        try:
            self._cursor.execute(self._due, (self._send, sqlite_text(now), floor, crashes, limit))
            ids = json.dumps([row[0] for row in self._cursor.fetchall()])
            if ids != "[]":
                self._cursor.execute(_CLAIM_THESE, (self._worker, sqlite_text(now + LEASE), ids))
                self._rows = self._cursor.execute(self._read, (ids,)).fetchall()
            self._cursor.execute("COMMIT")
        except BaseException:
            self._pooled.rollback()
            raise

    def rows(self) -> list[Claimed]:
        """See Claims."""
        return [_claimed(row[:4], bool(row[4]), row[5:]) for row in self._rows]

    def close(self) -> None:
        """See Claims."""
        self._pooled.close()


_CLAIM_THESE = """
UPDATE delivery SET state = 'claimed', epoch = epoch + 1, worker = ?, lease_until = ?
WHERE id IN (SELECT value FROM json_each(?))"""
_READ_THESE = """
SELECT {columns} FROM json_each(?) AS j JOIN delivery AS d ON d.id = j.value JOIN contact AS c ON c.id = d.contact_id
ORDER BY d.id"""


class _PostgresClaims:
    """One statement. The rows are chosen and locked once, in a WITH of their own: others skip them instead of waiting."""

    def __init__(self, engine: Engine, send_id: int, worker: str) -> None:
        due = _DUE.format(
            send="$1::bigint",
            moment="clock_timestamp()",
            floor="$2::bigint",
            crashes="$3::int",
            limit="$4::int",
            sending=SendStatus.SENDING,
        )
        self._constants = [str(send_id).encode(), worker.encode()]
        claim = _CHOOSE_AND_CLAIM.format(due=due, lease=int(LEASE.total_seconds()), columns=_COLUMNS)
        self._prepared = Prepared(engine, {"claim": claim})

    def ask(self, limit: int, floor: int, crashes: int) -> None:
        """See Claims."""
        send, worker = self._constants
        self._prepared.ask("claim", [send, b"%d" % floor, b"%d" % crashes, b"%d" % limit, worker])

    def rows(self) -> list[Claimed]:
        """See Claims."""
        found = []
        for row in self._prepared.answer() or ():
            words = ["" if value is None else value.decode() for value in row]
            found.append(_claimed([int(word) for word in words[:4]], words[4] == "t", words[5:]))
        return found

    def close(self) -> None:
        """See Claims."""
        self._prepared.close()


_CHOOSE_AND_CLAIM = """
WITH due AS MATERIALIZED ({due} FOR UPDATE SKIP LOCKED), d AS (
  UPDATE delivery SET state = 'claimed', epoch = epoch + 1, worker = $5::text,
    lease_until = clock_timestamp() + interval '{lease} seconds'
  FROM due WHERE delivery.id = due.id
  RETURNING delivery.id, delivery.contact_id, delivery.epoch, delivery.attempts, delivery.rendering_id, delivery.tracked
)
SELECT {columns} FROM d JOIN contact AS c ON c.id = d.contact_id ORDER BY d.id"""


def _claimed(numbers: Sequence[int], tracked: bool, person: Sequence[str]) -> Claimed:
    row_id, epoch, attempts, rendering_id = numbers
    fields = dict(zip(FIELDS, person, strict=True))
    return Claimed(row_id, epoch, attempts, rendering_id, tracked, fields["email"], fields)
