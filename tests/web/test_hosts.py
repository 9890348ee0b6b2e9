"""Two origins: pages stay on theirs, cookies never reach the public one, and strangers' host names get nothing."""

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.web.hosts import app_url_for, public_url_for

APP, PUBLIC = "http://localhost:8000", "http://127.0.0.1:8000"


def test_a_page_of_one_origin_is_not_found_on_the_other(client: FlaskClient) -> None:
    assert client.get(f"{APP}/-/components").status_code == 200
    assert client.get(f"{PUBLIC}/-/components").status_code == 404
    assert client.post(f"{PUBLIC}/-/outside").status_code == 200
    assert client.post(f"{APP}/-/outside").status_code == 404


@pytest.mark.parametrize(
    "host",
    [
        "http://evil.example",
        "http://localhost",
        "http://localhost:8001",
        "http://127.0.0.1",
        "http://localhost.evil.example:8000",
    ],
)
@pytest.mark.parametrize("path", ["/", "/healthz", "/-/components", "/static/throughline.css"])
def test_an_unknown_host_is_refused_without_links_to_it(client: FlaskClient, host: str, path: str) -> None:
    response = client.get(host + path)
    assert response.status_code == 400
    assert "href" not in response.text


def test_the_public_origin_neither_reads_nor_sets_cookies(client: FlaskClient, as_person, cast) -> None:
    for response in (
        client.get(f"{PUBLIC}/nowhere"),
        client.post(f"{PUBLIC}/-/outside"),
        client.get(f"{PUBLIC}/healthz"),
    ):
        assert response.headers.getlist("Set-Cookie") == []
    cookie = as_person(cast.maya).get_cookie("throughline", domain="localhost")
    stolen = client.get(f"{PUBLIC}/nowhere", headers={"Cookie": f"throughline={cookie.value}"})
    assert stolen.headers.getlist("Set-Cookie") == []
    assert "Maya" not in stolen.text


def test_health_answers_on_both(client: FlaskClient) -> None:
    for origin in (APP, PUBLIC):
        assert client.get(f"{origin}/healthz").json == {"status": "ok"}


def test_absolute_links_lead_to_the_right_origin_without_a_request(app: Flask) -> None:
    assert public_url_for("parts_public.outside_form") == f"{PUBLIC}/-/outside"
    assert (
        app_url_for("parts.everything", errors=1, nothing=None, _anchor="f name")
        == f"{APP}/-/components?errors=1#f%20name"
    )


def test_standard_ports_may_be_left_out_or_named(settings) -> None:
    from app.web.hosts import _host

    assert _host("https://Marketing.example:443") == "marketing.example"
    assert _host("http://marketing.example:80") == "marketing.example"
    assert _host("https://marketing.example:8443") == "marketing.example:8443"
