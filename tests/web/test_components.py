"""Every component renders, is marked up for everyone, and fails loudly when misspelt."""

import re
from enum import StrEnum
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from flask import Flask

from app import ROOMS
from app.web.components import Components
from app.web.states import mark

MACROS = [
    "page_head button post_button state tag figures kv progress clock split_bar todo thread steps funnel rules finding notice",
    "toast empty table chart whisker choice clause sum_table diff board samples heads beats field error_summary segment drop",
    "preview inbox kit_tile pieces who icon csrf card subnav pager copy swatch find letter logo when",
]
# Which enumeration of which room is shown under which kind.
SHOWN = {
    "noes": ("audience.models", "UploadStatus"),
    "domain": ("domains.models", "DomainStatus"),
    "campaign": ("campaigns.models", "CampaignStatus"),
    "send": ("delivery.models", "SendStatus"),
    "delivery": ("delivery.models", "DeliveryState"),
    "lead": ("leads.models", "LeadStatus"),
    "deal": ("leads.models", "DealStatus"),
    "request": ("mdf.models", "RequestStatus"),
    "claim": ("mdf.models", "ClaimStatus"),
    "kit": ("kits.models", "VersionStatus"),
    "import": ("audience.models", "ImportStatus"),
    "page": ("landing.models", "PageStatus"),
    "partnership": ("programs.models", "PartnershipStatus"),
    "test": ("abtest.models", "ExperimentStatus"),
}


def _page(client, address="/-/components") -> BeautifulSoup:
    response = client.get(address)
    assert response.status_code == 200
    return BeautifulSoup(response.text, "html.parser")


def test_every_component_of_the_page_of_components_exists(app: Flask) -> None:
    ui: Components = app.jinja_env.globals["ui"]
    missing = [name for line in MACROS for name in line.split() if not callable(getattr(ui, name, None))]
    assert missing == []


def test_every_template_compiles_and_names_only_components_that_exist(app: Flask) -> None:
    ui: Components = app.jinja_env.globals["ui"]
    missing = set()
    for name in app.jinja_env.list_templates():
        source, _, _ = app.jinja_env.loader.get_source(app.jinja_env, name)
        app.jinja_env.compile(source, name)
        missing |= {(name, used) for used in re.findall(r"\bui\.([a-z_]+)", source) if not hasattr(ui, used)}
    assert missing == set()


def test_a_misspelt_component_fails_loudly(app: Flask) -> None:
    with pytest.raises(AttributeError, match="there is no component called buton"):
        app.jinja_env.globals["ui"].buton  # noqa: B018


def test_a_page_of_all_components_has_one_main_one_heading_and_named_landmarks(client) -> None:
    page = _page(client)
    assert len(page.find_all("main")) == 1
    assert [h.text for h in page.find_all("h1")] == ["Components"]
    assert page.title.text == "Components – Throughline"
    assert page.select_one("a.tl-skip")["href"] == "#main"
    names = [
        section.get("aria-label") or section.get("aria-labelledby")
        for section in page.find_all(["nav", "section", "aside"])
    ]
    assert all(names)
    ids = [element["id"] for element in page.select("[id]")]
    assert sorted(ids) == sorted(set(ids))


def test_no_component_needs_inline_style_or_script(client) -> None:
    page = _page(client)
    assert page.select("[style]") == []
    assert [script for script in page.find_all("script") if not script.get("src")] == []
    assert [name for element in page.find_all(True) for name in element.attrs if name.startswith("on")] == []


def test_each_input_has_a_label_and_each_error_is_tied_to_its_field(client) -> None:
    response = client.post("/-/components", data={"amount": "12,5,0", "start": "soon"})
    page = BeautifulSoup(response.text, "html.parser")
    for field in page.select("form input:not([type=hidden]), form select, form textarea"):
        named = (
            field.get("aria-label")
            or field.find_parent("label")
            or page.select_one(f'label[for="{field.get("id")}"]')
        )
        assert named, field
    for name in ("name", "amount", "start"):
        field = page.select_one(f"#{name}")
        assert field["aria-invalid"] == "true"
        words = page.select_one(f"#{name}-e").text
        assert f"#{name}-e".removeprefix("#") in field["aria-describedby"]
        assert words.strip()
        assert page.select_one(f'#errors a[href="#{name}"]')
    assert "Write the amount in digits" in page.select_one("#amount-e").text
    assert page.select_one("#errors")["role"] == "alert"
    assert page.select_one("#amount")["value"] == "12,5,0"


