"""The web server as it runs: clients that dribble, stall, vanish or read slowly hold nobody else up."""

import http.client
import json
import os
import socket
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.rig.processes import until
from worker.valkey import free_port

ROOT = Path(__file__).resolve().parents[2]

# The adapter with a small application and short limits, on granian with the product's own options.
SERVER = """
import time
from flask import Flask, request
from worker import web_body
from worker.web_rsgi import Server

web_body.IDLE, web_body.GRACE, web_body.SLOWEST = 2.0, 3.0, 8 * 1024

def application():
    app = Flask("tests")
    app.config["MAX_CONTENT_LENGTH"] = 200_000

    @app.get("/")
    def hello():
        return "hello"

    @app.post("/form")
    def form():
        return request.form.get("name", "nobody") + f" {request.content_length} {len(request.get_data())}"

    @app.post("/raw")
    def raw():
        return str(len(request.get_data()))

    @app.get("/echo/<path:rest>")
    def echo(rest):
        given = [request.remote_addr, request.host, request.cookies.get("a"), request.cookies.get("b")]
        return {"rest": rest, "query": request.args.to_dict(), "given": given, "under": request.headers.get("X_Odd")}

    @app.get("/long")
    def long():
        return app.response_class((b"x" * 65_536 for _ in range(32)), mimetype="text/plain")

    @app.get("/broken")
    def broken():
        raise RuntimeError("no")

    @app.get("/slow")
    def slow():
        time.sleep(0.5)
        return "slow"

    return Server(app, lambda scope: None, 200_000)
"""


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    home = tmp_path_factory.mktemp("server")
    (home / "small_server.py").write_text(textwrap.dedent(SERVER))
    number = free_port()
    code = (
        "import sys; from worker.web import command; from app.settings import Settings; import os\n"
        f"s = Settings(secret_key='x' * 40, suppression_key='y' * 40, listen='127.0.0.1:{number}', web_workers=1)\n"
        "line = command(s, 'small_server:application'); os.execv(line[0], line)\n"
    )
    environ = {"PATH": os.environ["PATH"], "PYTHONPATH": f"{home}:{ROOT}"}
    log = (home / "log").open("wb")
    with subprocess.Popen(
        [sys.executable, "-c", code], env=environ, cwd=ROOT, stdout=log, stderr=log
    ) as process:
        assert until(lambda: _listens(number), 20), (home / "log").read_text()
        yield number
        process.terminate()
        process.wait(15)
    log.close()


def _listens(port: int) -> bool:
    try:
        return get(port, "/")[0] == 200
    except OSError:
        return False


def get(
    port: int, path: str, headers: dict[str, str] | None = None, method: str = "GET", body: object = None
) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request(method, path, body, headers or {})  # type: ignore[arg-type]
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


@pytest.fixture
def sockets(port: int) -> Iterator[list[socket.socket]]:
    """Two hundred connections."""
    found = [socket.create_connection(("127.0.0.1", port), timeout=10) for _ in range(200)]
    yield found
    for each in found:
        each.close()


def answered_quickly(port: int) -> None:
    for _ in range(5):
        began = time.monotonic()
        assert get(port, "/")[0] == 200
        assert (
            get(port, "/form", {"Content-Type": "application/x-www-form-urlencoded"}, "POST", b"name=Anna")[1]
            == b"Anna 9 0"
        )
        assert time.monotonic() - began < 1


FORM_HEAD = b"POST /form HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 500\r\n\r\n"


def test_two_hundred_that_dribble_a_form_hold_nobody_up(port: int, sockets: list[socket.socket]) -> None:
    for each in sockets:
        each.sendall(FORM_HEAD + b"name=")
    for _ in range(3):
        for each in sockets:
            each.sendall(b"A")
        answered_quickly(port)


def test_two_hundred_that_dribble_their_headers_hold_nobody_up(
    port: int, sockets: list[socket.socket]
) -> None:
    for each in sockets:
        each.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n")
    for _ in range(3):
        for each in sockets:
            each.sendall(b"X-A: b\r\n")
        answered_quickly(port)


def test_many_that_read_nothing_of_a_long_answer_hold_nobody_up(port: int) -> None:
    found = []
    try:
        for _ in range(60):
            each = socket.socket()
            each.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            each.connect(("127.0.0.1", port))
            each.sendall(b"GET /long HTTP/1.1\r\nHost: x\r\n\r\n")
            found.append(each)
        answered_quickly(port)
    finally:
        for each in found:
            each.close()


def test_who_dribbles_for_too_long_is_told_so_and_let_go(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=10) as client:
        client.sendall(FORM_HEAD + b"name=")
        began = time.monotonic()
        try:
            while time.monotonic() - began < 8:
                client.sendall(b"A")
                client.settimeout(0.5)
                try:
                    got = client.recv(4096)
                    break
                except TimeoutError:
                    continue
        finally:
            took = time.monotonic() - began
    assert got.startswith(b"HTTP/1.1 408")
    assert took < 6


def test_who_falls_silent_is_let_go_sooner(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=10) as client:
        client.sendall(FORM_HEAD + b"name=")
        began = time.monotonic()
        assert client.recv(4096).startswith(b"HTTP/1.1 408")
        assert 1.5 < time.monotonic() - began < 4


def test_a_form_that_ends_in_the_middle_reaches_no_view(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=10) as client:
        client.sendall(FORM_HEAD + b"name=Anna")
        client.shutdown(socket.SHUT_WR)
        assert b" 200 " not in client.recv(4096)
    assert get(port, "/")[0] == 200


@pytest.mark.parametrize("size", [0, 1, 65_535, 65_537, 200_000])
def test_bodies_arrive_whole(port: int, size: int) -> None:
    assert get(port, "/raw", None, "POST", b"x" * size) == (200, str(size).encode())


def test_bodies_without_a_length_arrive_whole(port: int) -> None:
    pieces = iter([b"a" * 1000, b"b" * 70_000])
    assert get(port, "/raw", None, "POST", pieces) == (200, b"71000")


def test_a_body_above_the_cap_is_refused_by_the_application_unread(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=10) as client:
        client.sendall(FORM_HEAD.replace(b"500", b"999999999"))
        assert client.recv(4096).startswith(b"HTTP/1.1 413")


def test_addresses_headers_and_cookies_arrive_as_wsgi_has_them(port: int) -> None:
    status, body = get(
        port,
        "/echo/a%20b/gr%C3%BC%C3%9Fe?x=%C3%B6&y=1",
        {"Host": "one.example", "Cookie": "a=1; b=2", "X_Odd": "1"},
    )
    found = json.loads(body)
    assert status == 200
    assert found["rest"] == "a b/grüße"
    assert found["query"] == {"x": "ö", "y": "1"}
    assert found["given"] == ["127.0.0.1", "one.example", "1", "2"]
    assert found["under"] is None


def test_a_long_answer_arrives_whole(port: int) -> None:
    status, body = get(port, "/long")
    assert (status, len(body)) == (200, 32 * 65_536)


def test_a_head_request_gets_the_length_and_no_body(port: int) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("HEAD", "/")
    answer = connection.getresponse()
    assert (answer.status, answer.getheader("Content-Length"), answer.read()) == (200, "5", b"")
    connection.close()


def test_a_broken_view_is_a_500_and_the_server_lives(port: int) -> None:
    assert get(port, "/broken")[0] == 500
    assert get(port, "/")[0] == 200
