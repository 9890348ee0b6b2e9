"""The SMTP client on its own: sign-in, encryption, dots, and in which phase a connection broke."""

import base64
import datetime as dt
import select
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from app.delivery.dialogue import Dialogue, Timeouts, stuff
from app.delivery.line import Line
from app.delivery.smtp import Server, SmtpTransport
from app.delivery.wire import (
    Declined,
    Envelope,
    Event,
    Invited,
    Outcome,
    Settled,
    TransportAway,
    TransportRefuses,
    Verdict,
)

Script = Callable[[socket.socket, "Talk"], None]
MAIL = Envelope("campaigns+t@throughline.example", "anna@people.example", b"Subject: x\r\n\r\nHello\r\n")
OTHER = Envelope("campaigns+u@throughline.example", "bram@people.example", b"Subject: y\r\n\r\n.Hello\r\n")
QUICK = Timeouts(connect=2, greeting=0.5, command=0.5, data=0.5, block=0.5, dot=0.5)


class Talk:
    """A scripted server's side of one conversation; `heard` is every line it read."""

    def __init__(self, link: socket.socket) -> None:
        self.link = link
        self.heard: list[str] = []
        self._file = link.makefile("rb")

    def say(self, text: str) -> None:
        self.link.sendall(text.encode() + b"\r\n")

    def hear(self) -> str:
        line = self._file.readline().decode().rstrip("\r\n")
        self.heard.append(line)
        return line

    def close(self) -> None:
        self._file.close()
        self.link.close()

    def body(self) -> None:
        while self.hear() != ".":
            continue


@pytest.fixture
def serve() -> Iterator[Callable[..., tuple[int, list[Talk]]]]:
    """`serve(script)`: a server on a free port that plays the script once for each connection."""
    listeners: list[socket.socket] = []
    threads: list[threading.Thread] = []

    def start(
        script: Callable[[Talk], None], context: ssl.SSLContext | None = None
    ) -> tuple[int, list[Talk]]:
        listener = socket.create_server(("127.0.0.1", 0))
        listeners.append(listener)
        talks: list[Talk] = []

        def run() -> None:
            while True:
                try:
                    link, _ = listener.accept()
                except OSError:
                    return
                with link, suppress(OSError, ValueError):
                    talk = Talk(context.wrap_socket(link, server_side=True) if context else link)
                    talks.append(talk)
                    with closing(talk):
                        script(talk)

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        threads.append(thread)
        return listener.getsockname()[1], talks

    yield start
    for listener in listeners:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
    for thread in threads:
        thread.join(3)


def transport(port: int, **more: object) -> SmtpTransport:
    return SmtpTransport(Server("127.0.0.1", port, timeouts=QUICK, **more), "tests.example")  # type: ignore[arg-type]


def opened(port: int, **more: object) -> Dialogue:
    return transport(port, **more).open(lambda: None)


def hear(lane: Dialogue) -> list[Event]:
    """What the lane has to say next, as the engine hears it."""
    events: list[Event] = []
    while not events:
        wait = max(0.0, min(2.0, lane.deadline - time.monotonic()))
        write = [lane] if lane.wants_write else []
        readable, writable, _ = select.select([lane], write, [], wait)
        if readable or writable:
            events = lane.advance()
        elif lane.deadline < time.monotonic():
            events = lane.expire()
    return events


def deliver(lane: Dialogue, mail: Envelope) -> Outcome:
    """Announce, hand over where invited, and what became of it."""
    events = lane.announce(mail) or hear(lane)
    if isinstance(events[-1], Invited):
        events = lane.hand_over(None) or hear(lane)
    assert isinstance(events[-1], Declined | Settled)
    return events[-1].outcome


def send(port: int, **more: object) -> Outcome:
    """One message over one connection."""
    lane = opened(port, **more)
    try:
        return deliver(lane, MAIL)
    finally:
        lane.close()


