"""Fixtures of all tests.

A test that asks for `app` (or `session`, `client`, `cast`) gets the whole application on an empty database of its own. That is SQLite;
mark a module or a test with `pytest.mark.both_databases` and it runs on SQLite and on PostgreSQL. The application is made once a
module, the database is emptied before each test. A module that wants other settings overrides the fixture `overrides`.

`app` holds an application context open, so `db.session` works in the test. `client` answers each request in a context of its own and
commits the test's session before it: see tests/rig/web.py. CSRF checks are off unless the module says otherwise.

What isn't installed here is skipped with the reason; THROUGHLINE_NO_SKIPS=1 turns every skip into a failure, except where only the
material beside the checkout (../shared) is missing.
"""

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.orm import Session, scoped_session

from app import create_app, load_models
from app.db import Base, db
from app.settings import Settings
from tests.browser import browser
from tests.rig import cast as casting
from tests.rig import postgres
from tests.rig.sink import Sink
from tests.rig.web import Client, sign_in

SHARED = Path(__file__).resolve().parents[2] / "shared"
__all__ = ["browser"]  # one for all modules: Playwright runs once in a process
INSTALLATIONS = ("tests/journey/", "tests/worker/test_up.py", "tests/cli/")
NO_SHARED = "the shared material is not beside this checkout"


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run what is marked both_databases on both."""
    if "database" in metafunc.fixturenames and metafunc.definition.get_closest_marker("both_databases"):
        metafunc.parametrize("database", ["sqlite", "postgresql"], indirect=True, scope="module")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Long tests run only where they are asked for by their mark; what starts whole installations runs first, so that it ends beside others."""
    items.sort(key=lambda item: not item.nodeid.startswith(INSTALLATIONS))
    if "long" in config.option.markexpr:
        return
    kept = [item for item in items if not item.get_closest_marker("long")]
    config.hook.pytest_deselected(items=[item for item in items if item.get_closest_marker("long")])
    items[:] = kept


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Any:
    """With THROUGHLINE_NO_SKIPS=1 a skip is a failure, except for want of the shared material."""
    report = yield
    if report.skipped and os.environ.get("THROUGHLINE_NO_SKIPS") == "1":
        reason = str(report.longrepr[2]) if isinstance(report.longrepr, tuple) else str(report.longrepr)
        if not (NO_SHARED in reason and not SHARED.exists()):
            report.outcome = "failed"
            report.longrepr = f"{item.nodeid} was skipped, and nothing may be skipped here: {reason}"
    return report


