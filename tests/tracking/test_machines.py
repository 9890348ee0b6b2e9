"""People told from machines: what each sign says, and what none of them may say."""

from datetime import UTC, datetime, timedelta

import pytest

from app.tracking.machines import Seen, judge

AT = datetime(2026, 5, 19, 9, 30, tzinfo=UTC)
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"


@pytest.mark.parametrize(
    ("seen", "reason"),
    [
        (Seen("GET", FIREFOX, AT), None),
        (Seen("GET", FIREFOX, AT, delivered_at=AT - timedelta(seconds=12)), None),
        (Seen("GET", FIREFOX, AT, delivered_at=AT - timedelta(seconds=2)), None),
        (Seen("GET", FIREFOX, AT, delivered_at=AT - timedelta(seconds=1.9)), "within 2 seconds of delivery"),
        (Seen("HEAD", FIREFOX, AT), "asked for the head only"),
        (Seen("GET", "", AT), "gave no agent"),
        (Seen("GET", "curl/8.5.0", AT), "a script’s agent"),
        (Seen("GET", "python-requests/2.32", AT), "a script’s agent"),
        (Seen("GET", "Go-http-client/2.0", AT), "a script’s agent"),
        (Seen("GET", "Java/17.0.2", AT), "a script’s agent"),
        (Seen("GET", "Mozilla/5.0 (compatible; Googlebot/2.1)", AT), "a script’s agent"),
        (Seen("GET", "Mozilla/5.0", AT, is_open=True), "a privacy proxy"),
        (Seen("GET", "Mozilla/5.0", AT), None),
        (
            Seen("GET", FIREFOX, AT, number=3, recent=((1, AT), (2, AT - timedelta(seconds=1)))),
            "3 links within 2 seconds",
        ),
        (Seen("GET", FIREFOX, AT, number=3, recent=((3, AT), (3, AT))), None),
        (Seen("GET", FIREFOX, AT, number=3, recent=((1, AT), (2, AT - timedelta(seconds=3)))), None),
    ],
)
def test_each_sign_tells_a_machine_and_nothing_else_does(seen: Seen, reason: str | None) -> None:
    assert judge(seen) == reason
