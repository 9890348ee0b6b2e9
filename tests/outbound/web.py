"""A web server of the tests' own on loopback: what a path does is a function that gets the connection."""

import datetime as dt
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

Do = Callable[[socket.socket, str], None]


def answer(status: int = 200, body: bytes = b"", **headers: str) -> Do:
    """Answer so."""
    lines = [f"HTTP/1.1 {status} So", f"Content-Length: {len(body)}", "Connection: close"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return lambda connection, _: connection.sendall("\r\n".join([*lines, "", ""]).encode() + body)


def to(where: str) -> Do:
    """Lead on."""
    return answer(302, Location=where)


def drip(connection: socket.socket, _: str) -> None:
    """A byte now and then, for ever: each single read is quick."""
    connection.sendall(b"HTTP/1.1 200 OK\r\n")
    for _byte in range(600):
        connection.sendall(b"X")
        time.sleep(0.05)


def endless(connection: socket.socket, _: str) -> None:
    """A body that never ends."""
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: image/png\r\n\r\n")
    for _block in range(10_000):
        connection.sendall(b"x" * 65_536)


class Web:
    """`paths` says what each path does; `asked` what was asked, as `METHOD path` with the Host."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.paths: dict[str, Do] = {}
        self.asked: list[tuple[str, str]] = []
        self.heads: list[str] = []
        self._tls = tls
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port = self._server.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def url(self, path: str, host: str = "127.0.0.1") -> str:
        """The address of a path."""
        return f"{'https' if self._tls else 'http'}://{host}:{self.port}{path}"

    def close(self) -> None:
        """Stop."""
        with suppress(OSError):
            self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._server.accept()
            except OSError:
                return
            threading.Thread(target=self._one, args=(connection,), daemon=True).start()

    def _one(self, connection: socket.socket) -> None:
        with suppress(OSError), connection:
            connection.settimeout(10)
            held = self._tls.wrap_socket(connection, server_side=True) if self._tls else connection
            with held:
                self._answer(held)

    def _answer(self, connection: socket.socket) -> None:
        head = b""
        while b"\r\n\r\n" not in head:
            got = connection.recv(65_536)
            if not got:
                return
            head += got
        text = head.decode()
        method, path, _ = text.split("\r\n", 1)[0].split(" ")
        host = next((x[6:] for x in text.split("\r\n") if x.lower().startswith("host: ")), "")
        self.asked.append((f"{method} {path}", host))
        self.heads.append(text)
        self.paths.get(path, answer(404))(connection, method)


@contextmanager
def web(tls: ssl.SSLContext | None = None) -> Iterator[Web]:
    """A running server."""
    server = Web(tls)
    try:
        yield server
    finally:
        server.close()


def certificate(folder: Path, name: str, days: int = 2) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """(what a server presents, what trusts it) for a self-signed certificate of this name."""
    key = ec.generate_private_key(ec.SECP256R1())
    who = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    moment = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(who)
        .issuer_name(who)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(moment - dt.timedelta(days=5))
        .not_valid_after(moment + dt.timedelta(days=days))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = folder / f"{name}.pem"
    pem.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + made.public_bytes(serialization.Encoding.PEM)
    )
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(pem)
    return server, ssl.create_default_context(cafile=str(pem))