def hello(talk: Talk, *features: str) -> None:
    """Greet, and offer these features."""
    talk.say("220 mx.example ESMTP")
    talk.hear()
    talk.say("\r\n".join([*(f"250-{name}" for name in ("mx.example", *features)), "250 HELP"]))


def envelope(talk: Talk) -> None:
    for answer in ("250 ok", "250 ok", "354 go on"):
        talk.hear()
        talk.say(answer)


def test_a_message_goes_through(serve: Callable[..., tuple[int, list[Talk]]]) -> None:
    def script(talk: Talk) -> None:
        hello(talk, "8BITMIME")
        envelope(talk)
        talk.body()
        talk.say("250 2.0.0 queued as 1")

    port, talks = serve(script)
    assert send(port) == Outcome(Verdict.ACCEPTED, "", "250 2.0.0 queued as 1")
    assert talks[0].heard[:4] == [
        "EHLO tests.example",
        "MAIL FROM:<campaigns+t@throughline.example> BODY=8BITMIME",
        "RCPT TO:<anna@people.example>",
        "DATA",
    ]


def test_a_reply_in_pieces_and_lines_is_one_reply(serve: Callable[..., tuple[int, list[Talk]]]) -> None:
    def script(talk: Talk) -> None:
        hello(talk)
        envelope(talk)
        talk.body()
        for piece in (b"25", b"0-queued\r", b"\n250 d", b"one\r\n"):
            talk.link.sendall(piece)

    port, _ = serve(script)
    assert send(port).verdict is Verdict.ACCEPTED


@pytest.mark.parametrize(
    ("step", "answer", "verdict", "stops"),
    [
        ("MAIL", "450 4.7.1 later", Verdict.LATER, False),
        ("MAIL", "550 5.7.1 who are you", Verdict.LATER, True),
        ("MAIL", "421 4.3.2 closing", Verdict.LATER, True),
        ("RCPT", "451 4.3.0 later", Verdict.LATER, False),
        ("RCPT", "550 5.1.1 unknown", Verdict.REJECTED, False),
        ("RCPT", "421 4.7.0 too many", Verdict.LATER, True),
        ("DATA", "554 5.7.1 no", Verdict.REJECTED, False),
        ("DATA", "250 what", Verdict.LATER, False),
        (".", "250 2.0.0 ok", Verdict.ACCEPTED, False),
        (".", "452 4.3.1 full", Verdict.LATER, False),
        (".", "554 5.7.1 spam", Verdict.REJECTED, False),
        (".", "421 4.3.2 closing", Verdict.LATER, True),
        ("RCPT", "252 2.0.0 will try", Verdict.ACCEPTED, False),
        (".", "354 again", Verdict.UNCERTAIN, False),
        (".", "200 hm", Verdict.UNCERTAIN, False),
        (".", "banana", Verdict.UNCERTAIN, False),
        (".", "", Verdict.UNCERTAIN, False),
    ],
)
def test_each_reply_in_each_phase(
    serve: Callable[..., tuple[int, list[Talk]]], step: str, answer: str, verdict: Verdict, stops: bool
) -> None:
    def script(talk: Talk) -> None:
        hello(talk)
        for verb, good in (("MAIL", "250 ok"), ("RCPT", "250 ok"), ("DATA", "354 go on")):
            talk.hear()
            talk.say(answer if verb == step else good)
            if verb == step and not answer.startswith("252"):
                talk.hear()
                return
        talk.body()
        if step == "RCPT":
            talk.say("250 ok")
        elif answer:
            talk.say(answer)
        talk.hear()

    port, _ = serve(script)
    outcome = send(port)
    assert (outcome.verdict, bool(outcome.stop)) == (verdict, stops)


