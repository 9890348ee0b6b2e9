"""Mails look as the reference compiler draws them: the same tags for browsers and for Outlook, and the same picture in Chromium.

The public templates lie beside the checkout; those of tests/render/mjml use every component and every head element of MJML 4.18.
"""

from pathlib import Path

import pytest
from playwright.sync_api import Browser

from app.render.email import EmailSource, compile_email, preview_html
from app.render.mjml import compile_mjml
from tests.conftest import NO_SHARED
from tests.render.cast import PARTNER, VENDOR, WHY
from tests.render.reference import (
    LIMIT,
    OWN,
    PUBLIC,
    WIDTHS,
    difference,
    for_outlook,
    offline,
    outline,
    reference,
    shot,
)

ALL = [*OWN, *PUBLIC]
TEMPLATES = [pytest.param(path, id=path.stem) for path in ALL] + (
    [] if PUBLIC else [pytest.param(None, id="public", marks=pytest.mark.skip(NO_SHARED))]
)


def theirs(path: Path) -> str:
    """The reference's HTML of a template."""
    return reference(tuple(p.read_text() for p in ALL))[ALL.index(path)]


@pytest.mark.parametrize("path", TEMPLATES)
def test_a_template_becomes_the_same_tags_as_with_the_reference(path: Path) -> None:
    compiled = compile_mjml(path.read_text())
    assert for_outlook(compiled.html) == for_outlook(theirs(path))
    if not compiled.inline_styles:
        assert outline(compiled.html) == outline(theirs(path))


@pytest.mark.long
@pytest.mark.browser
@pytest.mark.parametrize("path", TEMPLATES)
def test_at_most_one_pixel_in_a_hundred_differs_from_the_reference(path: Path, browser: Browser) -> None:
    source = EmailSource(f"{{% raw %}}{path.read_text()}{{% endraw %}}", "Subject")
    ours = preview_html(compile_email(source, {}, PARTNER, VENDOR, WHY), {})
    page = offline(browser)
    try:
        for width in WIDTHS:
            found = difference(shot(page, ours, width), shot(page, theirs(path), width))
            assert found <= LIMIT, f"{found:.2%} of the pixels differ at {width} px"
    finally:
        page.close()


@pytest.mark.long
@pytest.mark.browser
def test_the_comparison_sees_a_shift_of_two_pixels(browser: Browser) -> None:
    page = offline(browser)
    html = theirs(OWN[0])
    shifted = html.replace("<body style=", '<body data-x="" style="padding-top:2px" data-style=')
    assert difference(shot(page, html, 600), shot(page, shifted, 600)) > LIMIT
    page.close()
