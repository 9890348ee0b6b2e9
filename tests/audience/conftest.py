"""The audience's fixed cast on a fresh database: Harbour IT with its vendor Northwind, and a rival of each."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import create_engine, text

from app import create_app
from app.accounts.models import Membership, Organisation, OrganisationKind, Person, Role
from app.audience.models import ContactList
from app.db import Base, db
from app.programs.models import Partnership
from app.settings import Settings

_PG_BIN = Path("/usr/lib/postgresql/15/bin")


@dataclass(frozen=True)
class Cast:
    """Who plays: two partners, two vendors, and Maya who works at the first partner."""

    harbour: Organisation
    leuvelink: Organisation
    northwind: Organisation
    contoso: Organisation
    maya: Person
    customers: ContactList


def _run_as_owner(*command: str) -> None:
    prefix = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    subprocess.run([*prefix, *command], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


@pytest.fixture(scope="session")
def postgres_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A PostgreSQL of these tests' own on a socket in a temporary directory."""
    given = os.environ.get("TEST_DATABASE_URL")
    if given:
        yield given
        return
    if not _PG_BIN.exists():
        if os.environ.get("REQUIRE_ALL_TESTS"):
            pytest.fail("PostgreSQL is not installed here")
        pytest.skip("PostgreSQL is not installed here")
    home = Path(subprocess.run(["mktemp", "-d", "/tmp/aud-pg-XXXX"], check=True, capture_output=True, text=True).stdout.strip())
    home.chmod(0o777)
    _run_as_owner(str(_PG_BIN / "initdb"), "-D", str(home / "data"), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8")
    options = f"-k {home} -c listen_addresses='' -c fsync=off -c shared_buffers=32MB -c max_connections=20"
    _run_as_owner(str(_PG_BIN / "pg_ctl"), "-D", str(home / "data"), "-o", options, "-w", "-l", str(home / "log"), "start")
    yield f"postgresql+psycopg://postgres@/postgres?host={home}"
    _run_as_owner(str(_PG_BIN / "pg_ctl"), "-D", str(home / "data"), "-m", "immediate", "stop")
    shutil.rmtree(home, ignore_errors=True)


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """An empty database of each kind."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'test.db'}"
        return
    url: str = request.getfixturevalue("postgres_url")
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(text("DROP SCHEMA public CASCADE"))
        connection.execute(text("CREATE SCHEMA public"))
    engine.dispose()
    yield url


@pytest.fixture
def app(database_url: str, tmp_path: Path) -> Iterator[Flask]:
    """The whole application on that database, in an application context."""
    settings = Settings.from_env(
        {
            "SECRET_KEY": "s" * 40,
            "SUPPRESSION_KEY": "k" * 40,
            "ENVIRONMENT": "test",
            "DATA_DIR": str(tmp_path / "data"),
            "DATABASE_URL": database_url,
            "REDIS_URL": "unix:///nonexistent/redis.sock",
            "LOG_LEVEL": "error",
        }
    )
    application = create_app(settings)
    application.config["WTF_CSRF_ENABLED"] = False
    with application.app_context():
        Base.metadata.create_all(db.engine)
        yield application
        db.session.remove()
        db.engine.dispose()


@pytest.fixture
def cast(app: Flask) -> Cast:
    """The people and organisations, committed."""
    partner, vendor = OrganisationKind.PARTNER, OrganisationKind.VENDOR
    harbour = Organisation(kind=partner, name="Harbour IT", slug="harbour-it")
    leuvelink = Organisation(kind=partner, name="Leuvelink", slug="leuvelink")
    northwind = Organisation(kind=vendor, name="Northwind Cloud", slug="northwind")
    contoso = Organisation(kind=vendor, name="Contoso", slug="contoso")
    maya = Person(email="maya@harbour-it.example", name="Maya de Vries")
    db.session.add_all([harbour, leuvelink, northwind, contoso, maya])
    db.session.flush()
    customers = ContactList(partner_id=harbour.id, name="Customers")
    db.session.add_all(
        [
            Partnership(vendor_id=northwind.id, partner_id=harbour.id),
            Partnership(vendor_id=northwind.id, partner_id=leuvelink.id),
            Membership(person_id=maya.id, organisation_id=harbour.id, role=Role.ADMIN),
            customers,
        ]
    )
    db.session.commit()
    return Cast(harbour, leuvelink, northwind, contoso, maya, customers)
