"""An Amazon SES v2 over HTTP that refuses what the documented one refuses, and fails on demand; `accepted` is the oracle.

A recipient's local part orders what happens to the message: `throttle429x2-anna@` is throttled twice and then taken. See FAULTS.
The next request of all can be broken by `faults`.
"""

import hashlib
import hmac
import itertools
import json
import re
import socket
import struct
import threading
import time
from collections import Counter, deque
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.rig.ses_rules import Account, Message, Refusal, checked

ACCESS_KEY, SECRET = "AKIATHROUGHLINETESTS", "the secret of nobody"
_AUTHORIZATION = re.compile(
    r"AWS4-HMAC-SHA256 Credential=(?P<key>[^/]+)/(?P<day>\d{8})/(?P<region>[^/]+)/(?P<service>[^/]+)/aws4_request,"
    r" ?SignedHeaders=(?P<signed>[a-z0-9;-]+), ?Signature=(?P<signature>[0-9a-f]{64})"
)
_SCRIPT = re.compile(r"(?P<what>reset-[a-z]+|[a-z]+[0-9]*)(?:x(?P<times>\d+))?(?:-.*)?")
_RATE, _QUOTA = "Maximum sending rate exceeded.", "Daily message quota exceeded."

# What a recipient's local part asks for, before anything is accepted.
FAULTS = {
    "throttle429": Refusal(429, "TooManyRequestsException", _RATE),
    "throttle400": Refusal(400, "ThrottlingException", _RATE),
    "quota429": Refusal(429, "TooManyRequestsException", _QUOTA),
    "quota400": Refusal(400, "ThrottlingException", _QUOTA),
    "limit": Refusal(
        400, "LimitExceededException", "There are too many instances of the specified resource type."
    ),
    "illegal": Refusal(400, "MessageRejected", "The message contains illegal content."),
    "mailfrom": Refusal(400, "MailFromDomainNotVerifiedException", "The MAIL FROM domain is not verified."),
    "paused": Refusal(400, "SendingPausedException", "Sending is paused."),
    "suspended": Refusal(400, "AccountSuspendedException", "The account is suspended."),
    "denied": Refusal(403, "AccessDeniedException", "not authorized to perform: ses:SendEmail"),
    "error500": Refusal(500, "InternalFailure", "The request processing has failed."),
    "error503": Refusal(
        503, "ServiceUnavailable", "The request has failed due to a temporary failure of the server."
    ),
}


# What one asks for after the message was accepted (`reset-read`: before), by how the answer goes wrong.
BAD_ENDS = frozenset({"reset-read", "reset-accepted", "silent", "garbage", "nothing", "slow"})