@pytest.mark.parametrize(
    ("after", "verdict"), [("MAIL", Verdict.LATER), ("DATA", Verdict.LATER), (".", Verdict.UNCERTAIN)]
)
def test_a_connection_that_breaks(
    serve: Callable[..., tuple[int, list[Talk]]], after: str, verdict: Verdict
) -> None:
    def script(talk: Talk) -> None:
        hello(talk)
        talk.hear()
        if after == "MAIL":
            return
        talk.say("250 ok")
        talk.hear()
        talk.say("250 ok")
        talk.hear()
        if after == "DATA":
            return
        talk.say("354 go on")
        talk.body()

    port, _ = serve(script)
    assert send(port).verdict is verdict


def test_a_server_that_speaks_out_of_turn_decides_nothing(
    serve: Callable[..., tuple[int, list[Talk]]],
) -> None:
    def script(talk: Talk) -> None:
        hello(talk)
        for answer in ("250 ok", "250 ok", "354 go on\r\n250 2.0.0 already queued"):
            talk.hear()
            talk.say(answer)
        talk.hear()

    port, _ = serve(script)
    assert send(port).verdict is Verdict.LATER


def test_a_silent_server_is_left_in_time(serve: Callable[..., tuple[int, list[Talk]]]) -> None:
    port, _ = serve(lambda talk: talk.hear())
    with pytest.raises(TransportAway, match="said nothing"):
        transport(port).open(lambda: None)


def test_nobody_listening_is_away() -> None:
    with pytest.raises(TransportAway, match="takes no connections"):
        transport(1).open(lambda: None)


def test_one_connection_carries_many_messages(serve: Callable[..., tuple[int, list[Talk]]]) -> None:
    def script(talk: Talk) -> None:
        hello(talk)
        talk.hear()
        talk.say("250 ok")
        talk.hear()
        talk.say("550 5.1.1 unknown")
        assert talk.hear() == "RSET"
        talk.say("250 ok")
        envelope(talk)
        talk.body()
        talk.say("250 kept")
        talk.hear()

    port, talks = serve(script)
    lane = opened(port)
    assert deliver(lane, MAIL).verdict is Verdict.REJECTED
    assert deliver(lane, MAIL).verdict is Verdict.ACCEPTED
    lane.close()
    assert len(talks) == 1


def announced(talk: Talk) -> None:
    """Three commands in one breath."""
    assert [talk.hear().partition(":")[0] for _ in range(3)] == ["MAIL FROM", "RCPT TO", "DATA"]


def test_pipelined_the_next_message_is_announced_behind_the_dot(
    serve: Callable[..., tuple[int, list[Talk]]],
) -> None:
    def script(talk: Talk) -> None:
        hello(talk, "PIPELINING", "8BITMIME")
        announced(talk)
        talk.say("250 ok\r\n250 ok\r\n354 go on")
        talk.body()
        announced(talk)
        talk.say("250 kept\r\n250 ok\r\n250 ok\r\n354 go on")
        talk.body()
        talk.say("250 kept too")
        talk.hear()

    port, talks = serve(script)
    lane = opened(port)
    lane.announce(MAIL)
    assert hear(lane) == [Invited()]
    lane.hand_over(OTHER)
    assert not lane.can_announce
    assert hear(lane) == [Settled(Outcome(Verdict.ACCEPTED, "", "250 kept")), Invited()]
    lane.hand_over(None)
    assert lane.can_announce, "behind a dot another may be announced"
    assert hear(lane) == [Settled(Outcome(Verdict.ACCEPTED, "", "250 kept too"))]
    lane.close()
    assert "..Hello" in talks[0].heard


@pytest.mark.parametrize("data", ["503 5.5.1 no recipients", "354 go on"])
def test_a_refusal_among_pipelined_answers_concerns_its_own_message_only(
    serve: Callable[..., tuple[int, list[Talk]]], data: str
) -> None:
    def script(talk: Talk) -> None:
        hello(talk, "PIPELINING")
        announced(talk)
        talk.say(f"250 ok\r\n550 5.1.1 unknown\r\n{data}")
        if data.startswith("354"):
            assert talk.hear() == ".", "an empty body for nobody ends it (RFC 2920, 3.1)"
            talk.say("554 5.5.1 no recipients")
        else:
            assert talk.hear() == "RSET"
            talk.say("250 ok")
        announced(talk)
        talk.say("250 ok\r\n250 ok\r\n354 go on")
        talk.body()
        talk.say("250 kept")
        talk.hear()

    port, _ = serve(script)
    lane = opened(port)
    assert deliver(lane, MAIL).verdict is Verdict.REJECTED
    while not lane.can_announce:
        select.select([lane], [], [], 1)
        assert lane.advance() == []
    assert deliver(lane, OTHER).verdict is Verdict.ACCEPTED
    lane.close()


