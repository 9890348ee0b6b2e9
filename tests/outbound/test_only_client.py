"""Nothing in `app` opens a connection but the modules named here; whatever a person's address leads to goes through app/outbound.py."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

APP = Path(__file__).resolve().parents[2] / "app"

# What can open a connection. A module that uses one of these stands in ALLOWED with the server it talks to.
ABLE = frozenset(
    {
        "aiohttp", "aiosmtpd", "asyncio", "boto3", "botocore", "dns", "ftplib", "http.client", "http", "httpx", "imaplib", "niquests",
        "nntplib", "poplib", "pycurl", "redis", "requests", "smtplib", "socket", "socketserver", "ssl", "telnetlib", "urllib.request",
        "urllib3", "websockets", "xmlrpc",
    }
)  # fmt: skip

ALLOWED = {
    "outbound": {"http.client", "socket", "ssl"},  # the client itself
    "queue": {"redis"},  # the queue of the settings
    "accounts/attempts": {"redis"},  # counters in the same Redis
    "web/health": {"redis"},  # asks whether it is there
    "assets/s3": {"boto3", "botocore"},  # the bucket of the settings
    "mail/transport": {"smtplib", "ssl", "boto3", "botocore"},  # the mail server of the settings
    "delivery/smtp": {"socket", "ssl"},  # the mail server of the settings
    "delivery/line": {"socket", "ssl"},  # one connection to it
    "delivery/ses": {
        "boto3",
        "botocore",
        "socket",
    },  # the region of the settings; a pair of sockets wakes its loop
    "delivery/ses_errors": {"botocore"},  # what it answers
    "delivery/ses_service": {"boto3", "botocore"},  # the same region
    "domains/lookup": {"dns"},  # the records of a partner’s domain, from the name server of the settings
    "delivery/transport": {"socket"},  # this machine's own name
    "delivery/presence": {"socket"},  # this machine's own name
    "delivery/turns": {"socket"},  # this machine's own name
    "delivery/limits": {"redis"},  # counters in the Redis of the settings
    "delivery/buckets": {"redis"},  # the same
}


def used(source: str) -> Iterator[str]:
    """The modules of ABLE that a source uses: imported, in whichever way, or named to `lazy`."""
    for node in ast.walk(ast.parse(source)):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        elif isinstance(node, ast.Call) and ast.unparse(node.func) in (
            "lazy",
            "import_module",
            "importlib.import_module",
            "__import__",
        ):
            names = [str(arg.value) for arg in node.args if isinstance(arg, ast.Constant)]
        for name in names:
            parts = name.split(".")
            yield from {".".join(parts[:n]) for n in (1, 2) if ".".join(parts[:n]) in ABLE}


def test_only_the_listed_modules_can_open_a_connection() -> None:
    wrong = []
    for path in sorted(APP.rglob("*.py")):
        module = str(path.relative_to(APP).with_suffix(""))
        extra = set(used(path.read_text())) - {
            parent for name in ALLOWED.get(module, ()) for parent in (name, name.partition(".")[0])
        }
        if extra:
            wrong.append(f"app/{module}.py uses {', '.join(sorted(extra))}: go through app/outbound.py")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(
    "source",
    [
        "import requests", "import http.client", "from http import client", "from http.client import HTTPConnection",
        "import urllib.request", "from urllib import request", "from urllib.request import urlopen",
        "def f():\n    import httpx", "from socket import create_connection", "x = lazy('requests')",
        "importlib.import_module('urllib.request')", "import urllib3.util", "from aiohttp.client import get",
    ],
)  # fmt: skip
def test_each_way_in_is_seen(source: str) -> None:
    assert set(used(source))


@pytest.mark.parametrize("source", ["from urllib.parse import quote", "import urllib.parse", "import json"])
def test_what_opens_nothing_is_free(source: str) -> None:
    assert not set(used(source))
