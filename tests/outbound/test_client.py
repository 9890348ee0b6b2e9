"""The one client that goes where other people's addresses lead: never into a private network, never for long, never for much."""

import ssl
import time
from collections.abc import Iterator
from ipaddress import ip_address
from pathlib import Path

import pytest

from app.outbound import (
    BadCertificate,
    Client,
    NotAllowed,
    OutboundError,
    TooManyHops,
    TooSlow,
    Unreachable,
)
from app.public_address import is_public, parsed
from app.settings import Settings, SettingsError
from tests.outbound.web import Web, answer, certificate, drip, endless, to, web

PUBLIC = "93.184.215.14"


@pytest.fixture
def server() -> Iterator[Web]:
    with web() as running:
        yield running


@pytest.fixture
def client() -> Client:
    return Client(allow=("127.0.0.1:*",))


def test_it_asks_and_says_what_came(server: Web, client: Client) -> None:
    server.paths["/a%20b?q=%C3%BC"] = answer(200, b"hello", Content_Type="text/plain")
    got = client.get(server.url("/a%20b?q=ü"))
    assert (got.status, got.body, got.is_cut, got.hops) == (200, b"hello", False, 0)
    assert got.headers["content-type"] == "text/plain"
    assert server.asked == [("GET /a%20b?q=%C3%BC", f"127.0.0.1:{server.port}")]


def test_it_sends_no_cookie_and_no_secret(
    server: Web, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    server.paths["/one"] = answer(302, Location="/two", Set_Cookie="a=b")
    server.paths["/two"] = answer(204)
    assert client.get(server.url("/one")).status == 204
    for head in server.heads:
        names = {line.partition(":")[0].lower() for line in head.split("\r\n")[1:] if line}
        assert names == {"host", "user-agent", "accept", "accept-encoding", "connection"}


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "127.8.9.1", "0.0.0.0", "10.0.0.8", "172.16.3.4", "192.168.1.1", "169.254.169.254", "100.64.0.1",
        "100.100.100.200", "192.0.0.192", "192.0.2.1", "192.88.99.1", "198.18.0.1", "198.51.100.4", "203.0.113.9",
        "224.0.0.1", "239.1.2.3", "240.0.0.1", "255.255.255.255", "168.63.129.16", "::", "::1", "::ffff:127.0.0.1",
        "::ffff:10.0.0.1", "::127.0.0.1", "fe80::1%eth0", "fc00::1", "fd00:ec2::254", "fec0::1", "ff02::1", "2001:db8::1",
        "2002:7f00:1::", "2001::1", "64:ff9b::7f00:1", "64:ff9b:1::1", "100::1", "3fff::1",
    ],
)  # fmt: skip
def test_what_is_not_public_is_not_asked(address: str) -> None:
    assert not is_public(parsed(address))
    with pytest.raises(NotAllowed, match="private network"):
        Client(resolve=lambda *_: [address]).get("http://partner.example/")


@pytest.mark.parametrize("address", ["8.8.8.8", PUBLIC, "2606:2800:21f:cb07::1", "2a00:1450:4001::200e"])
def test_what_is_public_is_asked(address: str) -> None:
    assert is_public(ip_address(address))


@pytest.mark.parametrize(
    "url",
    [
        "http://2130706433/", "http://0x7f.1/", "http://127.1/", "http://0/", "http://[::1]/", "http://[::ffff:127.0.0.1]/",
        "http://localhost/",
    ],
)  # fmt: skip
def test_loopback_in_disguise_is_not_asked(url: str) -> None:
    with pytest.raises(NotAllowed):
        Client().get(url)


def test_a_name_with_one_private_address_among_public_ones_is_not_asked() -> None:
    with pytest.raises(NotAllowed):
        Client(resolve=lambda *_: [PUBLIC, "10.0.0.1"]).get("http://two-faces.example/")


@pytest.mark.parametrize(
    "url",
    [
        "ftp://a.example/", "file:///etc/passwd", "gopher://a.example/", "javascript:alert(1)", "//a.example/", "", "http://",
        "http://u:p@a.example/", "http://u@a.example/", "http://a.example:99999/", "http://a b.example/",
        "http://a.example/\r\nX: y", "http://a.example\\@b.example/", "http://[fe80::1%25eth0]/", "http://a.example/" + "x" * 2048,
    ],
)  # fmt: skip
def test_what_is_no_web_address_is_refused_before_anything_is_looked_up(url: str) -> None:
    def never(*_: object) -> list[str]:
        raise AssertionError("it was looked up")

    with pytest.raises(NotAllowed):
        Client(resolve=never).get(url)


def test_other_ports_are_refused() -> None:
    with pytest.raises(NotAllowed, match="unusual port"):
        Client(resolve=lambda *_: [PUBLIC]).get("http://a.example:6379/")


@pytest.mark.parametrize(
    "where",
    [
        "http://169.254.169.254/latest/meta-data/",
        "http://10.0.0.1/",
        "http://[::1]/",
        "file:///etc/passwd",
        "http://u:p@127.0.0.1/",
        "//192.168.0.1/",
    ],
)
def test_a_redirect_into_a_private_network_is_not_followed(server: Web, where: str) -> None:
    server.paths["/"] = to(where)
    with pytest.raises(NotAllowed):
        Client(allow=(f"127.0.0.1:{server.port}",)).get(server.url("/"))
    assert len(server.asked) == 1


def test_a_redirect_to_another_port_of_an_allowed_address_is_not_followed(server: Web) -> None:
    with web() as other:
        server.paths["/"] = to(other.url("/secret"))
        with pytest.raises(NotAllowed):
            Client(allow=(f"127.0.0.1:{server.port}",)).get(server.url("/"))
        assert other.asked == []