def test_a_form_without_errors_shows_no_summary_and_no_error(client) -> None:
    page = _page(client)
    assert page.select_one("#errors") is None
    assert page.select(".tl-error") == []


def test_text_from_people_is_escaped_in_components(app: Flask) -> None:
    with app.test_request_context("/", base_url="http://localhost:8000"):
        ui = app.jinja_env.globals["ui"]
        evil = "<script>alert(1)</script>"
        drawn = [
            ui.page_head(evil, evil, [(evil, "/"), evil]),
            ui.figures([(evil, evil, evil)]),
            ui.todo([{"icon": "inbox", "title": evil, "text": evil, "href": "/", "action": evil}]),
            ui.button(evil, aria=evil),
            ui.table([evil], [[evil]], caption=evil),
            ui.toast(evil),
            ui.notice(text=evil),
            ui.who(evil, evil),
            ui.progress(1, 2, evil),
            ui.choice("x", [{"value": evil, "title": evil, "note": evil, "figure": evil}]),
        ]
    assert [html for html in drawn if "<script" in html] == []


@pytest.mark.parametrize(
    ("kind", "where"), SHOWN.items(), ids=lambda value: value if isinstance(value, str) else value[1]
)
def test_every_status_of_a_room_has_a_mark_of_its_own(kind: str, where: tuple[str, str]) -> None:
    from app.web.states import known

    enum: type[StrEnum] = getattr(import_module(f"app.{where[0]}"), where[1])
    assert [str(status) for status in enum if (kind, str(status)) not in known()] == []


def test_every_enumeration_called_status_is_shown_somewhere() -> None:
    found = set()
    for room in ROOMS:
        if find_spec(f"app.{room}.models"):
            module = import_module(f"app.{room}.models")
            found |= {
                (f"{room}.models", name)
                for name, value in vars(module).items()
                if isinstance(value, type)
                and issubclass(value, StrEnum)
                and name.endswith("Status")
                and value.__module__ == module.__name__
            }
    assert found - set(SHOWN.values()) == set()


def test_an_unknown_status_is_shown_at_rest_under_its_own_name() -> None:
    assert mark("campaign", "half_baked").label == "Half baked"
    assert mark("campaign", "half_baked").css == "tl-state"


@pytest.mark.parametrize(
    ("used", "css"),
    [
        (1, "tl-progress"),
        (3.75, "tl-progress tl-progress-wait"),
        (4.5, "tl-progress tl-progress-bad"),
        (9, "tl-progress tl-progress-bad"),
    ],
)
def test_a_clock_turns_amber_from_three_quarters_and_red_from_nine_tenths(
    app: Flask, used: float, css: str
) -> None:
    with app.test_request_context("/", base_url="http://localhost:8000"):
        drawn = BeautifulSoup(app.jinja_env.globals["ui"].clock(used, 5, "with Tomás Rey"), "html.parser")
    assert " ".join(drawn.progress["class"]) == css
    assert float(drawn.progress["value"]) <= float(drawn.progress["max"])


def test_static_files_carry_a_hash_and_are_kept_for_a_year(client) -> None:
    page = _page(client)
    address = page.select_one('link[href*="throughline.css"]')["href"]
    assert "?v=" in address
    with client.get(address) as kept, client.get(address.split("?")[0]) as asked_again:
        assert kept.headers["Cache-Control"] == "public, max-age=31536000, immutable"
        assert asked_again.headers["Cache-Control"] == "no-cache"


def test_every_icon_that_templates_and_rooms_name_is_in_the_sprite() -> None:
    root = Path(__file__).resolve().parents[2]
    drawn = set((root / "frontend" / "icons.txt").read_text().split())
    named = set()
    for path in (root / "templates").rglob("*.html"):
        text = path.read_text()
        named |= set(re.findall(r"""ui\.icon\(\s*["']([a-z0-9-]+)["']""", text))
        named |= set(re.findall(r"""["']?icon["']?\s*[:=]\s*["']([a-z0-9-]+)["']""", text))
    assert named - drawn == set()