def test_a_line_that_breaks_behind_the_dot_leaves_one_uncertain_and_one_untouched(
    serve: Callable[..., tuple[int, list[Talk]]],
) -> None:
    def script(talk: Talk) -> None:
        hello(talk, "PIPELINING")
        announced(talk)
        talk.say("250 ok\r\n250 ok\r\n354 go on")
        talk.body()

    port, _ = serve(script)
    lane = opened(port)
    lane.announce(MAIL)
    hear(lane)
    lane.hand_over(OTHER)
    settled, declined = hear(lane)
    assert isinstance(settled, Settled)
    assert isinstance(declined, Declined)
    assert settled.outcome.verdict is Verdict.UNCERTAIN
    assert declined.outcome.verdict is Verdict.LATER
    assert not declined.outcome.is_fault, "it was not its own message that broke the line"
    assert not lane.is_open


def test_a_good_answer_counts_although_nonsense_follows_it(
    serve: Callable[..., tuple[int, list[Talk]]],
) -> None:
    def script(talk: Talk) -> None:
        hello(talk, "PIPELINING")
        announced(talk)
        talk.say("250 ok\r\n250 ok\r\n354 go on")
        talk.body()
        talk.say("250 kept\r\nbanana")
        talk.hear()

    port, _ = serve(script)
    lane = opened(port)
    lane.announce(MAIL)
    hear(lane)
    lane.hand_over(OTHER)
    events = hear(lane)
    while len(events) < 2:
        events += hear(lane)
    assert isinstance(events[0], Settled)
    assert events[0].outcome.verdict is Verdict.ACCEPTED
    assert isinstance(events[1], Declined)
    assert events[1].outcome.verdict is Verdict.LATER


def test_what_is_dropped_after_the_invitation_is_never_sent(
    serve: Callable[..., tuple[int, list[Talk]]],
) -> None:
    def script(talk: Talk) -> None:
        hello(talk, "PIPELINING")
        announced(talk)
        talk.say("250 ok\r\n250 ok\r\n354 go on")
        talk.hear()

    port, talks = serve(script)
    lane = opened(port)
    lane.announce(MAIL)
    hear(lane)
    lane.drop()
    assert not lane.is_open
    time.sleep(0.1)
    assert talks[0].heard[-1] == "", "the connection closed without a dot"


def test_421_ends_a_connection_that_has_served_and_pauses_nothing(
    serve: Callable[..., tuple[int, list[Talk]]],
) -> None:
    def script(talk: Talk) -> None:
        hello(talk)
        envelope(talk)
        talk.body()
        talk.say("250 kept")
        talk.hear()
        talk.say("421 4.7.0 enough on this connection")

    port, _ = serve(script)
    lane = opened(port)
    assert deliver(lane, MAIL).verdict is Verdict.ACCEPTED
    outcome = deliver(lane, OTHER)
    assert (outcome.verdict, outcome.stop, outcome.is_fault) == (Verdict.LATER, "", False)
    assert not lane.is_open


def test_a_slow_reader_gets_the_whole_body(serve: Callable[..., tuple[int, list[Talk]]]) -> None:
    big = Envelope(MAIL.sender, MAIL.recipient, b"Subject: x\r\n\r\n" + b"0123456789abcdef\r\n" * 200_000)

    def script(talk: Talk) -> None:
        hello(talk, "PIPELINING")
        announced(talk)
        talk.say("250 ok\r\n250 ok\r\n354 go on")
        time.sleep(0.3)
        talk.body()
        talk.say("250 kept")
        talk.hear()

    port, talks = serve(script)
    lane = opened(port)
    lane.limits = Timeouts(command=5, data=5, block=5, dot=5)
    assert deliver(lane, big).verdict is Verdict.ACCEPTED
    assert len(talks[0].heard) > 200_000
    lane.close()


