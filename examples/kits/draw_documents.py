"""Sets the document of the example kit, so that it is ours from the first line on. Run it in the project's environment after `make setup`."""

from pathlib import Path

from weasyprint import HTML  # type: ignore[import-untyped, unused-ignore]

HERE = Path(__file__).resolve().parent
FONTS = HERE.parents[1] / "static" / "dist" / "fonts"
TARGET = HERE / "secure-the-hybrid-office" / "documents" / "thirty-points.pdf"

PARTS = {
    "Laptops": (
        "The disk is encrypted, and the key is kept somewhere else",
        "Updates install by themselves within a week",
        "Nobody works every day as administrator",
        "The screen locks after five minutes",
        "A lost laptop can be wiped from afar",
        "Somebody knows the date its support ends",
        "Only programs from a known list can be installed",
        "The virus guard reports to one place",
        "The family has an account of its own, or none",
        "Old laptops are erased before they leave",
    ),
    "Home and office networks": (
        "The router has a password of its own",
        "The router’s own updates are switched on",
        "Wi-Fi uses WPA2 or WPA3",
        "Guests and toys have a network of their own",
        "Remote desktop is not open to the internet",
        "The way into the office asks for a second step",
        "Printers and cameras have new passwords",
        "Names are looked up by a resolver that filters",
        "The office knows which devices are on its network",
        "There is a plan for a day without internet",
    ),
    "Sign-ins, mail and backups": (
        "Every mailbox asks for a second step",
        "Passwords come from a manager, one for each site",
        "Who left last year can’t sign in any more",
        "Administrators have a second account for daily work",
        "Sign-ins from odd places are looked at",
        "Mail from outside is marked",
        "Payments over mail are confirmed by phone",
        "Backups run every day, one of them out of reach",
        "A file was brought back this quarter, as a test",
        "Everybody knows whom to call first",
    ),
}

CSS = f"""
@font-face {{ font-family: ThroughlineText; src: url("{(FONTS / "source-sans-3-latin-400-normal.woff2").as_uri()}"); font-weight: 400 }}
@font-face {{ font-family: ThroughlineText; src: url("{(FONTS / "source-sans-3-latin-600-normal.woff2").as_uri()}"); font-weight: 600 }}
@font-face {{ font-family: ThroughlineHead; src: url("{(FONTS / "newsreader-latin-500-normal.woff2").as_uri()}") }}
@page {{ size: A4; margin: 18mm 18mm 16mm; @bottom-left {{ content: "The 30-point checklist"; font: 8pt ThroughlineText; color: #5b6b79 }}
         @bottom-right {{ content: counter(page) " of " counter(pages); font: 8pt ThroughlineText; color: #5b6b79 }} }}
body {{ font: 11pt/1.32 ThroughlineText; color: #1c2b39; margin: 0 }}
h1 {{ font: 30pt/1.1 ThroughlineHead; color: #15324b; margin: 0 0 4mm }}
h2 {{ font: 15pt/1.2 ThroughlineHead; color: #15324b; margin: 5mm 0 1mm }}
.lead {{ font-size: 12.5pt; max-width: 140mm; margin: 0 0 3mm }}
ul {{ list-style: none; margin: 0; padding: 0 }}
li {{ border-bottom: .25mm solid #dfe5ea; padding: .6mm 0 .6mm 8mm; position: relative }}
li::before {{ content: ""; position: absolute; left: 0; top: 1.2mm; width: 3.2mm; height: 3.2mm; border: .35mm solid #15324b; border-radius: .8mm }}
.back {{ break-before: page }}
.steps li::before {{ content: counter(n); counter-increment: n; border: 0; font-weight: 600; color: #b9431a; top: .6mm }}
.back {{ font-size: 11.5pt; line-height: 1.42 }} .back li {{ padding: 1.2mm 0 1.2mm 8mm }} .back li::before {{ top: 1.9mm }} .back .steps li::before {{ top: 1.2mm }}
.steps {{ counter-reset: n }}
p {{ margin: 0 0 2.5mm; max-width: 150mm }}
"""


def page() -> str:
    """The document as HTML."""
    lists = "".join(
        f"<h2>{title}</h2><ul>{''.join(f'<li>{point}</li>' for point in points)}</ul>"
        for title, points in PARTS.items()
    )
    return f"""<!doctype html><html lang="en"><title>The 30-point checklist</title><style>{CSS}</style><body>
<h1>The 30-point checklist</h1>
<p class="lead">What we look at in two hours, where people work from home and in the office. Tick what you are sure of; what is left is
the list.</p>{lists}
<section class="back"><h1>What to do with it</h1>
<p class="lead">Twenty-five ticks is a good office. Fewer than fifteen is no shame, but it is a reason to begin this week.</p>
<h2>In this order</h2><ul class="steps">
<li>What lets a stranger in today: sign-ins without a second step, remote desktop, people who have left.</li>
<li>What would cost you a week: a backup that was never brought back, a laptop without encryption.</li>
<li>What makes the next mistake cheaper: a list of devices, a plan, a number to call.</li>
<li>All else, one a month.</li></ul>
<h2>Five questions to ask whoever looks after your IT</h2><ul>
<li>When was a backup last brought back, and how long did it take?</li>
<li>Which accounts can sign in without a second step?</li>
<li>Who was the last to leave, and on which day was the account closed?</li>
<li>Which laptop gets no updates any more, and when is it replaced?</li>
<li>Whom do we call at seven on a Saturday?</li></ul>
<h2>Have it looked at</h2>
<p>The check takes two hours and one person who sets up new laptops. You get one page, sorted by what to mend first.</p></section>
</body></html>"""


if __name__ == "__main__":
    TARGET.parent.mkdir(parents=True, exist_ok=True)
    HTML(string=page()).write_pdf(TARGET, pdf_identifier=b"thirty points")
