"""`make bench-import ROWS=1000000 DB=sqlite|postgresql`: a file of contacts through `throughline contacts import`, beside Python's csv module reading it.

The file has what real ones have: ten columns, consent row by row, people who stand there twice, addresses with faults. The import is the
command that an operator runs, start and all; its ratio is its time by the time csv takes only to read the same file. The last line is JSON.
"""

import csv
import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import func, select

from app.audience.models import Consent, Contact, ContactImport, ListMember
from app.db import db
from bench import stage
from bench.place import POSTGRESQL, SQLITE, Place, place

HEADINGS = ("Email", "First name", "Last name", "Company", "Job title", "Phone", "Country", "Consent", "Consent date", "Customer number")  # fmt: skip
_TOPS = ("com", "nl", "de", "example", "co.uk", "fr", "be")
_FAULTS = ("", "nobody", "an@", "b@@x.example", "c d@x.example", "e@x,example", "f@localhost")
_BASES = ("express", "customer", "inquiry", "")


@dataclass(frozen=True)
class Order:
    """What is asked for."""

    rows: int
    kind: str

    @classmethod
    def from_env(cls) -> "Order":
        """ROWS and DB from the environment. Raises ValueError."""
        order = cls(int(os.environ.get("ROWS") or 100_000), os.environ.get("DB") or SQLITE)
        if order.rows < 1 or order.kind not in (SQLITE, POSTGRESQL):
            raise ValueError("ROWS is at least 1, DB is sqlite or postgresql.")
        return order


def rows(count: int, seed: int = 7) -> Iterator[tuple[str, ...]]:
    """So many rows of made people: one in fifty stands there a second time, one in a hundred has no address that works."""
    dice = random.Random(seed)
    domains = [f"{name}{number}.{top}" for number in range(400) for name, top in zip(stage.LAST_PLAIN, _TOPS, strict=True)]  # fmt: skip
    for number in range(count):
        first, last = dice.choice(stage.FIRST), dice.choice(stage.LAST)
        who = number // 2 if number % 50 == 49 else number
        address = f"person{who}.{'abcdef'[who % 6]}@{domains[who * 7919 % len(domains)]}"
        if number % 100 == 37:
            address = _FAULTS[number // 100 % len(_FAULTS)]
        elif number % 9 == 0:
            address = address.title()
        yield (
            address,
            first,
            last,
            dice.choice(stage.COMPANIES),
            dice.choice(stage.TITLES),
            f"+31 10 {number % 10_000_000:07}",
            dice.choice(("NL", "Germany", "be", "")),
            _BASES[number % 4],
            f"20{25 + number % 2}-{1 + number % 9:02}-{1 + number % 28:02}",
            str(100_000 + number),
        )


def write(path: Path, count: int) -> None:
    """The file, as a CRM exports it."""
    with path.open("w", newline="", encoding="utf-8") as out:
        writer = csv.writer(out)
        writer.writerow(HEADINGS)
        writer.writerows(rows(count))


def imported(here: Place, path: Path) -> tuple[float, float]:
    """Run the command; returns the seconds it took and the megabytes it needed at most. Raises CalledProcessError."""
    line = [
        *(sys.executable, "-m", "cli", "contacts", "import", str(path), "--organisation", "harbour-it"),
        *("--list", "Everybody", "--consent-source", "CRM", "--consent-wording", "Yes, send me news.", "--json"),
    ]  # fmt: skip
    began = time.monotonic()
    with here.log("import").open("wb") as log:
        child = subprocess.Popen(line, env=dict(here.environ), cwd=here.home, stdout=log, stderr=log)
        _, status, used = os.wait4(child.pid, 0)
    took = time.monotonic() - began
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise subprocess.CalledProcessError(child.returncode, line, here.log("import").read_text()[-2000:])
    return took, used.ru_maxrss / 1024


def only_read(path: Path) -> float:
    """Seconds that csv takes to read the file, the best of three."""
    best = float("inf")
    for _ in range(3):
        began = time.monotonic()
        with path.open(newline="", encoding="utf-8") as file:
            for _row in csv.reader(file):
                pass
        best = min(best, time.monotonic() - began)
    return best


def told(here: Place, count: int) -> str:
    """What came in, from the database; checked against the command's own count. Raises ValueError where they differ."""
    said = json.loads(here.log("import").read_text().splitlines()[-1])
    with here.app.app_context():
        contacts, members, consents = (
            db.session.scalar(select(func.count()).select_from(model))  # unscoped: a database of one partner
            for model in (Contact, ListMember, Consent)
        )
        read = db.session.scalars(select(ContactImport.read)).one()  # unscoped: the same
        db.session.rollback()
    if (
        not count
        == read
        == sum(said[name] for name in ("added", "updated", "repeated", "said_no", "refused"))
    ):
        raise ValueError(f"{count} rows were written, and the import says {said}")
    if contacts != said["added"] or members != contacts:
        raise ValueError(f"{contacts} contacts, {members} on the list, and the import says {said['added']}")
    return f"{contacts:,} contacts, {consents:,} consents; {said['repeated']:,} rows for people already there, {said['refused']:,} refused"


def main() -> None:
    """Import, read, compare."""
    order = Order.from_env()
    with place(order.kind) as here:
        with here.app.app_context():
            stage.build()
            db.session.commit()
        path = here.home / "crm.csv"
        write(path, order.rows)
        print(f"{order.kind}: {order.rows:,} rows, {path.stat().st_size / 1e6:.0f} MB", flush=True)
        took, megabytes = imported(here, path)
        print(f"In {took:.1f} s: {told(here, order.rows)}", flush=True)
        reading = only_read(path)
    result = {
        "db": order.kind,
        "rows": order.rows,
        "rows_per_s": round(order.rows / took, 1),
        "csv_rows_per_s": round(order.rows / reading, 1),
        "ratio": round(took / reading, 2),
        "rss_mb": round(megabytes, 1),
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
