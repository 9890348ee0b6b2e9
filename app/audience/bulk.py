"""Many contacts, members and consents in few statements: the database's own way of taking rows in, since an ORM's costs more than all the rest.

Everything happens in the session's transaction; the caller commits. SQLite takes rows one after another through a prepared statement,
PostgreSQL by COPY.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple, Protocol

from sqlalchemy import Connection, text

from app.audience.columns import TEXT_FIELDS
from app.db import db, is_sqlite, sqlite_text

_TEXTS = tuple(str(name) for name in TEXT_FIELDS)
_WRITTEN = ("email", "address_hash", *_TEXTS, "fields", "pid")
CONSENT_COLUMNS = (
    *("partner_id", "contact_id", "purpose", "basis", "source", "wording", "wording_version", "controller", "method"),
    *("given_on", "expires_on", "recorded_by", "import_id", "recorded_at"),
)  # fmt: skip


class Person(NamedTuple):
    """One contact to write: its texts in the order of TEXT_FIELDS (empty: not told), own fields by name."""

    email: str
    address_hash: str
    texts: Sequence[str]
    fields: Mapping[str, Any]
    pid: str


class Known(NamedTuple):
    """A contact that is there: its id, and the import that touched it last."""

    id: int
    import_id: int | None


class Bulk(Protocol):
    """What an import asks of the database; rows of one partner."""

    def known(self, emails: Sequence[str]) -> dict[str, Known]:
        """Which of these normalised addresses are contacts already."""

    def write(
        self, people: Sequence[Person], known: Mapping[str, Known], import_id: int, moment: datetime
    ) -> dict[str, int]:
        """Add them; those who are `known` (or came in meanwhile) get what is filled in. Returns ids by address."""

    def join(self, list_id: int, contact_ids: Sequence[int]) -> None:
        """Put them on a list; who is on it stays."""

    def consents(self, rows: Sequence[Sequence[str | int | None]]) -> None:
        """Write consents: values of CONSENT_COLUMNS, dates in ISO and moments as `moment` writes them."""

    def moment(self, at: datetime) -> str:
        """A moment as this database reads it."""


def bulk(connection: Connection, partner_id: int) -> Bulk:
    """For the database at hand."""
    return _Sqlite(connection, partner_id) if is_sqlite() else _Postgres(connection, partner_id)


def measure() -> None:
    """Have PostgreSQL look at the tables after many rows came in. What it knew while they were small makes it read a window of people once for each of them."""
    if not is_sqlite():
        db.session.execute(text("ANALYZE contact, list_member, consent"))


def _cells(person: Person) -> tuple[str, ...]:
    """The values of _WRITTEN."""
    email, address_hash, texts, fields, pid = person
    return (email, address_hash, *texts, json.dumps(fields) if fields else "{}", pid)


class _Sqlite:
    def __init__(self, connection: Connection, partner_id: int) -> None:
        self._run = connection.exec_driver_sql
        self._partner = partner_id

    def known(self, emails: Sequence[str]) -> dict[str, Known]:
        rows = self._run(
            "SELECT email, id, import_id FROM contact WHERE partner_id = ? AND email IN (SELECT value FROM json_each(?))",
            (self._partner, json.dumps(emails)),
        )
        return {email: Known(number, import_id) for email, number, import_id in rows}

    def write(
        self, people: Sequence[Person], known: Mapping[str, Known], import_id: int, moment: datetime
    ) -> dict[str, int]:
        # The transaction holds the only lock: nobody else writes, so the next ids are ours.
        last: int = self._run("SELECT coalesce(max(id), 0) FROM contact").scalar_one()
        at = sqlite_text(moment)
        new, old, ids = [], [], {email: each.id for email, each in known.items()}
        for person in people:
            if person.email in ids:
                old.append((*_cells(person)[2:-1], import_id, at, ids[person.email]))
                continue
            last += 1
            ids[person.email] = last
            new.append((last, self._partner, import_id, at, at, *_cells(person)))
        if new:
            self._run(_SQLITE_ADD, new)
        if old:
            self._run(_SQLITE_CHANGE, old)
        return ids

    def join(self, list_id: int, contact_ids: Sequence[int]) -> None:
        rows = [(list_id, number, self._partner) for number in contact_ids]
        self._run(
            "INSERT OR IGNORE INTO list_member (list_id, contact_id, partner_id) VALUES (?, ?, ?)", rows
        )

    def consents(self, rows: Sequence[Sequence[str | int | None]]) -> None:
        self._run(_SQLITE_CONSENT, rows)

    def moment(self, at: datetime) -> str:
        return sqlite_text(at)


_SQLITE_ADD = (
    f"INSERT INTO contact (id, partner_id, import_id, created_at, updated_at, {', '.join(_WRITTEN)}) "  # noqa: S608 - names of columns
    f"VALUES ({', '.join('?' * (5 + len(_WRITTEN)))})"
)
_SQLITE_CHANGE = (
    f"UPDATE contact SET {', '.join(f'{name} = coalesce(nullif(?, {chr(39) * 2}), {name})' for name in _TEXTS)}, "  # noqa: S608
    "fields = json_patch(fields, ?), import_id = ?, updated_at = ? WHERE id = ?"
)
_SQLITE_CONSENT = (
    f"INSERT INTO consent ({', '.join(CONSENT_COLUMNS)}) VALUES ({', '.join('?' * len(CONSENT_COLUMNS))})"  # noqa: S608
)


class _Postgres:
    def __init__(self, connection: Connection, partner_id: int) -> None:
        self._driver: Any = connection.connection.driver_connection
        self._partner = partner_id

    def known(self, emails: Sequence[str]) -> dict[str, Known]:
        rows = self._driver.execute(
            "SELECT email, id, import_id FROM contact WHERE partner_id = %s AND email = ANY(%s)",
            (self._partner, list(emails)),
            prepare=False,  # a plan made while the table was small would read all of it later
        )
        return {email: Known(number, import_id) for email, number, import_id in rows}

    def write(
        self, people: Sequence[Person], known: Mapping[str, Known], import_id: int, moment: datetime
    ) -> dict[str, int]:
        with self._driver.cursor() as cursor:
            cursor.execute(_POSTGRES_STAGE)
            with cursor.copy(f"COPY import_row ({', '.join(_WRITTEN)}) FROM STDIN") as copy:
                copy.write("".join([_copied(_cells(person)) for person in people]))
            cursor.execute(_POSTGRES_TAKE, (self._partner, import_id, moment, moment), prepare=False)
            return dict(cursor.fetchall())

    def join(self, list_id: int, contact_ids: Sequence[int]) -> None:
        self._driver.execute(
            "INSERT INTO list_member (list_id, contact_id, partner_id) SELECT %s, unnest(%s::bigint[]), %s "
            "ON CONFLICT DO NOTHING",
            (list_id, list(contact_ids), self._partner),
            prepare=False,
        )

    def consents(self, rows: Sequence[Sequence[str | int | None]]) -> None:
        columns = ", ".join(CONSENT_COLUMNS)
        with self._driver.cursor() as cursor, cursor.copy(f"COPY consent ({columns}) FROM STDIN") as copy:
            copy.write("".join(map(_copied, rows)))

    def moment(self, at: datetime) -> str:
        return at.isoformat()


_POSTGRES_STAGE = f"CREATE TEMPORARY TABLE IF NOT EXISTS import_row ({', '.join(f'{name} text' for name in _WRITTEN)}) ON COMMIT DELETE ROWS"
_POSTGRES_TAKE = (
    f"INSERT INTO contact (partner_id, import_id, created_at, updated_at, {', '.join(_WRITTEN)}) "  # noqa: S608 - names of columns
    f"SELECT %s, %s, %s, %s, {', '.join('fields::jsonb' if name == 'fields' else name for name in _WRITTEN)} FROM import_row "
    "ON CONFLICT (partner_id, email) DO UPDATE SET "
    + ", ".join(f"{name} = coalesce(nullif(excluded.{name}, ''), contact.{name})" for name in _TEXTS)
    + ", fields = contact.fields || excluded.fields, import_id = excluded.import_id, updated_at = excluded.updated_at "
    "RETURNING email, id"
)
_ESCAPED = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


def _copied(cells: Sequence[str | int | None]) -> str:
    """One line in COPY's text form."""
    line = "\t".join(["" if cell is None else str(cell) for cell in cells])
    if None not in cells and "\\" not in line and line.replace("\t", "").isprintable():
        return line + "\n"
    return "\t".join(["\\N" if cell is None else str(cell).translate(_ESCAPED) for cell in cells]) + "\n"
