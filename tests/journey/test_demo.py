"""`throughline demo`: the story plays to its end and agrees with itself, its players know only an address, and no death leaves anything behind."""

import ast
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from cli.demo import players_environment
from tests.rig.installation import ROOT
from tests.rig.processes import until
from worker.valkey import free_port

pytestmark = pytest.mark.timeout(400)

SECRETS = (
    "DATABASE_URL",
    "REDIS_URL",
    "SECRET_KEY",
    "SUPPRESSION_KEY",
    "MAIL_TRANSPORT",
    "ASSET_STORE",
    "DATA_DIR",
)
STAGES = (
    "kit",
    "campaign",
    "delivery",
    "test",
    "tracking",
    "landing",
    "lead",
    "deal",
    "attribution",
    "MDF",
    "report",
)


@contextmanager
def demo(home: Path, *words: str, **environ: str) -> Iterator["subprocess.Popen[str]"]:
    """The demo as a process of its own, killed at the end if it still runs."""
    command = [sys.executable, "-m", "cli", "demo", "--port", str(free_port()), *words]
    env = {
        "PATH": os.environ["PATH"],
        "DATA_DIR": str(home),
        "SANDBOX_SMTP": f"127.0.0.1:{free_port()}",
        **environ,
    }
    with subprocess.Popen(
        command, cwd=ROOT, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def read_until(process: "subprocess.Popen[str]", words: str) -> str:
    """What it prints up to the line with these words; fails with all of it where they never come."""
    assert process.stdout is not None
    said = ""
    for line in process.stdout:
        said += line
        if words in line:
            return said
    raise AssertionError(f"it never said “{words}”:\n{said}")


def processes_of(home: Path) -> dict[int, str]:
    """The command lines of all processes that were started for this directory, by process id."""
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            if str(home) in command or f"DATA_DIR={home}".encode() in (folder / "environ").read_bytes():
                found[int(folder.name)] = command
        except OSError:  # it has just ended, or is somebody else's
            continue
    return found


def test_the_story_plays_to_its_end_and_every_figure_agrees(tmp_path: Path) -> None:
    home = tmp_path / "demo"
    with demo(home, "--contacts", "200", DEMO_EXIT="1") as process:
        said = read_until(process, "The story begins")
        players_know_only_an_address(home)
        output, _ = process.communicate(timeout=300)
    assert process.returncode == 0, said + output
    marked = [line for line in output.splitlines() if line.startswith(("✓", "✗"))]
    assert marked, output
    assert not [line for line in marked if line.startswith("✗")], output
    for stage in STAGES:
        assert any(line[2:].startswith(stage) for line in output.splitlines()), (
            f"the table says nothing of {stage}"
        )
    assert until(lambda: not processes_of(home)), processes_of(home)


def players_know_only_an_address(home: Path) -> None:
    """Look into the environment of the players' process while it plays."""

    def players() -> list[int]:
        return [pid for pid, command in processes_of(home).items() if " -m demo " in command]

    assert until(players, 60), "the players never came"
    given = Path(f"/proc/{players()[0]}/environ").read_bytes().decode().split("\0")
    names = {line.partition("=")[0] for line in given if line}
    assert not names & set(SECRETS)
    assert not [line for line in given if "sqlite" in line or "redis:" in line or "postgres" in line]


def test_players_are_given_nothing_that_opens_a_database_a_queue_or_a_secret() -> None:
    everything = dict.fromkeys(
        (*SECRETS, "AWS_SECRET_ACCESS_KEY", "PGPASSWORD", "PYTHONPATH", "PATH", "LANG"), "x"
    )
    assert set(players_environment(everything)) == {"PATH", "LANG"}


def test_players_import_nothing_of_the_product_and_no_database_driver() -> None:
    closed = {
        "app",
        "worker",
        "cli",
        "sqlalchemy",
        "sqlite3",
        "psycopg",
        "redis",
        "rq",
        "flask",
        "flask_sqlalchemy",
    }
    found = [
        f"{path.name}:{node.lineno} imports {name}"
        for path in sorted((ROOT / "demo").rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text()))
        for name in imported(node)
        if name.partition(".")[0] in closed
    ]
    assert not found, found


def imported(node: ast.AST) -> list[str]:
    """The modules that an import statement names."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    return [node.module or ""] if isinstance(node, ast.ImportFrom) else []


@pytest.mark.long
@pytest.mark.parametrize(
    "moment", ["The story begins", "published the kit", "imported", "made the campaign hers"]
)
def test_killed_anywhere_nothing_stays_and_the_next_run_works(tmp_path: Path, moment: str) -> None:
    home = tmp_path / "demo"
    with demo(home, "--contacts", "40") as process:
        read_until(process, moment)
        # The demo, the supervisor and what it watches run when it says this; its players may be just about to.
        assert len(processes_of(home)) >= 7
        process.send_signal(signal.SIGKILL)
        process.communicate(timeout=10)
    assert until(lambda: not processes_of(home)), processes_of(home)
    with demo(home, "--contacts", "20", DEMO_EXIT="1") as process:
        output, _ = process.communicate(timeout=300)
    assert process.returncode == 0, output
    assert until(lambda: not processes_of(home)), processes_of(home)
