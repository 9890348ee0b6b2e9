"""The sandbox mailbox keeps every message it says yes to, and refuses what a real mail server refuses."""

import smtplib
import subprocess
import sys
import threading
from collections.abc import Iterator
from email import message_from_bytes
from email.message import Message
from pathlib import Path

import pytest

from tests.rig.processes import until
from worker.sandbox import is_address
from worker.valkey import free_port

MAIL = b"From: Harbour IT <mail@harbour-it.example>\r\nSubject: Hello\r\n\r\n.dots\r\n..and more\r\n"


class Running:
    """A sandbox in a process of its own."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.port = free_port()
        code = (
            "import sys; from pathlib import Path; from worker import sandbox; from app.settings import Settings;"
            "sandbox.run(Settings(secret_key='', suppression_key='', data_dir=Path(sys.argv[1]), sandbox_smtp=sys.argv[2]))"
        )
        self.process = subprocess.Popen([sys.executable, "-c", code, str(home), f"127.0.0.1:{self.port}"])
        assert until(self._answers, 20)

    def _answers(self) -> bool:
        try:
            self.connect().quit()
        except OSError:
            return False
        return True

    def connect(self) -> smtplib.SMTP:
        """A fresh connection that has said hello."""
        server = smtplib.SMTP("127.0.0.1", self.port, timeout=10)
        server.ehlo("tests.example")
        return server

    def messages(self) -> list[Message]:
        """What is in the maildir, in order of arrival."""
        return [
            message_from_bytes(path.read_bytes())
            for path in sorted((self.home / "sandbox" / "new").iterdir())
        ]


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Running]:
    running = Running(tmp_path)
    yield running
    running.process.kill()
    running.process.wait()


def test_a_message_is_kept_as_sent_with_its_envelope_on_top(sandbox: Running) -> None:
    with sandbox.connect() as server:
        server.sendmail(
            "bounces@throughline.example", ["sanne@vandijk.example", "gert@lodewijk.example"], MAIL
        )
    (path,) = (sandbox.home / "sandbox" / "new").iterdir()
    envelope = (
        b"X-Envelope-From: bounces@throughline.example\r\n"
        b"X-Envelope-To: sanne@vandijk.example\r\n"
        b"X-Envelope-To: gert@lodewijk.example\r\n"
    )
    assert path.read_bytes() == envelope + MAIL
    assert path.parent.stat().st_mode & 0o077 == 0, "others on the machine could read people's mail"


def test_what_got_its_250_is_there_after_kill_9(sandbox: Running) -> None:
    server = sandbox.connect()
    for number in range(20):
        server.sendmail("a@northwind.example", [f"p{number}@example.org"], MAIL)
    sandbox.process.kill()
    server.close()
    assert [message["X-Envelope-To"] for message in sandbox.messages()] == [
        f"p{n}@example.org" for n in range(20)
    ]


def test_many_senders_at_once_lose_and_double_nothing(sandbox: Running) -> None:
    def work(sender: int) -> None:
        with sandbox.connect() as server:
            for number in range(25):
                server.sendmail("a@northwind.example", [f"p{sender}-{number}@example.org"], MAIL)

    threads = [threading.Thread(target=work, args=(sender,)) for sender in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = [message["X-Envelope-To"] for message in sandbox.messages()]
    assert len(found) == 200
    assert set(found) == {f"p{sender}-{number}@example.org" for sender in range(8) for number in range(25)}


def test_the_sender_of_a_bounce_may_be_empty(sandbox: Running) -> None:
    with sandbox.connect() as server:
        server.sendmail("", ["p@example.org"], MAIL)
    assert sandbox.messages()[0]["X-Envelope-From"] == ""


def test_an_address_with_other_letters_needs_smtputf8(sandbox: Running) -> None:
    with sandbox.connect() as server:
        server.sendmail("a@northwind.example", ["tomás@vandijk.example"], MAIL, mail_options=["SMTPUTF8"])
        server.putcmd("MAIL", "FROM:<a@northwind.example>")
        assert server.getreply()[0] == 250
        server.sock.sendall("RCPT TO:<tomás@vandijk.example>\r\n".encode())
        assert server.getreply()[0] >= 500
    assert len(sandbox.messages()) == 1


@pytest.mark.parametrize(
    "address",
    [
        "nobody",
        "no domain@",
        "a b@example.org",
        "a@@example.org",
        "a@localhost",
        ".a@example.org",
        "a@-x.org",
        "x" * 65 + "@x.org",
    ],
)
def test_a_recipient_that_is_no_address_is_refused(sandbox: Running, address: str) -> None:
    with sandbox.connect() as server:
        server.mail("a@northwind.example")
        server.putcmd("RCPT", f"TO:<{address}>")
        assert 500 <= server.getreply()[0] < 560
    assert sandbox.messages() == []


@pytest.mark.parametrize("address", ["sanne+news@vandijk.example", "o'neill@example.org", "a@büro.example"])
def test_unusual_addresses_are_addresses(address: str) -> None:
    assert is_address(address)


def test_a_message_that_is_too_large_is_refused_before_and_after_it_came(sandbox: Running) -> None:
    with sandbox.connect() as server:
        assert server.docmd(f"MAIL FROM:<a@northwind.example> SIZE={26 * 1024 * 1024}")[0] == 552
        server.rset()
        server.mail("a@northwind.example")
        server.rcpt("p@example.org")
        code, _ = server.data(MAIL + (b"x" * 900 + b"\r\n") * 30_000)
        assert code == 552
    assert sandbox.messages() == []


def test_a_message_without_a_sender_in_its_head_is_refused(sandbox: Running) -> None:
    with sandbox.connect() as server, pytest.raises(smtplib.SMTPDataError) as refused:
        server.sendmail(
            "a@northwind.example",
            ["p@example.org"],
            b"Subject: Hello\r\n\r\nFrom: in the body does not count\r\n",
        )
    assert refused.value.smtp_code == 550
    assert sandbox.messages() == []
