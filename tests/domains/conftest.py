"""A DNS of the tests' own that this room's application asks, and the zone of Harbour IT."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.rig.nameserver import NameServer

BOUNCE_HOST = "in.throughline.example"
SPF = "include:spf.throughline.example"


@pytest.fixture(scope="module")
def dns() -> Iterator[NameServer]:
    """The DNS server that DNS_SERVER names."""
    with NameServer() as server:
        yield server


@pytest.fixture(scope="module")
def overrides(dns: NameServer) -> dict[str, Any]:
    """Settings of an installation with return path and SPF."""
    return {"dns_server": dns.address, "bounce_host": BOUNCE_HOST, "sender_spf": SPF}


@pytest.fixture(autouse=True)
def _empty_dns(dns: NameServer) -> None:
    dns.clear()
    dns.txt("spf.throughline.example", "v=spf1 ip4:192.0.2.25 -all")
