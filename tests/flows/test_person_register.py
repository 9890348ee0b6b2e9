"""Every column of the database is classified: personal data with a way out of it, or none."""

import pytest
from sqlalchemy import Column, MetaData, String, Table

from app import load_models
from app.flows import person_register
from app.flows.person_register import TABLES, unclassified
from app.flows.person_ties import TIES

METADATA = load_models().metadata


def test_every_column_says_whether_it_holds_personal_data() -> None:
    missing = unclassified(METADATA)
    assert not missing, "\n" + "\n".join(missing)


def test_every_personal_column_can_be_found_for_a_person() -> None:
    tied = {name for name, table in TABLES.items() if table.columns("own", "kept", "within") or table.drop}
    with_contact = {table.name for table in METADATA.sorted_tables if "contact_id" in table.c}
    lacking = sorted((tied | with_contact) - set(TIES))
    assert not lacking, f"Say in TIES of app/flows/person_ties.py how a row is tied to a person: {lacking}"


@pytest.mark.parametrize("name", sorted(name for name, table in TABLES.items() if table.columns("mention")))
def test_what_is_looked_through_for_mentions_has_an_owner_and_an_id(name: str) -> None:
    columns = METADATA.tables[name].c
    assert TABLES[name].owner in columns
    assert "id" in columns
    assert TABLES[name].title


def test_what_is_kept_says_why_and_every_place_has_a_name() -> None:
    assert [name for name, table in TABLES.items() if table.columns("kept") and not table.why_kept] == []
    assert [name for name in TIES if not TABLES[name].title and name != "engagement_due"] == []


def test_a_column_that_nobody_classified_is_named_with_what_to_do() -> None:
    made = MetaData()
    for table in METADATA.sorted_tables:
        table.to_metadata(made)
    made.tables["contact"].append_column(Column("shoe_size", String(3)))
    Table("diary", made, Column("entry", String(80)))
    first, second = sorted(unclassified(made), key=len)
    assert "diary" in min(first, second, key=lambda text: "diary" not in text)
    assert any("contact.shoe_size" in text and "write its name" in text for text in (first, second))


def test_a_column_that_is_gone_is_named_too(monkeypatch: pytest.MonkeyPatch) -> None:
    more = {**TABLES, "pulse": person_register.Table(plain="name at beat"), "diary": person_register.Table()}
    monkeypatch.setattr(person_register, "TABLES", more)
    assert [text.split(" is in")[0] for text in unclassified(METADATA)] == [
        "Column pulse.beat",
        "Table diary",
    ]
