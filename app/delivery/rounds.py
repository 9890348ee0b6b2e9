"""The write-ahead commit of a round, in as few steps as each database allows: this is what every single message waits for.

Outcomes of the last round and claimed → committing for this one are one transaction; only rows that it returns may be handed over.
"""

import json
from collections.abc import Sequence
from typing import Protocol

from sqlalchemy import ColumnElement, Engine, select

from app import clock
from app.db import sqlite_text
from app.delivery.models import Delivery, SendStatus
from app.delivery.outcomes import Decided
from app.delivery.prepared import Prepared, numbers, words

_MOVE = """
UPDATE delivery SET state = 'committing', committed_at = {moment}, attempts = attempts + 1, lease_until = NULL
WHERE {these} AND state = 'claimed' AND worker = {worker}
  AND EXISTS (SELECT 1 FROM send WHERE send.id = {send} AND send.status = '{sending}')
  AND NOT ({blocked})
RETURNING id, epoch"""
_NOTE_AND_MOVE = """
WITH noted AS (
  UPDATE delivery SET state = 'accepted', reason = NULL, reply = v.reply, not_before = NULL, decided_at = clock_timestamp()
  FROM unnest($1::bigint[], $2::int[], $3::text[]) AS v(id, epoch, reply)
  WHERE delivery.id = v.id AND delivery.epoch = v.epoch AND delivery.worker = $4::text
    AND delivery.state IN ('committing', 'uncertain')
), moved AS ({move})
SELECT id, epoch FROM moved"""


class Rounds(Protocol):
    """One slice's commits, one at a time."""

    def begin(self, ids: Sequence[int], accepted: Sequence[Decided]) -> None:
        """Note accepted messages and move rows claimed → committing, in one transaction. What moved says `moved`."""

    def moved(self, wait: bool = True) -> dict[int, int] | None:
        """The ids that moved, with their epochs, once the commit is durable; None where it is not yet, unless told to wait."""

    def fileno(self) -> int | None:
        """Readable when `moved` may have an answer; None where it always has one."""

    def close(self) -> None:
        """Let the connection go."""


def rounds(engine: Engine, send_id: int, worker: str, blocked: ColumnElement[bool]) -> Rounds:
    """The commits of one worker's slice; `blocked` is an EXISTS on a delivery whose person may not be mailed."""
    kind = _SqliteRounds if engine.dialect.name == "sqlite" else _PostgresRounds
    return kind(engine, send_id, worker, _sql(engine, blocked))


def _sql(engine: Engine, condition: ColumnElement[bool]) -> str:
    # Compiled around a delivery: alone its subqueries would list that table again instead of meaning the row at hand.
    around = select(Delivery.id).where(condition)  # unscoped: only its condition is used, in a job
    text = str(around.compile(dialect=engine.dialect, compile_kwargs={"literal_binds": True}))
    return text.split("WHERE", 1)[1]


class _SqliteRounds:
    """On the driver's own connection: two statements between BEGIN IMMEDIATE and COMMIT."""

    def __init__(self, engine: Engine, send_id: int, worker: str, blocked: str) -> None:
        self._pooled = engine.raw_connection()
        self._cursor = self._pooled.cursor()
        self._worker = worker
        self._send = send_id
        self._moved: dict[int, int] = {}
        self._move = _MOVE.format(
            moment="?",
            these="id IN (SELECT value FROM json_each(?))",
            worker="?",
            send="?",
            sending=SendStatus.SENDING,
            blocked=blocked,
        )
        # A late answer also settles a row that was called uncertain while this worker slept.
        self._accept = """
UPDATE delivery SET state = 'accepted', reason = NULL, reply = ?, not_before = NULL, decided_at = ?
WHERE id = ? AND epoch = ? AND worker = ? AND state IN ('committing', 'uncertain')"""

    def begin(self, ids: Sequence[int], accepted: Sequence[Decided]) -> None:
        """See Rounds."""
        moment = sqlite_text(clock.now())
        worker = self._worker
        self._moved = {}
        self._cursor.execute("BEGIN IMMEDIATE")
        try:
            if accepted:
                values = [
                    (d.outcome.reply[:200] or None, moment, d.row.id, d.row.epoch, worker) for d in accepted
                ]
                self._cursor.executemany(self._accept, values)
            if ids:
                self._cursor.execute(self._move, (moment, json.dumps(ids), worker, self._send))
                self._moved = dict(self._cursor.fetchall())
            self._cursor.execute("COMMIT")
        except BaseException:
            self._pooled.rollback()
            raise

    def moved(self, wait: bool = True) -> dict[int, int] | None:
        """See Rounds."""
        return self._moved

    def fileno(self) -> int | None:
        """See Rounds."""
        return None

    def close(self) -> None:
        """See Rounds."""
        self._pooled.close()


class _PostgresRounds:
    """One statement that is its own transaction: one way there and back, one synchronous commit."""

    def __init__(self, engine: Engine, send_id: int, worker: str, blocked: str) -> None:
        self._worker = worker.encode()
        move = _MOVE.format(
            moment="clock_timestamp()",
            these="id = ANY($5::bigint[])",
            worker="$4::text",
            send=int(send_id),
            sending=SendStatus.SENDING,
            blocked=blocked,
        )
        self._prepared = Prepared(engine, {"round": _NOTE_AND_MOVE.format(move=move)})

    def begin(self, ids: Sequence[int], accepted: Sequence[Decided]) -> None:
        """See Rounds."""
        done = numbers([d.row.id for d in accepted])
        epochs = numbers([d.row.epoch for d in accepted])
        replies = words([d.outcome.reply[:200] or None for d in accepted])
        self._prepared.ask("round", [done, epochs, replies, self._worker, numbers(ids)])

    def moved(self, wait: bool = True) -> dict[int, int] | None:
        """See Rounds."""
        rows = self._prepared.answer(wait)
        return None if rows is None else {int(row[0] or 0): int(row[1] or 0) for row in rows}

    def fileno(self) -> int | None:
        """See Rounds."""
        return self._prepared.fileno()

    def close(self) -> None:
        """See Rounds."""
        self._prepared.close()