def test_a_name_that_changes_its_address_gains_nothing(server: Web) -> None:
    """The second look-up, the one a rebinding attack waits for, never happens; the next hop's is checked like the first."""
    asked: list[str] = []

    def fickle(host: str, _: int) -> list[str]:
        asked.append(host)
        return ["127.0.0.1"] if len(asked) == 1 else ["10.0.0.1"]

    client = Client(allow=(f"127.0.0.1:{server.port}",), resolve=fickle)
    server.paths["/"] = answer(200, b"hello")
    assert client.get(server.url("/", "fickle.example")).body == b"hello"
    assert asked == ["fickle.example"]
    assert server.asked == [("GET /", f"fickle.example:{server.port}")]
    with pytest.raises(NotAllowed):
        client.get(server.url("/", "fickle.example"))


def test_five_hops_are_followed_and_the_sixth_is_not(server: Web, client: Client) -> None:
    for hop in range(6):
        server.paths[f"/{hop}"] = to(f"/{hop + 1}")
    server.paths["/5"] = answer(200, b"there")
    assert client.get(server.url("/0")).hops == 5
    server.paths["/5"] = to("/6")
    server.asked.clear()
    with pytest.raises(TooManyHops):
        client.get(server.url("/0"))
    assert len(server.asked) == 6


def test_a_head_asks_for_the_head_only(server: Web, client: Client) -> None:
    server.paths["/"] = answer(410)
    assert client.head(server.url("/")).status == 410
    assert server.asked[0][0] == "HEAD /"


def test_a_body_without_end_is_cut(server: Web, client: Client) -> None:
    server.paths["/"] = endless
    got = client.get(server.url("/"), max_bytes=10_000)
    assert (len(got.body), got.is_cut, got.status) == (10_000, True, 200)


@pytest.mark.parametrize("do", [drip, lambda connection, _: time.sleep(5)])
def test_a_slow_server_costs_no_more_than_the_time_given(server: Web, client: Client, do: object) -> None:
    server.paths["/"] = do  # type: ignore[assignment]
    began = time.monotonic()
    with pytest.raises(TooSlow):
        client.get(server.url("/"), seconds=0.5)
    assert time.monotonic() - began < 1.5


def test_a_slow_name_server_costs_no_more_than_the_time_given() -> None:
    def slow(*_: object) -> list[str]:
        time.sleep(3)
        return [PUBLIC]

    began = time.monotonic()
    with pytest.raises(TooSlow):
        Client(resolve=slow).get("http://slow.example/", seconds=0.3)
    assert time.monotonic() - began < 1.5


def test_nothing_there_and_no_web_server_are_told(server: Web, client: Client) -> None:
    server.paths["/"] = lambda connection, _: connection.sendall(b"220 mail.example ESMTP\r\n")
    with pytest.raises(Unreachable, match="no web server"):
        client.get(server.url("/"))
    server.close()
    with pytest.raises(Unreachable, match="Nothing answers"):
        client.get(server.url("/"))

    def unknown(*_: object) -> list[str]:
        raise OSError

    with pytest.raises(Unreachable, match="no such name"):
        Client(resolve=unknown).get("http://nowhere.example/")


def test_a_certificate_must_be_the_names_own(tmp_path: Path) -> None:
    presented, trusted = certificate(tmp_path, "shop.example")
    with web(presented) as server:
        server.paths["/"] = answer(200, b"safe")

        def client(tls: ssl.SSLContext | None) -> Client:
            return Client(("127.0.0.1:*",), resolve=lambda *_: ["127.0.0.1"], tls=tls)

        assert client(trusted).get(server.url("/", "shop.example")).body == b"safe"
        for tls, host in ((trusted, "other.example"), (None, "shop.example")):
            with pytest.raises(BadCertificate):
                client(tls).get(server.url("/", host))
        assert [path for path, _ in server.asked] == ["GET /"]


def test_a_certificate_that_ran_out_is_refused(tmp_path: Path) -> None:
    presented, trusted = certificate(tmp_path, "old.example", days=-1)
    with web(presented) as server, pytest.raises(BadCertificate):
        Client(("127.0.0.1:*",), resolve=lambda *_: ["127.0.0.1"], tls=trusted).get(
            server.url("/", "old.example")
        )


def test_every_trouble_is_one_line_for_a_person(client: Client) -> None:
    with pytest.raises(OutboundError) as caught:
        client.get("http://127.0.0.1:1/")
    assert "\n" not in caught.value.message
    assert "127.0.0.1" not in caught.value.message


SECRETS = {"SECRET_KEY": "s" * 40, "SUPPRESSION_KEY": "t" * 40}


def test_private_servers_are_allowed_by_a_setting_outside_production() -> None:
    assert Settings.from_env({**SECRETS, "OUTBOUND_ALLOW": "127.0.0.1:*, ::1:8080"}).outbound_allow == (
        "127.0.0.1:*",
        "::1:8080",
    )
    with pytest.raises(SettingsError, match="OUTBOUND_ALLOW: not in production"):
        Settings.from_env({**SECRETS, "ENVIRONMENT": "production", "OUTBOUND_ALLOW": "127.0.0.1:*"})
    for nonsense in ("127.0.0.1", "localhost:80", "10.0.0.0/8:*", "127.0.0.1:x"):
        with pytest.raises(SettingsError, match="OUTBOUND_ALLOW"):
            Settings.from_env({**SECRETS, "OUTBOUND_ALLOW": nonsense})