@pytest.fixture(scope="session")
def shared() -> Path:
    """The material beside the checkout (public templates, mock-ups)."""
    if not SHARED.exists():
        pytest.skip(NO_SHARED)
    return SHARED


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of a Chromium."""
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if not found:
        pytest.skip("Chromium is not installed here")
    return found


@pytest.fixture(scope="session")
def cluster() -> Iterator[postgres.Cluster]:
    """A PostgreSQL server."""
    try:
        postgres.find("initdb")
    except postgres.Missing as error:
        pytest.skip(str(error))
    with postgres.cluster() as running:
        yield running


@pytest.fixture(scope="session")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a real Redis or Valkey process of these tests' own."""
    from worker.valkey import Embedded  # imported here, so that tests without Redis need no worker package

    server = Embedded(tmp_path_factory.mktemp("redis"))
    process = subprocess.Popen(server.command(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        server.wait(10)
        yield server.url
    finally:
        process.terminate()
        process.wait(10)


@pytest.fixture
def smtp_sink() -> Iterator[Sink]:
    """A scripted mail server in this process with a log of what it accepted."""
    sink = Sink()
    yield sink
    sink.close()


@pytest.fixture(scope="module")
def database(request: pytest.FixtureRequest) -> str:
    """`sqlite` or `postgresql`: what `app` runs on."""
    kind: str = getattr(request, "param", "sqlite")
    return kind


@pytest.fixture(scope="module")
def overrides() -> dict[str, Any]:
    """Settings of this module that differ from the tests' usual ones."""
    return {}


def _create_tables(url: str) -> None:
    load_models()
    engine: Engine = create_engine(url)
    with engine.begin() as connection:
        Base.metadata.create_all(connection)
    if engine.dialect.name == "sqlite":
        with engine.connect() as connection:
            connection.exec_driver_sql("ROLLBACK")
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
            connection.exec_driver_sql("BEGIN")
    engine.dispose()


@pytest.fixture(scope="session")
def _sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("template") / "template.db"
    _create_tables(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def _postgres_template(cluster: postgres.Cluster) -> str:
    _create_tables(cluster.create("throughline_template"))
    return "throughline_template"


@pytest.fixture(scope="module")
def _database_url(
    request: pytest.FixtureRequest, database: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    if database == "sqlite":
        path = tmp_path_factory.mktemp("database") / "throughline.db"
        shutil.copy(request.getfixturevalue("_sqlite_template"), path)
        yield f"sqlite:///{path}"
        return
    running: postgres.Cluster = request.getfixturevalue("cluster")
    template: str = request.getfixturevalue("_postgres_template")
    name = f"t_{request.module.__name__.replace('.', '_')[-50:].lower()}"
    yield running.create(name, template)
    running.drop(name)


@pytest.fixture(scope="module")
def settings(
    _database_url: str, overrides: dict[str, Any], tmp_path_factory: pytest.TempPathFactory
) -> Settings:
    """Settings of a test: everything in a directory of its own, no Redis unless `overrides` gives one."""
    values: dict[str, Any] = {
        "secret_key": "a secret of the tests and of nobody else",
        "suppression_key": "a second secret of the tests, kept for ever",
        "environment": "test",
        "data_dir": tmp_path_factory.mktemp("data"),
        "database_url": _database_url,
        "redis_url": "redis://127.0.0.1:1/0",
        "log_level": "error",
    }
    return Settings(**{**values, **overrides})


@pytest.fixture(scope="module")
def _module_app(settings: Settings) -> Iterator[Flask]:
    app = create_app(settings)
    app.config.update(TESTING=True, WTF_CSRF_ENABLED=False)
    app.test_client_class = Client
    yield app
    with app.app_context():
        db.engine.dispose()


def _empty(request: pytest.FixtureRequest) -> None:
    engine = db.engine
    if engine.dialect.name == "sqlite":
        path = Path(str(engine.url.database))
        engine.dispose()
        for suffix in ("", "-wal", "-shm"):
            path.with_name(path.name + suffix).unlink(missing_ok=True)
        shutil.copy(request.getfixturevalue("_sqlite_template"), path)
        return
    tables = [table.name for table in Base.metadata.tables.values()]
    asked = " UNION ALL ".join(f"SELECT '{name}' WHERE EXISTS (SELECT 1 FROM \"{name}\")" for name in tables)
    with engine.begin() as connection:
        connection.execute(text("SET LOCAL session_replication_role = replica"))
        for name in connection.scalars(text(asked)).all():
            connection.execute(text(f'DELETE FROM "{name}"'))


@pytest.fixture
def app(request: pytest.FixtureRequest, _module_app: Flask, settings: Settings) -> Iterator[Flask]:
    """The application on an empty database, with an application context open."""
    with _module_app.app_context():
        _empty(request)
        shutil.rmtree(settings.data_dir / "spool", ignore_errors=True)
        for remembered in ("tracker", "landing_pages"):  # of the database as it was
            _module_app.extensions.pop(remembered, None)
        yield _module_app
        db.session.rollback()
        db.session.remove()


@pytest.fixture
def session(app: Flask) -> scoped_session[Session]:
    """The session of the open application context."""
    return db.session


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A browser that isn't signed in."""
    return app.test_client()


@pytest.fixture
def cast(app: Flask) -> casting.Cast:
    """The fixed cast, committed: see tests/rig/cast.py."""
    return casting.build()


@pytest.fixture
def as_person(app: Flask) -> Callable[..., FlaskClient]:
    """`as_person(cast.maya)` or `as_person(cast.maya, cast.harbour)`: a browser in which this person is signed in."""

    def browser(person: Any, organisation: Any = None) -> FlaskClient:
        client = app.test_client()
        sign_in(client, person, organisation)
        return client

    return browser
