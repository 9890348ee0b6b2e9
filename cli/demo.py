"""`throughline demo`: start everything in a directory of its own, let players live the story, hold pages, database and mailbox together.

The players are another process that knows an address and nothing else: no database, no queue, no secret.
"""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.error import URLError

import click

from app import ROOT
from app.errors import External
from cli import audit, up
from worker import lifeline
from worker.valkey import free_port

KIT = ROOT / "examples" / "kits" / "secure-the-hybrid-office"
VENDOR, ADMIN, ADMIN_MAIL = "Northwind Cloud", "Ingrid Solberg", "ingrid@northwind-cloud.example"
MARKER = ".story"
PASSED_ON = ("PATH", "LANG", "LC_ALL", "TZ", "TMPDIR", "VIRTUAL_ENV", "HOME")


@click.command()
@click.option(
    "--port",
    type=click.IntRange(1, 65535),
    help="Port of the web server; a free one from 8000 on if not given.",
)
@click.option(
    "--contacts",
    type=click.IntRange(20, 5000),
    default=200,
    show_default=True,
    help="How many people the partner writes to.",
)
@click.pass_obj
def demo(environ: Mapping[str, str], port: int | None, contacts: int) -> None:
    """Play the whole story on this machine and show what happened. Ctrl-C ends it; with DEMO_EXIT=1 it ends by itself."""
    started = time.monotonic()
    home = Path(environ.get("DATA_DIR") or "var/demo").absolute()
    chosen = port or _port()
    with _installation(home, chosen) as (process, env):
        address = f"http://localhost:{chosen}"
        click.echo(f"Throughline runs at {address}. The story begins.")
        _run(
            [
                sys.executable,
                "-m",
                "cli",
                "organisation",
                "create",
                VENDOR,
                "--admin",
                ADMIN_MAIL,
                "--admin-name",
                ADMIN,
            ],
            env,
        )
        report = play(address, home, contacts)
        findings = audit.hold_together(env, report)
        click.echo("\n" + audit.table(findings))
        _farewell(address, report, time.monotonic() - started)
        if environ.get("DEMO_EXIT") != "1":
            click.echo("It keeps running; Ctrl-C stops it and leaves no process behind.")
            _wait(process)
        if not all(row.agrees for row in findings):
            raise External("Some figures don’t agree: see the rows marked ✗.")


def players_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """What the players' process gets: how to find programs and speak, nothing that opens a database, a queue or a secret."""
    return {name: environ[name] for name in PASSED_ON if name in environ}


def play(address: str, home: Path, contacts: int) -> dict[str, Any]:
    """Run the players against `address`; returns their report. Raises External with the page's words when one is stuck."""
    archive = _zipped(KIT, home / "kit.zip")
    command = [sys.executable, "-m", "demo", address, str(archive), "--contacts", str(contacts)]
    parent = os.getpid()
    with subprocess.Popen(
        command,
        cwd=ROOT,
        env=players_environment(os.environ),
        stdout=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: lifeline.bind(parent),
    ) as players:
        last = ""
        for line in players.stdout or ():
            if not line.startswith("{"):
                click.echo(line, nl=False)
            last = line
    if players.returncode:
        raise External(f"The story did not come to its end. Logs are in {home / 'log'}.")
    report: dict[str, Any] = json.loads(last)
    return report


@contextmanager
def _installation(home: Path, port: int) -> Iterator[tuple["subprocess.Popen[bytes]", dict[str, str]]]:
    """A fresh installation in `home`, with everything `throughline up` starts; stopped at the end, whatever happens."""
    _clear(home)
    env = {
        **players_environment(os.environ),
        "DATA_DIR": str(home),
        "LOG_LEVEL": os.environ.get("LOG_LEVEL", "info"),
    }
    parent = os.getpid()
    (home / "log").mkdir(parents=True, exist_ok=True)
    with (home / "log" / "up.log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "cli", "up", "--port", str(port)],
            cwd=ROOT,
            env=env,
            stdout=log,
            stderr=log,
            start_new_session=True,
            preexec_fn=lambda: lifeline.bind(parent),
        )
    before = signal.signal(signal.SIGTERM, _interrupt)
    try:
        _wait_ready(process, f"http://localhost:{port}/readyz", home)
        yield process, env
    except KeyboardInterrupt:
        click.echo("\nStopping.")
        raise click.exceptions.Exit(130) from None
    finally:
        signal.signal(signal.SIGTERM, before)
        process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()


def _interrupt(_number: int, _frame: object) -> None:
    raise KeyboardInterrupt


def _clear(home: Path) -> None:
    """Start afresh: what an earlier run left, killed or not, goes. Only a directory that is such a run's is ever emptied."""
    if home.exists() and any(home.iterdir()) and not (home / MARKER).exists():
        raise External(f"{home} holds something else. Give another DATA_DIR, or empty it.")
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    with up.only_one(home):  # a run that is still there keeps its data
        _empty(home)


def _empty(home: Path) -> None:
    # Written before anything is deleted and kept throughout: a run that is killed here can be started again.
    marker = home / MARKER
    marker.write_text("made by `throughline demo`, which empties this directory when it starts\n")
    for found in home.iterdir():
        if found.is_dir() and not found.is_symlink():
            shutil.rmtree(found)
        elif found.name not in (MARKER, up.LOCK):
            found.unlink()


def _zipped(folder: Path, archive: Path) -> Path:
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as file:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                file.write(path, path.relative_to(folder))
    return archive


def _port() -> int:
    for port in range(8000, 8010):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    return free_port()


def _wait_ready(process: "subprocess.Popen[bytes]", url: str, home: Path, seconds: float = 60) -> None:
    ends = time.monotonic() + seconds
    while time.monotonic() < ends and process.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=2) as answer:  # noqa: S310 - our own address
                if answer.status == 200:
                    return
        except (URLError, OSError):
            time.sleep(0.1)
    words = (home / "log" / "up.log").read_text(errors="replace").strip().splitlines()[-3:]
    raise External("Throughline did not start: " + " / ".join(words))


def _run(command: list[str], env: dict[str, str]) -> None:
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)
    if done.returncode:
        raise External(done.stderr.strip())


def _wait(process: "subprocess.Popen[bytes]") -> None:
    while process.poll() is None:
        time.sleep(0.2)
    raise External("Throughline stopped by itself. Its log says why.")


def _farewell(address: str, report: Mapping[str, Any], seconds: float) -> None:
    click.echo(f"Open {address} and sign in (password for all three: a long walk along the harbour):")
    for person in report["people"]:
        click.echo(f"  {person['email']:<36}{person['name']}, who {person['what']}")
    click.echo(f"The mailbox is at {address}/sandbox. The story took {seconds:.0f} s.")
