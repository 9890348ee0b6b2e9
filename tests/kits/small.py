"""A small kit that is sound and uses a bit of everything, to make one mistake in at a time; and how to say where it should be found."""

import io

from PIL import Image
from pypdf import PdfWriter

MAIL, PAGE, TOML, POST, PLAY = (
    "emails/one.mjml",
    "landing/page.html",
    "kit.toml",
    "social/post.md",
    "playbook.md",
)
HERE = "¦"

_TOML = """format = 1
name = "Small kit"
slug = "small-kit"
version = "1.0"
summary = "Everything once."
languages = ["en"]

[[slots]]
name = "headline"
type = "text"
label = "Headline"
default = "Is everything ready?"
max_length = 70

[[slots]]
name = "story"
type = "rich"
label = "Story"
default = "<p>Once upon a time.</p>"

[[slots]]
name = "photo"
type = "image"
label = "Photo"

[[slots]]
name = "shop"
type = "url"
label = "Shop"
default = "https://harbour-it.example/shop"

[[slots]]
name = "accent"
type = "colour"
label = "Accent"
default = "#15324b"

[[slots]]
name = "button"
type = "choice"
label = "Button"
choices = ["Book now!", "See more"]
default = "Book now!"

[[slots]]
name = "until"
type = "date"
label = "Until"
default = "2026-06-12"

[[slots]]
name = "points"
type = "list"
label = "Points"
default = ["Fast", "Cheap"]

[[emails]]
name = "one"
title = "One"
file = "emails/one.mjml"
subject = "{{ slot.headline }}"
preheader = "Until {{ slot.until | day }}"

[[emails]]
name = "two"
title = "Two"
file = "emails/two.mjml"
subject = "Second"
preheader = "Once more"

[[steps]]
email = "one"

[[steps]]
email = "two"
day = 3

[[pages]]
name = "page"
title = "A page"
description = "About it."
file = "landing/page.html"

[pages.form]
title = "Book"

[[pages.form.fields]]
name = "email"
label = "Email"
type = "email"
required = true

[[posts]]
name = "post"
title = "Post"
file = "social/post.md"
image = "assets/hero.png"
alt = "A house"

[[documents]]
name = "flyer"
title = "Flyer"
file = "documents/flyer.pdf"
panel = { page = 1, x = 20, y = 200, width = 100, height = 40 }

[playbook]
file = "playbook.md"

[[tests]]
name = "subjects"
email = "one"

[[tests.variants]]
label = "A"
value = "{{ slot.headline }}"

[[tests.variants]]
label = "B"
value = "Another"
"""
_MAIL = """<mjml>
  <mj-head>
    <mj-raw><meta name="color-scheme" content="light dark" /></mj-raw>
    <mj-attributes>
      <mj-all font-family="Arial, sans-serif" />
      <mj-class name="quiet" color="#51606b" />
    </mj-attributes>
    <mj-style>.x { color: #000000; }</mj-style>
  </mj-head>
  <mj-body background-color="#ffffff">
    <mj-section background-color="#ffffff">
      <mj-column>
        <mj-image src="assets/hero.png" alt="A house" />
        <mj-text font-size="17px">{{ slot.headline }}</mj-text>
        <mj-text color="{{ slot.accent | readable_on('#ffffff') }}">{{ slot.story }} until {{ slot.until | day }}</mj-text>
        <mj-text>{% for point in slot.points %}{{ point }}. {% endfor %}<a href="{{ slot.shop }}" style="color:#15324b">Shop</a></mj-text>
        {% if slot.photo %}<mj-image src="{{ slot.photo.url }}" alt="{{ slot.photo.alt }}" />{% endif %}
        <mj-button href="{{ link.landing }}" background-color="#15324b" color="#ffffff">{{ slot.button }}</mj-button>
        <mj-text mj-class="quiet">{{ why }} Sent by {{ partner.name }} with {{ vendor.name }}. {{ partner.postal_address }}
          <a href="{{ link.unsubscribe }}" style="color:#15324b">Unsubscribe</a></mj-text>
      </mj-column>
    </mj-section>
  </mj-body>
</mjml>
"""
_TWO = """<mjml>
  <mj-head><mj-raw><meta name="color-scheme" content="light dark" /></mj-raw></mj-head>
  <mj-body background-color="#ffffff">
    <mj-section background-color="#ffffff"><mj-column>
      <mj-text font-family="Arial">We wrote three days ago, and would like to hear from you before the end of the month.
        {{ why }} {{ partner.name }} with {{ vendor.name }}, {{ partner.postal_address }},
        <a href="{{ link.unsubscribe }}" style="color:#15324b">unsubscribe</a></mj-text>
    </mj-column></mj-section>
  </mj-body>
</mjml>
"""
_PAGE = """<section class="wrap">
  <h1>Is everything ready?</h1>
  <h2>Why now</h2>
  <p>Because. <a href="{{ slot.shop }}">The shop</a> <a href="#form">the form</a></p>
  <img src="assets/hero.png" alt="A house" width="600" height="400">
  {{ form }}
</section>
"""


def pdf() -> bytes:
    """A document of one page, A4."""
    writer, out = PdfWriter(), io.BytesIO()
    writer.add_blank_page(width=595, height=842)
    writer.write(out)
    return out.getvalue()


def png() -> bytes:
    """A picture of one pixel."""
    out = io.BytesIO()
    Image.new("RGB", (1, 1)).save(out, "PNG")
    return out.getvalue()


def small() -> dict[str, bytes]:
    """The files of the sound kit."""
    texts = {
        TOML: _TOML, MAIL: _MAIL, "emails/two.mjml": _TWO, PAGE: _PAGE,
        POST: "Until {{ slot.until | day }}: {{ link.landing }}\n", PLAY: "# What to do\n\nCall.\n",
    }  # fmt: skip
    return {name: text.encode() for name, text in texts.items()} | {
        "assets/hero.png": png(), "documents/flyer.pdf": pdf(),
    }  # fmt: skip


def mistaken(file: str, old: str, new: str) -> tuple[dict[str, bytes], tuple[int, int]]:
    """The kit with one mistake, and line and column of the mark ¦ in it, which is taken out."""
    files = small()
    text = files[file].decode()
    assert old in text, f"{old!r} is not in {file}"
    text = text.replace(old, new, 1)
    at = text.find(HERE)
    where = (text.count("\n", 0, at) + 1, at - text.rfind("\n", 0, at)) if at >= 0 else (0, 0)
    return {**files, file: text.replace(HERE, "").encode()}, where
