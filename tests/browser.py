"""A real browser for tests: Chromium through Playwright, a server beside it, and axe-core for accessibility.

Ask for `browser`, which is every test's; `port` and `serve` are fixtures to import where they are used. Mark such tests `browser`.
"""

import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page, sync_playwright
from werkzeug.serving import make_server

ROOT = Path(__file__).resolve().parents[1]
AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
DIST = ROOT / "static" / "dist" / "tabler.min.css"
WIDTHS = (1280, 390)
_ARGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="session")
def browser(chromium: str) -> Iterator[Browser]:
    """A headless Chromium; make a page with `browser.new_page(viewport={...})` and close it."""
    if not AXE.exists() or not DIST.exists():
        pytest.skip("the front-end packages are not installed: npm ci && npm run build")
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=chromium, args=_ARGS)
        yield running
        running.close()


@pytest.fixture(scope="module")
def port() -> int:
    """A free port, for settings that must name it before the server runs."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def origins(port: int) -> dict[str, Any]:
    """Settings that put both origins on `port`."""
    return {"app_url": f"http://localhost:{port}", "public_url": f"http://127.0.0.1:{port}"}


@pytest.fixture
def serve(port: int) -> Iterator[Callable[[Flask], None]]:
    """`serve(app)`: answer on `port` until the test ends."""
    servers = []

    def start(app: Flask) -> None:
        server = make_server("127.0.0.1", port, app, threaded=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def axe(page: Page) -> list[str]:
    """What axe-core finds wrong on the page and calls serious or critical: one line each, with the elements."""
    page.evaluate(AXE.read_text())
    found: dict[str, Any] = page.evaluate("axe.run(document, {resultTypes: ['violations'], iframes: false})")
    return [
        f"{item['id']}: {item['help']} ({'; '.join(str(node['html'])[:160] for node in item['nodes'][:4])})"
        for item in found["violations"]
        if item["impact"] in ("serious", "critical")
    ]


def too_wide(page: Page) -> bool:
    """Whether the page scrolls sideways, which no page may on a phone."""
    return bool(
        page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth + 1")
    )