def test_a_server_that_hangs_in_the_middle_of_the_body_has_not_got_it(
    serve: Callable[..., tuple[int, list[Talk]]],
) -> None:
    big = Envelope(MAIL.sender, MAIL.recipient, b"0123456789abcdef\r\n" * 600_000)

    def script(talk: Talk) -> None:
        talk.link.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        hello(talk)
        envelope(talk)
        time.sleep(1)

    port, _ = serve(script)
    lane = opened(port)
    outcome = deliver(lane, big)
    assert outcome.verdict is Verdict.LATER
    assert outcome.reason.startswith("While the message left")


def test_a_message_larger_than_the_server_takes_is_not_even_announced(
    serve: Callable[..., tuple[int, list[Talk]]],
) -> None:
    def script(talk: Talk) -> None:
        hello(talk, "SIZE 10")
        talk.hear()

    port, talks = serve(script)
    lane = opened(port)
    assert deliver(lane, MAIL).verdict is Verdict.REJECTED
    lane.close()
    assert talks[0].heard[1:] in ([], ["QUIT"])


@pytest.mark.parametrize(
    ("features", "verdict"), [(("SMTPUTF8", "8BITMIME"), Verdict.ACCEPTED), ((), Verdict.REJECTED)]
)
def test_an_address_in_other_letters_needs_a_server_that_takes_them(
    serve: Callable[..., tuple[int, list[Talk]]], features: tuple[str, ...], verdict: Verdict
) -> None:
    def script(talk: Talk) -> None:
        hello(talk, *features)
        envelope(talk)
        talk.body()
        talk.say("250 kept")
        talk.hear()

    port, talks = serve(script)
    lane = opened(port)
    mail = Envelope(MAIL.sender, "müller@people.example", b"x\r\n")
    assert deliver(lane, mail).verdict is verdict
    lane.close()
    if verdict is Verdict.ACCEPTED:
        assert talks[0].heard[1].endswith("SMTPUTF8")
        assert talks[0].heard[2] == "RCPT TO:<müller@people.example>"


@pytest.mark.parametrize(("features", "expected"), [("AUTH PLAIN LOGIN", 1), ("AUTH LOGIN", 3)])
def test_signing_in(serve: Callable[..., tuple[int, list[Talk]]], features: str, expected: int) -> None:
    secrets: list[str] = []

    def script(talk: Talk) -> None:
        hello(talk, features)
        for step in range(expected):
            secrets.append(talk.hear())
            talk.say("334 more" if step < expected - 1 else "235 welcome")
        talk.hear()

    port, _ = serve(script)
    transport(port, user="us", password="pw ä").open(lambda: None).close()
    if expected == 1:
        assert base64.b64decode(secrets[0].split()[2]) == "\0us\0pw ä".encode()
    else:
        assert [base64.b64decode(secret) for secret in secrets[1:]] == [b"us", "pw ä".encode()]


def test_a_refused_password_is_for_a_person_to_mend(serve: Callable[..., tuple[int, list[Talk]]]) -> None:
    def script(talk: Talk) -> None:
        hello(talk, "AUTH PLAIN")
        talk.hear()
        talk.say("535 5.7.8 no")

    port, _ = serve(script)
    with pytest.raises(TransportRefuses, match="refuses the user name or password"):
        transport(port, user="us", password="pw").open(lambda: None)


