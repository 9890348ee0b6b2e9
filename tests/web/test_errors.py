"""Errors become answers in plain words with a reference; what a person sees holds nothing of the inside."""

import re

import pytest
from bs4 import BeautifulSoup
from flask import Flask
from flask.testing import FlaskClient

from app.web import errors

CODES = {
    "NotFound": 404,
    "Forbidden": 403,
    "Invalid": 422,
    "Refused": 422,
    "Conflict": 409,
    "TooMany": 429,
    "External": 502,
    "RuntimeError": 500,
}
REFERENCE = re.compile(r"[0-9a-f]{4}-[0-9a-f]{4}")


@pytest.mark.parametrize(("kind", "status"), CODES.items())
def test_each_kind_of_error_has_its_page_and_its_code(client: FlaskClient, kind: str, status: int) -> None:
    response = client.get(f"/-/raise/{kind}")
    assert response.status_code == status
    page = BeautifulSoup(response.text, "html.parser")
    assert page.h1.text.strip()
    assert page.select_one('a[href="/"]')
    assert REFERENCE.fullmatch(page.code.text)
    if kind != "RuntimeError":
        assert "What is wrong, and what mends it." in page.text


def test_the_reference_on_the_page_stands_in_the_log(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    logged: list[dict[str, object]] = []
    monkeypatch.setattr(
        errors.log, "error", lambda message, **facts: logged.append({"message": message, **facts})
    )
    shown = REFERENCE.search(client.get("/-/raise/RuntimeError").text)
    assert shown is not None
    [entry] = logged
    assert (entry["message"], entry["reference"]) == ("request.failed", shown[0])
    assert str(entry["exc_info"]) == "a fault in the code"


def test_a_fault_shows_nothing_of_the_inside(client: FlaskClient) -> None:
    text = client.get("/-/raise/RuntimeError").text
    assert "a fault in the code" not in text
    assert "Traceback" not in text


@pytest.mark.parametrize(("kind", "status"), CODES.items())
def test_machines_get_json(client: FlaskClient, kind: str, status: int) -> None:
    response = client.get(f"/-/raise/{kind}", headers={"Accept": "application/json"})
    assert response.status_code == status
    error = response.json["error"]
    assert REFERENCE.fullmatch(error["reference"])
    assert re.fullmatch(r"[a-z_]+", error["code"])
    assert error["message"]


def test_htmx_gets_a_notice_and_no_second_page(client: FlaskClient) -> None:
    response = client.get("/-/raise/Refused", headers={"HX-Request": "true"})
    assert response.status_code == 422
    page = BeautifulSoup(response.text, "html.parser")
    assert page.html is None
    assert page.select_one(".tl-notice-bad")["role"] == "alert"


def test_nobodys_address_is_a_page_in_the_words_of_its_origin(client: FlaskClient) -> None:
    assert "isn’t here, or isn’t yours" in client.get("/nowhere").text
    outside = BeautifulSoup(client.get("http://127.0.0.1:8000/nowhere").text, "html.parser")
    assert outside.find_all("a") == []
    assert "landing.css" in outside.select_one("link[rel=stylesheet]")["href"]


def test_a_wrong_method_says_which_are_right(client: FlaskClient) -> None:
    response = client.post("/healthz")
    assert response.status_code == 405
    assert "GET" in response.headers["Allow"]


def test_an_error_page_needs_no_database(
    app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    from app.accounts import session

    def broken() -> None:
        raise RuntimeError("the database is away")

    monkeypatch.setattr(session, "signed_in", broken)
    response = client.get("/-/raise/RuntimeError")
    assert response.status_code == 500
    assert "Something broke on our side" in response.text
