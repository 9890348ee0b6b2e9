"""Numbers for people, MDF-2026-0148 and CL-2026-0091: per vendor and year, without gaps, two at once never the same."""

from sqlalchemy.dialects import postgresql, sqlite

from app.db import db, is_sqlite
from app.mdf.models import MdfNumber


def take(vendor_id: int, kind: str, year: int) -> str:
    """The next number of `kind` ("MDF" or "CL"). It is taken with the caller's transaction and given back on rollback."""
    insert = sqlite.insert if is_sqlite() else postgresql.insert
    statement = (
        insert(MdfNumber)
        .values(vendor_id=vendor_id, kind=kind, year=year, last=1)
        .on_conflict_do_update(
            index_elements=["vendor_id", "kind", "year"], set_={"last": MdfNumber.last + 1}
        )
        .returning(MdfNumber.last)
    )
    return f"{kind}-{year}-{db.session.scalars(statement).one():04d}"