def test_away_from_loopback_nothing_is_sent_in_the_open(
    serve: Callable[..., tuple[int, list[Talk]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Line, "peer", "203.0.113.9")

    def script(talk: Talk) -> None:
        hello(talk, "AUTH PLAIN")
        talk.hear()

    port, talks = serve(script)
    with pytest.raises(TransportRefuses, match="STARTTLS"):
        transport(port, user="us", password="pw").open(lambda: None)
    assert not any("AUTH" in line for line in talks[0].heard)


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A certificate for 127.0.0.1 signed by itself, with its key, as one PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    from ipaddress import ip_address

    moment = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(moment - dt.timedelta(days=1))
        .not_valid_after(moment + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path / "server.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    return path


def _server_context(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


def test_implicit_tls_with_a_certificate_that_holds(
    serve: Callable[..., tuple[int, list[Talk]]], certificate: Path
) -> None:
    def script(talk: Talk) -> None:
        hello(talk)
        envelope(talk)
        talk.body()
        talk.say("250 kept")

    port, _ = serve(script, _server_context(certificate))
    trusted = ssl.create_default_context(cafile=str(certificate))
    assert send(port, implicit_tls=True, context=trusted).verdict is Verdict.ACCEPTED


def test_a_certificate_nobody_vouches_for_is_refused(
    serve: Callable[..., tuple[int, list[Talk]]], certificate: Path
) -> None:
    port, _ = serve(lambda talk: hello(talk), _server_context(certificate))
    with pytest.raises(TransportRefuses, match="certificate"):
        transport(port, implicit_tls=True).open(lambda: None)


def test_starttls_is_used_and_greeted_again(
    serve: Callable[..., tuple[int, list[Talk]]], certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Line, "peer", "203.0.113.9")
    secured: list[Talk] = []

    def script(talk: Talk) -> None:
        hello(talk, "STARTTLS")
        assert talk.hear() == "STARTTLS"
        talk.say("220 go on")
        link = _server_context(certificate).wrap_socket(talk.link, server_side=True)
        inner = Talk(link)
        secured.append(inner)
        inner.hear()
        inner.say("250-mx.example\r\n250 8BITMIME")
        envelope(inner)
        inner.body()
        inner.say("250 kept")
        inner.hear()
        inner.close()

    port, _ = serve(script)
    trusted = ssl.create_default_context(cafile=str(certificate))
    assert send(port, context=trusted).verdict is Verdict.ACCEPTED
    assert secured[0].heard[0] == "EHLO tests.example"


def test_what_a_stranger_said_before_encryption_is_not_believed(
    serve: Callable[..., tuple[int, list[Talk]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Line, "peer", "203.0.113.9")

    def script(talk: Talk) -> None:
        hello(talk, "STARTTLS")
        talk.hear()
        talk.say("220 go on\r\n250-mx.evil\r\n250 AUTH PLAIN")
        talk.hear()

    port, _ = serve(script)
    with pytest.raises(TransportAway, match="before encryption"):
        transport(port).open(lambda: None)


@pytest.mark.parametrize(
    ("body", "wire"),
    [
        (b"a\r\n", b"a\r\n"),
        (b"a", b"a\r\n"),
        (b".a\r\n..b\r\n.\r\n", b"..a\r\n...b\r\n..\r\n"),
        (b"a.b\r\n", b"a.b\r\n"),
        (b"", b"\r\n"),
    ],
)
def test_dots_at_the_start_of_a_line_are_doubled(body: bytes, wire: bytes) -> None:
    assert stuff(body) == wire


def test_a_line_end_in_an_address_never_becomes_a_command(
    serve: Callable[..., tuple[int, list[Talk]]],
) -> None:
    def script(talk: Talk) -> None:
        hello(talk)
        talk.hear()
        talk.say("250 ok")
        talk.hear()

    port, talks = serve(script)
    lane = opened(port)
    outcome = deliver(lane, Envelope("a@b.example", "x@y.example>\r\nRCPT TO:<z@y.example", b"x"))
    lane.close()
    assert outcome.verdict is Verdict.REJECTED
    assert not any("z@y.example" in line for talk in talks for line in talk.heard)
