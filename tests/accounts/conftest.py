"""Every test starts with no tries counted."""

import pytest
from flask import Flask


@pytest.fixture(autouse=True)
def _no_tries_yet(request: pytest.FixtureRequest) -> None:
    if "app" in request.fixturenames:
        app: Flask = request.getfixturevalue("app")
        app.extensions.pop("attempts", None)
