"""The partner, vendor and letters that the tests of rendering share."""

from functools import cache

from app.render.context import Partner, Vendor
from app.render.email import CompiledEmail, EmailSource, compile_email
from app.render.mime import MessageHeaders, Recipient, Segments, Tokens, build

PARTNER = Partner(
    "Harbour IT",
    "Harbour IT B.V.",
    "Wilhelminakade 88, 3072 AR Rotterdam",
    phone="010 555 01 40",
    sender_name="Harbour IT",
)
VENDOR = Vendor("Northwind Cloud", "Northwind Cloud Ltd", "Dublin")
WHY = "You get this because you agreed to mails from Harbour IT."
BODY = """<mjml><mj-head><mj-style inline="inline">.plain { color: #15324b; }</mj-style>
<mj-style>@media (max-width:480px) { .wide { width: 100% !important; } }</mj-style></mj-head>
<mj-body><mj-section><mj-column>
<mj-text font-family="'Source Sans 3', 'Segoe UI', Arial">Hello {{ contact.first_name | default("there") }} of {{ contact.company }},</mj-text>
<mj-text>{{ slot.words }} <a class="plain" href="https://example.com/a?b=1&amp;c=2">Read on</a></mj-text>
<mj-image src="https://example.com/x.png" alt="For {{ contact.first_name }}" />
<mj-button href="{{ link.landing }}">Book it</mj-button>
<mj-text>{{ why }} {{ partner.name }} with {{ vendor.name }}<br />{{ partner.postal_address }}
<a href="{{ link.unsubscribe }}">Unsubscribe</a></mj-text>
</mj-column></mj-section></mj-body></mjml>"""
TOKENS = Tokens("CLICKtoken", "UNSUBtoken", "MSGID", "DELIVERY")


def compiled(
    mjml: str = BODY, subject: str = "For {{ contact.first_name | default('you') }}", **slots: object
) -> CompiledEmail:
    """The letter, compiled with these slots."""
    return compile_email(
        EmailSource(mjml, subject, "In short"), {"words": "Words.", **slots}, PARTNER, VENDOR, WHY
    )


@cache
def segments(letter: CompiledEmail | None = None) -> Segments:
    """The letter as segments."""
    head = MessageHeaders(
        "Harbour IT", "news@harbour-it.example", "https://go.example", "hello@harbour-it.example", "c:p:t"
    )
    return build(letter or compiled(), head)


def recipient(
    first_name: str = "Sanne", tokens: Tokens = TOKENS, email: str = "s@vandijk.example", **fields: str
) -> Recipient:
    """A recipient with these fields."""
    return Recipient(email, tokens, {"first_name": first_name, "company": "Van Dijk", **fields})
