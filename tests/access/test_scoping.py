"""No read of a tenant's table without its tenant, unless the code says why."""

from pathlib import Path

import pytest

from app import load_models
from tests.access.scoping import in_folder, raw_reads, sql_calls

APP = Path(__file__).resolve().parents[2] / "app"
MODELS = frozenset({"Contact", "Campaign"})


def test_views_hold_no_sql() -> None:
    edges = [path for name in ("views", "*_views", "*_pages") for path in APP.glob(f"*/{name}.py")]
    assert len(edges) > 20
    found = {
        f"{path.relative_to(APP.parent)}:{call.lineno}"
        for path in edges
        for call in sql_calls(path.read_text())
    }
    assert not found, f"Move to the room's queries: {sorted(found)}"


def tenant_models() -> frozenset[str]:
    return frozenset(
        mapper.class_.__name__ for mapper in load_models().registry.mappers if mapper.class_.__tenant__
    )


def test_every_read_starts_from_its_tenant_or_says_why_not() -> None:
    found = in_folder(APP, tenant_models())
    assert not found, "\n" + "\n".join(map(str, found))


def test_tables_that_hold_people_have_a_tenant() -> None:
    assert {
        "Contact",
        "Lead",
        "Campaign",
        "Membership",
        "Invitation",
        "AuditEntry",
        "Delivery",
    } <= tenant_models()


def test_a_vendor_never_reads_contacts() -> None:
    mapped = {mapper.class_.__name__: mapper.class_.__tenant__ for mapper in load_models().registry.mappers}
    assert "vendor" not in mapped["Contact"]


@pytest.mark.parametrize(
    "source",
    [
        "select(Contact)",
        "x = select(Contact.id, Person.name).where(Contact.id == 1)",
        "db.session.get(Contact, 1)",
        "db.session.get_one(Campaign, 1)",
        "session.query(Contact)",
        "def f():\n    return list(db.session.scalars(select(Contact)))",
        "for row in db.session.scalars(select(Contact)):\n    pass",
        "if db.session.get(Contact, 1):\n    pass",
        "with f(select(Contact)) as x:\n    pass  # unscoped: not this line",
        "select(Person, Contact)",
    ],
)
def test_a_raw_read_is_found(source: str) -> None:
    assert len(raw_reads(source, MODELS)) == 1


@pytest.mark.parametrize(
    "source",
    [
        "scoped(org, Contact)",
        "select(Person).join(Contact)",
        "select(Contact)  # unscoped: the job's own rows",
        "x = (\n    select(Contact)  # unscoped: the job's own rows\n    .limit(1)\n)",
        "cache.get(Contact, 1)",
        "update(Contact)",
    ],
)
def test_what_starts_from_its_tenant_or_says_why_is_fine(source: str) -> None:
    assert raw_reads(source, MODELS) == []
