"""What an import will do, counted before it is done: new, already here, twice in the file, said no, refused."""

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import date

from app.accounts.models import Organisation
from app.assets.store import store
from app.audience import columns
from app.audience.columns import Becomes
from app.audience.consent import Plan, Why
from app.audience.entries import Refusal
from app.audience.importing import reader_of
from app.audience.models import Contact, ContactImport
from app.audience.suppress import hash_with, said_no
from app.audience.table import Layout, Rows
from app.db import db, scoped
from app.settings import current

MOST_ROWS = 5_000  # above this a count would hold up the page
_BATCH = 1_000


@dataclass(frozen=True)
class Forecast:
    """How the rows of a file would come out. They add up to `rows`."""

    rows: int
    added: int
    updated: int
    repeated: int
    said_no: int
    refused: int
    bad_addresses: int

    @property
    def people(self) -> int:
        """How many people come in or are brought up to date."""
        return self.added + self.updated


def forecast(
    partner: Organisation, imp: ContactImport, mapping: Sequence[Becomes], plan: Plan | None
) -> Forecast | None:
    """Count a file against what is there. None for large files, and while no column is the address.

    Without a whole plan only addresses and fields are judged.
    """
    if imp.rows > MOST_ROWS or columns.check(mapping):
        return None
    layout = Layout.from_json(imp.layout)
    neutral = [Becomes.LEAVE_OUT if str(b).startswith("consent_") else b for b in mapping]
    addresses = reader_of(imp, partner, neutral, Plan(why=Why.UNKNOWN))
    reader = reader_of(imp, partner, mapping, plan) if plan and complete(plan, mapping) else addresses
    emails: set[str] = set()
    opted_out: set[str] = set()
    refused = bad = rows = repeated = 0
    with closing(store().open(imp.key, layout.start)) as stream:
        for row in Rows(stream, layout.delimiter, layout.start, layout.line):
            rows += 1
            entry = reader.read(row)
            if isinstance(entry, Refusal):
                refused += 1
                bad += isinstance(addresses.read(row), Refusal)
                continue
            repeated += entry.email in emails
            emails.add(entry.email)
            if entry.opted_out:
                opted_out.add(entry.email)
    known, no = _known(partner, sorted(emails))
    no |= opted_out
    return Forecast(
        rows, len(emails - known - no), len((emails & known) - no), repeated, len(no), refused, bad
    )


def complete(plan: Plan, mapping: Sequence[Becomes]) -> bool:
    """Whether a plan says enough to judge each row by it."""
    if plan.why is Why.UNKNOWN:
        return True
    dated = bool(plan.given_on and _is_date(plan.given_on)) or Becomes.CONSENT_DATE in mapping
    told = bool(plan.source) or Becomes.CONSENT_SOURCE in mapping
    return dated and told and (plan.why is not Why.COLUMN or Becomes.CONSENT_BASIS in mapping)


def _is_date(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _known(partner: Organisation, emails: Sequence[str]) -> tuple[set[str], set[str]]:
    """Which addresses are contacts already, and which have said no."""
    known: set[str] = set()
    no: set[str] = set()
    key = current().suppression_key.encode()
    for start in range(0, len(emails), _BATCH):
        part = emails[start : start + _BATCH]
        known.update(
            db.session.scalars(
                scoped(partner, Contact).with_only_columns(Contact.email).where(Contact.email.in_(part))
            )
        )
        hashes = {hash_with(key, email): email for email in part}
        no.update(hashes[found] for found in said_no(partner.id, list(hashes)))
    return known, no


def first_rows(imp: ContactImport) -> list[list[str]]:
    """Up to three values of each column, read from the file for the mapping page."""
    layout = Layout.from_json(imp.layout)
    samples: list[list[str]] = [[] for _ in layout.header]
    with closing(store().open(imp.key, layout.start)) as stream:
        for number, row in enumerate(Rows(stream, layout.delimiter, layout.start, layout.line)):
            if number == 50:
                break
            for column, cell in zip(samples, row.cells, strict=False):
                text = " ".join(cell.split())
                if text and len(column) < 3 and text not in column:
                    column.append(text if len(text) <= 60 else f"{text[:59]}…")
    return samples
