"""Files of contacts and their way in, for the tests."""

from collections.abc import Sequence
from typing import Any

from app.accounts.actor import Actor
from app.accounts.models import Role
from app.audience import columns, importing
from app.audience.columns import Becomes
from app.audience.consent import Plan, Why
from app.audience.models import ContactImport
from app.db import db
from tests.rig.cast import Cast

AGREED = Plan(
    why=Why.EXPRESS, source="Maritime IT Day", wording="Yes, mail me about IT.", given_on="2025-11-06"
)


def maya(cast: Cast) -> Actor:
    """Maya de Vries, who brings the files."""
    return Actor(cast.maya, cast.harbour, Role.ADMIN)


def uploaded(cast: Cast, data: bytes | str, name: str = "contacts.csv") -> ContactImport:
    """A file that is read and kept, committed."""
    imp = importing.start(maya(cast), name, data.encode() if isinstance(data, str) else data)
    db.session.commit()
    return imp


def confirmed(
    cast: Cast,
    data: bytes | str,
    plan: Plan = AGREED,
    into: str = "Customers",
    mapping: Sequence[Becomes] | None = None,
) -> ContactImport:
    """A file that is confirmed with its guessed columns, unless others are given."""
    imp = uploaded(cast, data)
    importing.confirm(maya(cast), imp, mapping or columns.guess(imp.layout["header"]), plan, into)
    db.session.commit()
    return imp


def imported(cast: Cast, data: bytes | str, plan: Plan = AGREED, **options: Any) -> ContactImport:
    """A file that is brought in to its end."""
    imp = confirmed(cast, data, plan, **options)
    assert importing.run(imp.id)
    db.session.expire_all()
    return imp
