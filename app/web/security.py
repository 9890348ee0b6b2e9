"""Headers that hold the browser to what our pages need, and the check that a form was ours.

Pages bring no inline script or style; a mail that is shown in a frame may carry inline styles and runs no script at all.
"""

from flask import Flask, Request, Response, current_app, g, request
from flask_wtf.csrf import CSRFProtect

from app.parsing import bucket_origins
from app.settings import Settings, current

csrf = CSRFProtect()

_YEAR = 31_536_000
_MONTH = 2_592_000
_FONTS = "/dist/fonts/"


def app_policy(settings: Settings) -> str:
    """Content-Security-Policy of signed-in pages: our own files, images and frames from the public origin, and where files lie."""
    shown, sent = (f" {origin}" if origin else "" for origin in bucket_origins(settings.asset_store))
    return (
        f"default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; connect-src 'self'{sent}; "
        f"img-src 'self' data: {settings.public_url}{shown}; frame-src {settings.public_url}; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )


def public_policy(settings: Settings) -> str:
    """Content-Security-Policy of prospects' pages: no script at all; only our own pages may frame them, as a preview."""
    shown = bucket_origins(settings.asset_store)[0]
    return (
        f"default-src 'none'; style-src 'self'; font-src 'self'; img-src 'self' data:{' ' * bool(shown)}{shown}; "
        f"form-action 'self'; base-uri 'none'; frame-ancestors {settings.app_url}"
    )


def framed_mail(response: Response) -> Response:
    """Fit a response that shows a mail in a frame: inline styles as mails have them, no script, no form, links in new tabs."""
    settings = current()
    response.headers["Content-Security-Policy"] = (
        "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data: https:; font-src 'self' data:; "
        f"base-uri 'none'; form-action 'none'; frame-ancestors {settings.app_url}; "
        "sandbox allow-popups allow-popups-to-escape-sandbox"
    )
    response.headers["Cache-Control"] = "no-store"
    return response


def register(app: Flask) -> None:
    """Check every form on the signed-in origin, and put the headers on every response."""
    settings: Settings = app.extensions["settings"]
    app.config.setdefault("WTF_CSRF_CHECK_DEFAULT", False)
    csrf.init_app(app)
    app.before_request(_check_form)
    headers = {
        "app": _headers(settings, app_policy(settings)),
        "public": public_headers(settings),
    }

    def put(response: Response) -> Response:
        chosen = headers["public" if g.get("origin") == "public" else "app"]
        for name, value in chosen:
            response.headers.setdefault(name, value)
        if request.endpoint == "static":
            response.headers["Cache-Control"] = _keep(request)
            if (
                _FONTS in request.path
            ):  # a sandboxed preview has an origin of its own, and fonts ask for leave
                response.headers["Access-Control-Allow-Origin"] = "*"
        response.headers.setdefault("Cache-Control", "no-store")
        return response

    app.after_request(put)


def _check_form() -> None:
    # Public forms carry no session to protect; they are guarded by tokens in their addresses.
    if g.get("origin") == "app" and current_app.config["WTF_CSRF_ENABLED"]:
        csrf.protect(apply_exemptions=True)


def public_headers(settings: Settings) -> list[tuple[str, str]]:
    """The headers that every answer on the public origin carries."""
    return _headers(settings, public_policy(settings))


def _headers(settings: Settings, policy: str) -> list[tuple[str, str]]:
    found = [
        ("Content-Security-Policy", policy),
        ("X-Content-Type-Options", "nosniff"),
        ("Referrer-Policy", "same-origin"),
        ("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
        ("Cross-Origin-Opener-Policy", "same-origin"),
    ]
    if settings.app_url.startswith("https://"):
        found.append(("Strict-Transport-Security", f"max-age={_YEAR}; includeSubDomains"))
    return found


def _keep(asked: Request) -> str:
    if "v" in asked.args:
        return f"public, max-age={_YEAR}, immutable"
    return f"public, max-age={_MONTH}" if _FONTS in asked.path else "no-cache"
