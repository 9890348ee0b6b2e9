"""A real moto server that also says no where S3 does: moto takes every form, whatever its policy, and expired addresses.

What is checked follows “Browser-Based Uploads Using POST” and “Authenticating Requests: Using Query Parameters” of the S3 API reference.
"""

import base64
import hashlib
import hmac
import json
import threading
from collections.abc import Callable, Iterable
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import Any
from urllib.parse import parse_qs, quote

import boto3  # type: ignore[import-untyped]
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.formparser import parse_form_data
from werkzeug.serving import make_server

Wsgi = Callable[..., Iterable[bytes]]
NAME, REGION, SECRET = "files", "eu-west-1", "testing"
_FREE = {"x-amz-signature", "file", "policy", "success_action_redirect"}


class Strict:
    """S3's refusals before moto. `later` shifts the clock by which policies and addresses are judged."""

    def __init__(self, inner: Wsgi) -> None:
        self.inner = inner
        self.later = timedelta()
        self.seen: list[str] = []
        self.answers: list[int] = []  # said instead of asking moto, one a request

    def __call__(self, environ: dict[str, Any], start: Any) -> Iterable[bytes]:
        """Answer one request."""
        self.seen.append(f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}")
        if self.answers:
            status = self.answers.pop(0)
            return _refuse(start, status, {403: "AccessDenied", 500: "InternalError"}.get(status, "SlowDown"))
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        environ["wsgi.input"] = BytesIO(body)
        code = self._refused(environ)
        if code:
            return _refuse(start, 400 if code.startswith("Entity") else 403, code)
        environ["wsgi.input"] = BytesIO(body)
        return self.inner(environ, start)

    def _refused(self, environ: dict[str, Any]) -> str | None:
        asked = {key: values[0] for key, values in parse_qs(environ.get("QUERY_STRING", "")).items()}
        if "X-Amz-Expires" in asked:
            if not hmac.compare_digest(_signature_of_link(environ, asked), asked.get("X-Amz-Signature", "")):
                return "SignatureDoesNotMatch"
            signed = datetime.strptime(asked["X-Amz-Date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
            if self._now() > signed + timedelta(seconds=int(asked["X-Amz-Expires"])):
                return "AccessDenied"
        form = environ.get("CONTENT_TYPE", "").startswith("multipart/form-data")
        if environ["REQUEST_METHOD"] == "POST" and form:
            return self._refused_form(environ)
        return None

    def _refused_form(self, environ: dict[str, Any]) -> str | None:
        _, fields, files = parse_form_data(environ)
        size = len(files["file"].read())
        for file in files.values():
            file.close()
        given = {name.lower(): value for name, value in fields.items()}
        policy = json.loads(base64.b64decode(given.get("policy", "e30=")))
        if not policy or not hmac.compare_digest(_signature(given), given.get("x-amz-signature", "")):
            return "AccessDenied"
        ends = datetime.strptime(policy["expiration"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
        if self._now() > ends:
            return "AccessDenied"
        named = {"bucket"}
        for condition in policy["conditions"]:
            code, name = _broken(condition, {**given, "bucket": NAME}, size)
            if code:
                return code
            named.add(name)
        left = {name for name in given if name not in named | _FREE and not name.startswith("x-ignore-")}
        return "AccessDenied" if left else None  # each field that comes must stand in the policy

    def _now(self) -> datetime:
        return datetime.now(UTC) + self.later


def _broken(condition: Any, given: dict[str, str], size: int) -> tuple[str | None, str]:
    if isinstance(condition, dict):
        ((name, value),) = condition.items()
        return (None if given.get(name.lower()) == value else "AccessDenied"), name.lower()
    kind, first, second = condition
    if kind == "content-length-range":
        if size < int(first):
            return "EntityTooSmall", kind
        return ("EntityTooLarge" if size > int(second) else None), kind
    name = first.removeprefix("$").lower()
    value = given.get(name, "")
    fine = value.startswith(second) if kind == "starts-with" else value == second
    return (None if fine else "AccessDenied"), name


def _signature(given: dict[str, str]) -> str:
    """Signature version 4 of the policy."""
    return _sign(given.get("x-amz-credential", "////"), given.get("policy", ""))


def _signature_of_link(environ: dict[str, Any], asked: dict[str, str]) -> str:
    """Signature version 4 of an address: method, path, what is asked for and host."""
    rest = sorted((key, value) for key, value in asked.items() if key != "X-Amz-Signature")
    canonical = "\n".join(
        (
            environ["REQUEST_METHOD"],
            quote(environ["PATH_INFO"].encode("latin-1")),
            "&".join(f"{quote(key, safe='-_.~')}={quote(value, safe='-_.~')}" for key, value in rest),
            f"host:{environ['HTTP_HOST']}\n",
            asked.get("X-Amz-SignedHeaders", ""),
            "UNSIGNED-PAYLOAD",
        )
    )
    credential = asked.get("X-Amz-Credential", "////")
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    scope = credential.partition("/")[2]
    return _sign(credential, f"AWS4-HMAC-SHA256\n{asked['X-Amz-Date']}\n{scope}\n{digest}")


def _sign(credential: str, text: str) -> str:
    key = f"AWS4{SECRET}".encode()
    for part in credential.split("/")[1:]:
        key = hmac.digest(key, part.encode(), "sha256")
    return hmac.new(key, text.encode(), "sha256").hexdigest()


def _refuse(start: Any, status: int, code: str) -> Iterable[bytes]:
    start(f"{status} {code}", [("Content-Type", "application/xml")])
    return [f"<?xml version='1.0'?><Error><Code>{code}</Code><Message>no</Message></Error>".encode()]


class Bucket:
    """The bucket of the tests. `client` looks into it past our code; `strict` is what stands before it."""

    def __init__(self, endpoint: str, strict: Strict) -> None:
        self.endpoint, self.strict = endpoint, strict
        self.client: Any = boto3.client(
            "s3",
            region_name=REGION,
            endpoint_url=endpoint,
            aws_access_key_id="testing",
            aws_secret_access_key=SECRET,
        )
        self.client.create_bucket(Bucket=NAME, CreateBucketConfiguration={"LocationConstraint": REGION})

    def url(self, **options: str) -> str:
        """What ASSET_STORE is set to."""
        more = "".join(f"&{name}={value}" for name, value in options.items())
        return f"s3://{NAME}?region={REGION}&endpoint={self.endpoint}{more}"

    def listed(self) -> list[str]:
        """Everything that lies in it."""
        return [item["Key"] for item in self.client.list_objects_v2(Bucket=NAME).get("Contents", [])]

    def empty(self) -> None:
        """Leave nothing behind."""
        for key in self.listed():
            self.client.delete_object(Bucket=NAME, Key=key)
        self.strict.later, self.strict.answers = timedelta(), []
        self.strict.seen.clear()


@contextmanager
def bucket() -> Any:
    """A running server with an empty bucket."""
    strict = Strict(DomainDispatcherApplication(create_backend_app))
    server = make_server("127.0.0.1", 0, strict, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    found = Bucket(f"http://127.0.0.1:{server.server_port}", strict)
    try:
        yield found
    finally:
        found.client.close()
        server.shutdown()
        thread.join(10)
        server.server_close()
