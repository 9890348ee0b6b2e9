"""A DNS server of the tests' own, over UDP and TCP: zones in memory, and every way in which a server can misbehave."""

import socket
import socketserver
import threading
from collections.abc import Callable
from types import TracebackType

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset

_UDP_MOST = 1_232


class NameServer:
    """Answers for every name there is. Names that nobody set are NXDOMAIN."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []
        self._records: dict[tuple[str, str], list[str]] = {}
        self._moods: dict[str, str] = {}
        self._udp = socketserver.ThreadingUDPServer(("127.0.0.1", 0), self._handler(_Udp))
        self._tcp: socketserver.ThreadingTCPServer | None = None
        self.port = self._udp.server_address[1]
        self._tcp = _TcpServer(("127.0.0.1", self.port), self._handler(_Tcp))
        for server in (self._udp, self._tcp):
            server.daemon_threads = True
            threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()

    @property
    def address(self) -> str:
        """As DNS_SERVER wants it."""
        return f"127.0.0.1:{self.port}"

    def txt(self, name: str, *texts: str) -> None:
        """These TXT records, long ones in strings of 255; none takes them away."""
        self._put(name, "TXT", [_strings(text) for text in texts])

    def mx(self, name: str, *hosts: str) -> None:
        """These MX records."""
        self._put(name, "MX", [f"10 {host}." for host in hosts])

    def cname(self, name: str, target: str) -> None:
        """An alias."""
        self._put(name, "CNAME", [f"{target}."])

    def mood(self, name: str, what: str) -> None:
        """How the server answers for a name: `servfail`, `silent`, `garbage`, or well again with an empty text."""
        self._moods[name] = what

    def clear(self) -> None:
        """An empty DNS."""
        self._records.clear()
        self._moods.clear()
        self.asked.clear()

    def close(self) -> None:
        """Stop."""
        for server in (self._udp, self._tcp):
            if server is not None:
                server.shutdown()
                server.server_close()

    def __enter__(self) -> "NameServer":
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self.close()

    def answer(self, wire: bytes, most: int) -> bytes | None:
        """The bytes that go back; None for silence."""
        query = dns.message.from_wire(wire)
        question = query.question[0]
        name, kind = (
            question.name.to_text(omit_final_dot=True).lower(),
            dns.rdatatype.to_text(question.rdtype),
        )
        self.asked.append((name, kind))
        mood = self._moods.get(name, "")
        if mood == "silent":
            return None
        if mood == "garbage":
            return wire[:2] + b"\xff" * 40
        response = dns.message.make_response(query)
        response.flags |= dns.flags.RA | dns.flags.AA
        if mood == "servfail":
            response.set_rcode(dns.rcode.SERVFAIL)
        else:
            self._fill(response, name, kind)
        whole = response.to_wire(max_size=65_535)
        if len(whole) <= most:
            return whole
        short = dns.message.make_response(query)
        short.flags |= dns.flags.TC
        return short.to_wire()

    def _fill(self, response: dns.message.Message, name: str, kind: str) -> None:
        seen: set[str] = set()
        while name not in seen:
            seen.add(name)
            alias = self._records.get((name, "CNAME"))
            if not alias or kind == "CNAME":
                break
            response.answer.append(_rrset(name, "CNAME", alias))
            name = alias[0].rstrip(".").lower()
        values = self._records.get((name, kind))
        if values:
            response.answer.append(_rrset(name, kind, values))
        elif not any(known == name for known, _ in self._records):
            response.set_rcode(dns.rcode.NXDOMAIN)

    def _put(self, name: str, kind: str, values: list[str]) -> None:
        if values:
            self._records[(name.lower(), kind)] = values
        else:
            self._records.pop((name.lower(), kind), None)

    def _handler(
        self, base: type[socketserver.BaseRequestHandler]
    ) -> Callable[..., socketserver.BaseRequestHandler]:
        return type(base.__name__, (base,), {"dns": self})


class _TcpServer(socketserver.ThreadingTCPServer):
    allow_reuse_address = True


class _Udp(socketserver.BaseRequestHandler):
    dns: NameServer

    def handle(self) -> None:
        wire, back = self.request
        answer = self.dns.answer(wire, _UDP_MOST)
        if answer is not None:
            back.sendto(answer, self.client_address)


class _Tcp(socketserver.BaseRequestHandler):
    dns: NameServer

    def handle(self) -> None:
        stream: socket.socket = self.request
        stream.settimeout(5)
        head = stream.recv(2)
        if len(head) < 2:
            return
        wire, wanted = b"", int.from_bytes(head, "big")
        while len(wire) < wanted and (more := stream.recv(wanted - len(wire))):
            wire += more
        answer = self.dns.answer(wire, 65_535)
        if answer is not None:
            stream.sendall(len(answer).to_bytes(2, "big") + answer)


def _rrset(name: str, kind: str, values: list[str]) -> dns.rrset.RRset:
    return dns.rrset.from_text_list(f"{name}.", 60, "IN", kind, values)


def _strings(text: str) -> str:
    escaped = [text[at : at + 255] for at in range(0, len(text), 255)] or [""]
    return " ".join('"' + part.replace("\\", "\\\\").replace('"', '\\"') + '"' for part in escaped)
