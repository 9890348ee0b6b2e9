"""A PostgreSQL connection of a slice's own, whose statements are planned once and can be asked without waiting for the answer.

Each statement is its own transaction. Its answer counts only when the server is ready again: rows of a RETURNING may come before their commit.
"""

import select
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from app.lazy import lazy

if TYPE_CHECKING:
    import psycopg
    from psycopg import pq
else:  # a worker on SQLite does without
    psycopg, pq = lazy("psycopg"), lazy("psycopg.pq")

Row = Sequence[bytes | None]

# A few rows by their keys, for which a plan is made once: through the indexes, however small the tables are and whatever is
# known about them a second after an import.
_PLANS = """
SET plan_cache_mode = force_generic_plan; SET jit = off;
SET enable_seqscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off; SET enable_bitmapscan = off"""


class Broken(SQLAlchemyError):
    """The connection is gone, or the database refused a statement. Holds no values of the statement's."""


class Prepared:
    """Statements with places $1, $2, …, by their names. One may be under way at a time."""

    def __init__(self, engine: Engine, statements: Mapping[str, str]) -> None:
        self._results: list[pq.abc.PGresult] = []
        try:
            pooled = engine.raw_connection()
            self._driver: psycopg.Connection[Any] = cast(Any, pooled.driver_connection)
            pooled.detach()  # its settings are not for others: it is closed and not given back
        except psycopg.Error as error:
            raise Broken(type(error).__name__) from None
        try:
            self._driver.rollback()
            self._driver.autocommit = True
            self._driver.execute(_PLANS)
            for name, statement in statements.items():
                self._prepare(name, statement)
        except psycopg.Error as error:
            self._driver.close()
            raise Broken(type(error).__name__) from None
        except BaseException:
            self._driver.close()
            raise

    def _prepare(self, name: str, statement: str) -> None:
        result = self._driver.pgconn.prepare(name.encode(), statement.encode())
        if result.status not in (pq.ExecStatus.COMMAND_OK, pq.ExecStatus.TUPLES_OK):
            raise Broken(_state(result))

    def fileno(self) -> int:
        """Readable when an answer may have come. Raises Broken."""
        try:
            return self._driver.fileno()
        except psycopg.Error as error:
            raise Broken(type(error).__name__) from None

    def ask(self, name: str, values: Sequence[bytes | None]) -> None:
        """Send a statement; `answer` has its rows. Raises Broken."""
        try:
            self._driver.pgconn.send_query_prepared(name.encode(), values)
            self._driver.pgconn.flush()
        except psycopg.Error as error:
            raise Broken(type(error).__name__) from None

    def answer(self, wait: bool = True) -> list[Row] | None:
        """The rows of the statement that was asked; None where they are not all here yet, unless told to wait. Raises Broken."""
        connection = self._driver.pgconn
        try:
            while True:
                connection.consume_input()
                while not connection.is_busy():
                    result = connection.get_result()
                    if result is None:
                        return self._rows()
                    self._results.append(result)
                if not wait:
                    return None
                select.select([connection.socket], [], [])
        except psycopg.Error as error:
            raise Broken(type(error).__name__) from None

    def _rows(self) -> list[Row]:
        results, self._results = self._results, []
        for result in results:
            if result.status not in (pq.ExecStatus.COMMAND_OK, pq.ExecStatus.TUPLES_OK):
                raise Broken(_state(result))
        return [
            [result.get_value(row, column) for column in range(result.nfields)]
            for result in results
            for row in range(result.ntuples)
        ]

    def close(self) -> None:
        """Let the connection go."""
        self._driver.close()


def numbers(values: Sequence[int]) -> bytes:
    """An array of whole numbers as PostgreSQL reads it."""
    return b"{%s}" % ",".join(map(str, values)).encode()


def words(values: Sequence[str | None]) -> bytes:
    """An array of texts as PostgreSQL reads it."""
    return b"{%s}" % ",".join("NULL" if value is None else _quoted(value) for value in values).encode(
        "utf-8", "replace"
    )


def _quoted(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("\0", "")
    return f'"{escaped}"'


def _state(result: "pq.abc.PGresult") -> str:
    code = result.error_field(pq.DiagnosticField.SQLSTATE)
    return f"the database refused: {code.decode() if code else 'no reason'}"
