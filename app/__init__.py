"""Throughline: from a vendor's kit to a partner's deal, one line that does not break. See docs/story.md."""

from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

from flask import Blueprint, Flask

from app import log
from app.db import Base, db
from app.settings import Settings

ROOT = Path(__file__).resolve().parent.parent

# The rooms in the order of the story: a later one may import an earlier one, never the reverse.
ROOMS = (
    "web",
    "mail",
    "accounts",
    "programs",
    "assets",
    "domains",
    "render",
    "kits",
    "audience",
    "abtest",
    "campaigns",
    "delivery",
    "tracking",
    "landing",
    "leads",
    "mdf",
    "attribution",
    "reports",
    "flows",
)
_TABLES = ("models", "records")


def load_models() -> type[Base]:
    """Import every room's tables, so that the metadata is whole; returns the base."""
    for room in ROOMS:
        for module in _TABLES:
            if find_spec(f"app.{room}.{module}"):
                import_module(f"app.{room}.{module}")
    return Base


def create_app(settings: Settings) -> Flask:
    """The web application for these settings; also the context in which workers and commands run."""
    log.configure(settings.log_level)
    app = Flask(
        "app",
        root_path=str(ROOT / "app"),
        template_folder=str(ROOT / "templates"),
        static_folder=str(ROOT / "static"),
    )
    app.extensions["settings"] = settings
    app.config.update(
        SECRET_KEY=settings.secret_key,
        SQLALCHEMY_DATABASE_URI=settings.database,
        SQLALCHEMY_ENGINE_OPTIONS={
            "pool_pre_ping": not settings.database.startswith("sqlite"),
            "hide_parameters": True,
        },
        MAX_CONTENT_LENGTH=64 * 1024 * 1024,
        MAX_FORM_MEMORY_SIZE=2 * 1024 * 1024,
        MAX_FORM_PARTS=1_000,
        SESSION_COOKIE_NAME="throughline",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=settings.app_url.startswith("https://"),
        WTF_CSRF_TIME_LIMIT=None,
    )
    app.extensions["migrations"] = ROOT / "migrations"
    db.init_app(app)
    load_models()
    _load_uses()
    import_module("app.web").register(app)
    for blueprint in _blueprints(settings):
        app.register_blueprint(blueprint)
    return app


def _load_uses() -> None:
    """Import every room's `uses`, so that each is asked where a file of the library stands (see app.assets.usage)."""
    for room in ROOMS:
        if find_spec(f"app.{room}.uses"):
            import_module(f"app.{room}.uses")


def _blueprints(settings: Settings) -> list[Blueprint]:
    found: list[Blueprint] = []
    for room in ROOMS:
        if find_spec(f"app.{room}.views"):
            found += import_module(f"app.{room}.views").blueprints
    if (
        settings.mail_transport == "sandbox"
        and settings.environment != "production"
        and find_spec("app.delivery.sandbox_views")
    ):
        found += import_module("app.delivery.sandbox_views").blueprints
    return found
