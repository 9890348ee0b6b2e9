"""`throughline up`: everything on one machine with one command: embedded Redis, sandbox mailbox, web server, workers, beat."""

import fcntl
import http.client
import os
import socket
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import click

from app import create_app, migrations
from app.errors import Refused
from app.settings import Settings
from worker import environment
from worker.supervisor import Program, Supervisor
from worker.valkey import free_port
from worker.web import command as web_command

LOCK = "up.lock"


@click.command()
@click.option(
    "--port",
    type=click.IntRange(1, 65535),
    help="Port of the web server on this machine, instead of what LISTEN says.",
)
@click.pass_obj
def up(environ: Mapping[str, str], port: int | None) -> None:
    """Start everything on this machine, restart what dies, stop it all with Ctrl-C."""
    asked = with_port(environ, port)
    settings = environment.load(asked)
    with only_one(settings.data_dir):
        settings = _claim_addresses(asked, settings)
        _upgrade(settings)
        supervisor = Supervisor(
            programs(settings), child_environment(asked, settings), settings.data_dir / "log"
        )
        supervisor.run(lambda: _announce(settings))


def with_port(environ: Mapping[str, str], port: int | None) -> dict[str, str]:
    """The environment with the addresses of this start: given ones stay, the others follow from the port."""
    chosen = {name: value for name, value in environ.items() if value}
    if port is not None:
        chosen |= {
            "LISTEN": f"127.0.0.1:{port}",
            "APP_URL": f"http://localhost:{port}",
            "PUBLIC_URL": f"http://127.0.0.1:{port}",
        }
    if chosen.get("ENVIRONMENT", "development") == "development":
        defaults = {
            name: str(Settings.__dataclass_fields__[name.lower()].default)
            for name in ("LISTEN", "APP_URL", "PUBLIC_URL")
        }
        return {**defaults, **chosen}
    return chosen


def child_environment(environ: Mapping[str, str], settings: Settings) -> dict[str, str]:
    """What the processes get: the given environment, and the addresses that were settled at the start."""
    return {
        **environ,
        "DATA_DIR": str(settings.data_dir),
        "REDIS_URL": settings.redis_url,
        "SANDBOX_SMTP": settings.sandbox_smtp,
        "BOUNCE_LISTEN": settings.bounce_address or "off",
    }


def programs(settings: Settings) -> list[Program]:
    """The processes in the order of their start."""
    ours = [sys.executable, "-m", "cli", "worker"]
    found: list[Program] = []
    server = environment.embedded(settings.data_dir)
    if settings.redis_url == server.url:

        def redis_command(deaths: int) -> list[str]:
            if deaths >= 3:
                server.set_aside()
            return server.command()

        found.append(Program("redis", redis_command, server.answers, grace=10))
    if settings.mail_transport == "sandbox":
        found.append(
            Program(
                "sandbox", lambda _: [*ours, "sandbox"], lambda: _listens(settings.sandbox_smtp), grace=10
            )
        )
    if settings.bounce_address:
        found.append(
            Program(
                "receive",
                lambda _: [*ours, "receive"],
                lambda: _takes_mail(settings.bounce_address),
                grace=15,
            )
        )
    found.append(Program("web", lambda _: web_command(settings), lambda: is_ready(settings), grace=15))
    found.append(Program("spool", lambda _: [*ours, "spool"], grace=10))
    for number in range(1, settings.send_workers + 1):
        found.append(Program(f"worker-{number}", lambda _: [*ours, "run"]))
    found.append(Program("beat", lambda _: [*ours, "beat"], grace=10))
    return found


def is_ready(settings: Settings) -> bool:
    """Whether the web server says that everything it leans on answers."""
    host, _, port = settings.listen.rpartition(":")
    connection = http.client.HTTPConnection("127.0.0.1" if host == "0.0.0.0" else host, int(port), timeout=5)  # noqa: S104
    try:
        connection.request("GET", "/readyz", headers={"Host": settings.app_host})
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


@contextmanager
def only_one(data_dir: Path) -> Iterator[None]:
    """Hold the data directory for this process. Raises Refused while another one has it."""
    data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (data_dir / LOCK).open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Refused(
                f"Throughline already runs from {data_dir}. Stop it first, or give another DATA_DIR."
            ) from None
        yield


def _claim_addresses(environ: dict[str, str], settings: Settings) -> Settings:
    if not _becomes_free(settings.listen):
        raise Refused(
            f"{settings.listen} is taken by another program. Stop it, or choose another port with --port."
        )
    if "REDIS_URL" not in environ:
        environment.embedded(settings.data_dir).clear_the_way()
    if "SANDBOX_SMTP" not in environ and not _becomes_free(settings.sandbox_smtp):
        environ["SANDBOX_SMTP"] = f"127.0.0.1:{free_port()}"
    if "BOUNCE_LISTEN" not in environ and settings.bounce_address:
        kind, _, where = settings.bounce_address.partition(":")
        if not _becomes_free(where, patience=0.5):
            environ["BOUNCE_LISTEN"] = f"{kind}:127.0.0.1:{free_port()}"
    settings = environment.load(environ)
    if settings.environment == "development":
        kept = {"LISTEN": settings.listen, "APP_URL": settings.app_url, "PUBLIC_URL": settings.public_url}
        environment.remember(settings.data_dir, {**kept, "SANDBOX_SMTP": settings.sandbox_smtp})
    return settings


def _becomes_free(address: str, patience: float = 5) -> bool:
    # A killed predecessor may need a moment to let go.
    host, _, port = address.rpartition(":")
    deadline = time.monotonic() + patience
    while True:
        with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host.strip("[]"), int(port)))
            except OSError:
                if time.monotonic() > deadline:
                    return False
            else:
                return True
        time.sleep(0.1)


def _listens(address: str) -> bool:
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=1).close()
    except OSError:
        return False
    return True


def _takes_mail(address: str) -> bool:
    where = address.partition(":")[2]
    return Path(where).is_socket() if where.startswith("/") else _listens(where)


def _upgrade(settings: Settings) -> None:
    app = create_app(settings)
    with app.app_context():
        migrations.upgrade(app)


def _announce(settings: Settings) -> None:
    click.echo(f"Throughline runs at {settings.app_url} (public pages at {settings.public_url}).")
    if settings.mail_transport == "sandbox":
        click.echo(f"No mail leaves this machine: read it at {settings.app_url}/sandbox.")
    click.echo(f"Data and logs are in {os.path.relpath(settings.data_dir)}. Ctrl-C stops everything.")
    sys.stdout.flush()