class SesFake:
    """The service on a free port of 127.0.0.1. Change `account` while it runs."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._turn = itertools.count()
        self._numbers = itertools.count(1)
        self.connections = 0
        self.clear()
        self._server = _Server(self)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True
        )
        self._thread.start()

    def clear(self) -> None:
        """A healthy account again, and nothing remembered."""
        self.account = Account()
        self.enforces_rate = False
        self.delay = 0.0  # seconds that each SendEmail takes
        self.accepted: list[Message] = []
        self.calls: Counter[str] = Counter()
        self.faults: deque[str] = deque()  # for the next requests, whatever they ask: "unread"
        self.busiest = 0  # most SendEmail calls under way at once
        self._busy = 0
        self._asked: Counter[str] = Counter()
        self._second: deque[float] = deque()

    def recipients(self) -> Counter[str]:
        """How many messages each address got."""
        with self._lock:
            return Counter(address for message in self.accepted for address in message.recipients)

    def close(self) -> None:
        """Stop, and hang up on everyone."""
        self._server.shutdown()
        self._server.hang_up()
        self._server.server_close()
        self._thread.join(5)

    def get_account(self) -> dict[str, Any]:
        """GetAccount's answer."""
        account = self.account
        return {
            "EnforcementStatus": account.enforcement,
            "ProductionAccessEnabled": account.is_in_production,
            "SendingEnabled": account.sending_enabled,
            "SendQuota": {
                "Max24HourSend": account.max_24_hours,
                "MaxSendRate": account.max_rate,
                "SentLast24Hours": account.sent_24_hours,
            },
        }

    def send_email(self, request: Any) -> tuple[dict[str, Any], str]:
        """SendEmail's answer, and how its reply must go wrong. Raises Refusal."""
        with self._lock:
            self._busy += 1
            self.busiest = max(self.busiest, self._busy)
        try:
            time.sleep(self.delay)
            message = checked(request, self.account)
            fault = self._ordered(message.recipients[0])
            if fault in FAULTS:
                raise FAULTS[fault]
            self._throttle(len(message.recipients))
            if fault == "reset-read":
                return {}, fault
            with self._lock:
                self.accepted.append(message)
                self.account.sent_24_hours += len(message.recipients)
                return {"MessageId": f"0102{next(self._numbers):012x}-fake-000000"}, fault
        finally:
            with self._lock:
                self._busy -= 1

    def _ordered(self, recipient: str) -> str:
        match = _SCRIPT.fullmatch(recipient.partition("@")[0])
        if match is None:
            return ""
        with self._lock:
            self._asked[recipient] += 1
            is_over = match["times"] and self._asked[recipient] > int(match["times"])
        return "" if is_over or match["what"] not in (FAULTS.keys() | BAD_ENDS) else match["what"]

    def _throttle(self, count: int) -> None:
        if not self.enforces_rate:
            return
        moment = time.monotonic()
        with self._lock:
            while self._second and self._second[0] < moment - 1:
                self._second.popleft()
            if len(self._second) + count > self.account.max_rate:
                # The documented service has answered with either of the two.
                raise FAULTS["throttle429" if next(self._turn) % 2 else "throttle400"]
            self._second.extend([moment] * count)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, fake: SesFake) -> None:
        self.fake = fake
        self.open: set[socket.socket] = set()
        super().__init__(("127.0.0.1", 0), _Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        self.fake.connections += 1
        self.open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self.open.discard(request)
        super().shutdown_request(request)

    def hang_up(self) -> None:
        for link in list(self.open):
            try:
                link.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue

    def handle_error(self, request: Any, client_address: Any) -> None:
        """The other side went away, which is its right."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 – the base class calls it so
        """Nothing is printed."""

    def do_GET(self) -> None:
        self.serve()

    def do_POST(self) -> None:
        self.serve()

    def serve(self) -> None:
        """One request."""
        fake = self.server.fake
        if fake.faults and fake.faults[0] == "unread":
            fake.faults.popleft()
            self.reset()
            return
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        try:
            check_signature(self.command, self.path, dict(self.headers.items()), body, fake.account.region)
            answer, fault = self.operation(body)
        except Refusal as refusal:
            self.reply(refusal.status, {"message": refusal.message}, refusal.code)
            return
        if fault:
            self.finish_badly(fault, answer)
        else:
            self.reply(200, answer)

    def operation(self, body: bytes) -> tuple[dict[str, Any], str]:
        """Do what is asked for."""
        fake = self.server.fake
        asked = f"{self.command} {self.path}"
        fake.calls[asked] += 1
        if asked == "GET /v2/email/account":
            return fake.get_account(), ""
        if asked != "POST /v2/email/outbound-emails":
            raise Refusal(404, "UnknownOperationException", "The requested operation is not recognized.")
        try:
            request = json.loads(body)
        except ValueError:
            raise Refusal(400, "SerializationException", "The body is no JSON.") from None
        return fake.send_email(request)

    def finish_badly(self, fault: str, answer: dict[str, Any]) -> None:
        """An answer as `fault` has it."""
        if fault.startswith("reset-"):
            self.reset()
        elif fault == "silent":
            while not _is_gone(self.connection):
                time.sleep(0.02)
            self.close_connection = True
        elif fault == "garbage":
            self.wfile.write(b"250 2.0.0 Ok: queued\r\n")
            self.close_connection = True
        elif fault == "nothing":
            self.reply(200, {})
        else:
            time.sleep(0.3)
            self.reply(200, answer)

    def reply(self, status: int, answer: dict[str, Any], error: str = "") -> None:
        """JSON as rest-json services send it."""
        data = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        if error:
            self.send_header("x-amzn-ErrorType", error)
        self.end_headers()
        self.wfile.write(data)

    def reset(self) -> None:
        """Break the connection with a RST."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.server.open.discard(self.connection)
        self.connection.close()
        self.close_connection = True


def _is_gone(link: socket.socket) -> bool:
    try:
        link.setblocking(False)
        return link.recv(1, socket.MSG_PEEK) == b""
    except BlockingIOError:
        return False
    except OSError:
        return True


def check_signature(method: str, path: str, headers: dict[str, str], body: bytes, region: str) -> None:
    """Signature Version 4, as the AWS reference computes it. Raises Refusal."""
    given = {name.lower(): " ".join(value.split()) for name, value in headers.items()}
    if "authorization" not in given:
        raise Refusal(403, "MissingAuthenticationTokenException", "Missing Authentication Token")
    match = _AUTHORIZATION.fullmatch(given["authorization"])
    if match is None or match["service"] != "ses" or "host" not in match["signed"].split(";"):
        raise Refusal(403, "IncompleteSignature", "The request signature does not conform to AWS standards.")
    if match["key"] != ACCESS_KEY:
        raise Refusal(
            403, "UnrecognizedClientException", "The security token included in the request is invalid."
        )
    moment = datetime.strptime(given.get("x-amz-date", ""), "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    if abs(datetime.now(UTC) - moment) > timedelta(minutes=15):
        raise Refusal(400, "RequestExpired", "Request has expired.")
    names = match["signed"].split(";")
    lines = "".join(f"{name}:{given.get(name, '')}\n" for name in names)
    request = "\n".join((method, path, "", lines, match["signed"], hashlib.sha256(body).hexdigest()))
    scope = f"{match['day']}/{region}/ses/aws4_request"
    text = f"AWS4-HMAC-SHA256\n{given['x-amz-date']}\n{scope}\n{hashlib.sha256(request.encode()).hexdigest()}"
    key = f"AWS4{SECRET}".encode()
    for part in (match["day"], region, "ses", "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    if not hmac.compare_digest(hmac.new(key, text.encode(), "sha256").hexdigest(), match["signature"]):
        raise Refusal(403, "InvalidSignatureException", "The request signature we calculated does not match.")
