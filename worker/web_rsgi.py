"""From granian's asynchronous interface to Flask: many slow clients on one loop, views on a few threads.

A body is read whole before a thread is asked, and an answer is finished before it is sent, so a client's line never holds a thread.
"""

import asyncio
import io
import sys
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http import HTTPStatus
from tempfile import SpooledTemporaryFile
from typing import IO, Any

import structlog

from worker import web_body

log = structlog.get_logger(__name__)

THREADS = 4
_AT_ONCE = 256 * 1024  # bytes of an answer that are handed over in one piece
_SEND = 60.0  # seconds a client may take for one piece of a long answer

Headers = list[tuple[str, str]]
Front = Callable[[Any], tuple[int, Headers, bytes] | None]


@dataclass
class Reply:
    """A finished answer; `rest` holds a long body, from its start."""

    status: int
    headers: Headers
    body: bytes = b""
    rest: IO[bytes] | None = None


class Server:
    """What granian calls for each request. `front` may answer by itself; `cap` is the longest body in bytes."""

    def __init__(self, app: Any, front: Front, cap: int, threads: int = THREADS) -> None:
        self.app, self.front, self.cap = app, front, cap
        self.pool = ThreadPoolExecutor(threads, thread_name_prefix="view")
        self.loop: asyncio.AbstractEventLoop | None = None

    def __rsgi_init__(self, loop: asyncio.AbstractEventLoop) -> None:
        """Granian starts."""
        self.loop = loop

    def __rsgi_del__(self, _loop: asyncio.AbstractEventLoop) -> None:
        """Granian ends, after the last answer."""
        self.pool.shutdown(wait=False, cancel_futures=True)

    async def __rsgi__(self, scope: Any, proto: Any) -> None:
        """One request."""
        try:
            answer = self.front(scope)
        except Exception as error:
            log.error("web.front_failed", error=type(error).__name__)
            answer = None
        if answer is not None:
            proto.response_bytes(*answer)
            return
        # A task of its own: granian's scheduler runs this coroutine without one, and time-outs need it.
        await asyncio.get_running_loop().create_task(self._view(scope, proto))

    async def _view(self, scope: Any, proto: Any) -> None:
        environ = environ_of(scope)
        try:
            environ["wsgi.input"] = await self._body(environ, proto, scope.http_version)
        except (
            web_body.TooLong
        ) as error:  # the application says so in its own words: it looks at the length first
            environ |= {"CONTENT_LENGTH": str(error.size), "wsgi.input": io.BytesIO()}
        except web_body.TooSlow:
            words = b"The request took too long to arrive.\n"
            proto.response_bytes(408, [("content-type", "text/plain"), ("connection", "close")], words)
            return
        except web_body.Gone:
            proto.response_empty(400, [("connection", "close")])
            return
        reply = await asyncio.get_running_loop().run_in_executor(self.pool, run, self.app, environ)
        await _send(proto, reply)

    async def _body(self, environ: dict[str, Any], proto: Any, version: str) -> IO[bytes]:
        length = environ.get("CONTENT_LENGTH")
        if length is None and version.startswith("1") and "HTTP_TRANSFER_ENCODING" not in environ:
            return io.BytesIO()
        announced = int(length) if length is not None and length.isdecimal() else None
        return await web_body.read(proto, announced, self.cap)


def environ_of(scope: Any) -> dict[str, Any]:
    """The WSGI environment of a request, without its body (PEP 3333). Names with an underscore are dropped: they could pose as others."""
    server, _, port = scope.server.rpartition(":")
    environ: dict[str, Any] = {
        "REQUEST_METHOD": scope.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": scope.path.encode("utf-8", "surrogateescape").decode("latin-1"),
        "QUERY_STRING": scope.query_string,
        "SERVER_NAME": server,
        "SERVER_PORT": port,
        "SERVER_PROTOCOL": f"HTTP/{scope.http_version}",
        "REMOTE_ADDR": scope.client.rpartition(":")[0],
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope.scheme,
        "wsgi.errors": sys.stderr,
        "wsgi.input_terminated": True,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
    if scope.authority:
        environ["HTTP_HOST"] = scope.authority
    for name, value in scope.headers.items():
        if "_" in name:
            continue
        key = name.upper().replace("-", "_")
        key = key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}"
        if key in environ and key != "HTTP_HOST":
            value = f"{environ[key]}{'; ' if key == 'HTTP_COOKIE' else ','}{value}"
        environ[key] = value
    return environ


def run(app: Any, environ: dict[str, Any]) -> Reply:
    """Call a WSGI application and finish its answer, on the thread this is called on."""
    reply = Reply(HTTPStatus.INTERNAL_SERVER_ERROR, [])

    def start(status: str, headers: Headers, _exc_info: Any = None) -> None:
        reply.status, reply.headers = int(status[:3]), headers

    try:
        result = app(environ, start)
        try:
            _collect(reply, result)
        finally:
            if hasattr(result, "close"):
                result.close()
    finally:
        environ["wsgi.input"].close()
    return reply


def _collect(reply: Reply, result: Iterable[bytes]) -> None:
    parts: list[bytes] = []
    size = 0
    for part in result:
        if reply.rest is None and size + len(part) > _AT_ONCE:
            reply.rest = SpooledTemporaryFile(4 * _AT_ONCE)  # noqa: SIM115 — closed when it is sent
            reply.rest.writelines(parts)
        size += len(part)
        if reply.rest is None:
            parts.append(part)
        else:
            reply.rest.write(part)
    if reply.rest is None:
        reply.body = b"".join(parts)
    else:
        reply.rest.seek(0)


async def _send(proto: Any, reply: Reply) -> None:
    if reply.rest is None:
        if reply.body:
            proto.response_bytes(reply.status, reply.headers, reply.body)
        else:
            proto.response_empty(reply.status, reply.headers)
        return
    with reply.rest:
        transport = proto.response_stream(reply.status, reply.headers)
        while piece := reply.rest.read(_AT_ONCE):
            await asyncio.wait_for(transport.send_bytes(piece), _SEND)
