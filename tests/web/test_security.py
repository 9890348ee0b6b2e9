"""What browsers are told: no script but ours, no framing, nothing kept; and that forms must be ours."""

import re
from collections.abc import Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient

APP, PUBLIC = "http://localhost:8000", "http://127.0.0.1:8000"


def test_signed_in_pages_run_only_our_own_files_and_are_kept_by_nobody(client: FlaskClient) -> None:
    headers = client.get("/-/components").headers
    policy = headers["Content-Security-Policy"]
    assert "'unsafe" not in policy
    for part in (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        f"frame-src {PUBLIC}",
        "frame-ancestors 'none'",
        "base-uri 'none'",
    ):
        assert part in policy.split("; ")
    assert headers["Cache-Control"] == "no-store"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"


def test_public_pages_run_no_script_and_only_we_may_frame_them(client: FlaskClient) -> None:
    parts = client.post(f"{PUBLIC}/-/outside").headers["Content-Security-Policy"].split("; ")
    assert not [part for part in parts if part.startswith("script-src")]
    assert "default-src 'none'" in parts
    assert f"frame-ancestors {APP}" in parts


def test_errors_carry_the_same_headers(client: FlaskClient) -> None:
    for address in (f"{APP}/-/raise/RuntimeError", f"{PUBLIC}/nowhere", "http://evil.example/"):
        assert "default-src 'none'" in client.get(address).headers["Content-Security-Policy"]


def test_https_is_held_to_https(settings) -> None:
    from app.web.security import _headers, app_policy

    secure = type(settings)(
        **{**vars(settings), "app_url": "https://a.example", "public_url": "https://b.example"}
    )
    assert dict(_headers(secure, app_policy(secure)))["Strict-Transport-Security"].startswith(
        "max-age=31536000"
    )
    assert "Strict-Transport-Security" not in dict(_headers(settings, app_policy(settings)))


class TestForms:
    @pytest.fixture(autouse=True)
    def _checked(self, app: Flask) -> Iterator[None]:
        app.config["WTF_CSRF_ENABLED"] = True
        yield
        app.config["WTF_CSRF_ENABLED"] = False

    def test_a_form_that_isnt_ours_is_refused_and_writes_nothing(self, client: FlaskClient) -> None:
        response = client.post("/-/write/200")
        assert response.status_code == 400
        assert "open for too long" in response.text

    def test_our_own_form_passes_by_field_and_by_header(self, client: FlaskClient) -> None:
        token = re.search(r'name="csrf-token" content="([^"]+)"', client.get("/-/components").text)
        assert token is not None
        assert client.post("/-/write/200", data={"csrf_token": token[1]}).status_code == 200
        assert client.post("/-/write/404", headers={"X-CSRFToken": token[1]}).status_code == 404

    def test_public_forms_need_no_session(self, client: FlaskClient) -> None:
        assert client.post(f"{PUBLIC}/-/outside").status_code == 200
