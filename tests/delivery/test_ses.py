"""Amazon SES: the plain path against moto, what every fault of the service leads to, and how a lane behaves between its calls."""

import select
import time
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, NoCredentialsError, SSLError
from moto import mock_aws

from app.delivery import ses_service
from app.delivery.ses import Pace, SesLane, SesTransport
from app.delivery.ses_errors import STOPS, of_error
from app.delivery.ses_service import Service, Standing, Timeouts
from app.delivery.transport import transport_for
from app.delivery.wire import (
    Declined,
    Invited,
    Outcome,
    Settled,
    TransportAway,
    TransportRefuses,
    Verdict,
)
from app.mail import transport as single
from app.mail.errors import MailRefused
from app.settings import Settings, SettingsError
from tests.delivery.ses_rig import (
    FAST,
    credentials,
    fake,
    lane,
    mail,
    running,
    send,
    service,
    transport,
    until_events,
)
from tests.rig.ses_fake import SesFake

__all__ = ["credentials", "fake", "lane", "running", "service", "transport"]
SENDS = "POST /v2/email/outbound-emails"
ASKS = "GET /v2/email/account"
V = Verdict


@pytest.fixture
def aws(credentials: None) -> Iterator[None]:
    """An SES of moto's with our sender verified."""
    with mock_aws():
        boto3.client("ses", region_name="eu-west-1").verify_domain_identity(Domain="throughline.example")
        boto3.client("ses", region_name="eu-west-1").verify_email_identity(
            EmailAddress="campaigns@throughline.example"
        )
        yield


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_mail_goes_out_as_it_was_written(aws: None, monkeypatch: pytest.MonkeyPatch) -> None:
    from moto.ses.models import ses_backends

    monkeypatch.setattr(ses_service, "_ask", lambda client: None)  # moto knows no GetAccount
    service = Service("eu-west-1", timeouts=FAST)
    transport = SesTransport("eu-west-1", service=service)
    lane = transport.open(lambda: None)
    try:
        outcome = send(lane, mail())
    finally:
        lane.close()
        service.close()
    assert outcome.verdict is V.ACCEPTED
    assert outcome.reply.startswith("SES ")
    (message,) = next(iter(ses_backends.values()))["eu-west-1"].sent_messages
    assert set(message.destinations) == {"anna@people.example"}


FAULTS = [
    # what is asked for, verdict, whether a try is counted, words of the pause, whether the service really has it
    ("anna", V.ACCEPTED, True, "", True),
    ("slow", V.ACCEPTED, True, "", True),
    ("throttle429", V.LATER, False, "", False),
    ("throttle400", V.LATER, False, "", False),
    ("limit", V.LATER, False, "", False),
    ("quota429", V.LATER, False, "", False),
    ("quota400", V.LATER, False, "", False),
    ("illegal", V.REJECTED, True, "", False),
    ("mailfrom", V.LATER, False, "has not verified the sender’s domain", False),
    ("paused", V.LATER, False, "has paused sending", False),
    ("suspended", V.LATER, False, "has suspended", False),
    ("denied", V.LATER, False, "don’t allow sending", False),
    ("error500", V.UNCERTAIN, True, "", False),
    ("error503", V.UNCERTAIN, True, "", False),
    ("silent", V.UNCERTAIN, True, "", True),
    ("garbage", V.UNCERTAIN, True, "", True),
    ("nothing", V.UNCERTAIN, True, "", True),
    ("reset-read", V.UNCERTAIN, True, "", False),
    ("reset-accepted", V.UNCERTAIN, True, "", True),
]


@pytest.mark.parametrize(
    ("local", "verdict", "counts", "stop", "is_taken"), FAULTS, ids=[row[0] for row in FAULTS]
)
def test_what_each_fault_leads_to(
    fake: SesFake, lane: SesLane, local: str, verdict: Verdict, counts: bool, stop: str, is_taken: bool
) -> None:
    outcome = send(lane, mail(f"{local}@people.example"))
    assert (outcome.verdict, outcome.is_fault) == (verdict, counts)
    assert bool(outcome.stop) == bool(stop)
    assert stop in outcome.stop
    assert outcome.reason or verdict is V.ACCEPTED, "what went wrong is said in words"
    assert fake.calls[SENDS] == 1, "no hidden second attempt"
    assert bool(fake.accepted) == is_taken
    if is_taken:
        assert outcome.verdict in (V.ACCEPTED, V.UNCERTAIN), "what was taken never goes out again by itself"


def test_a_line_that_breaks_before_the_request_is_read_decides_nothing(fake: SesFake, lane: SesLane) -> None:
    fake.faults.append("unread")
    assert send(lane, mail()).verdict is V.UNCERTAIN
    assert fake.calls[SENDS] == 0
    assert send(lane, mail()).verdict is V.ACCEPTED, "the lane goes on over another connection"


def test_nobody_listening_is_certainly_not_taken() -> None:
    service = Service("eu-west-1", "http://127.0.0.1:1", timeouts=FAST, client=None)
    outcome = of_error(EndpointConnectionError(endpoint_url="http://127.0.0.1:1"), "anna@people.example")
    service.close()
    assert (outcome.verdict, outcome.is_fault) == (V.LATER, True)


def test_a_certificate_that_cannot_be_trusted_pauses_the_campaign() -> None:
    error = SSLError(
        endpoint_url="https://x", error="[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed"
    )
    assert "can’t be trusted" in of_error(error, "").stop
    assert of_error(SSLError(endpoint_url="https://x", error="bad record mac"), "").verdict is V.UNCERTAIN


def test_what_nobody_foresaw_is_uncertain() -> None:
    assert of_error(RuntimeError("?"), "").verdict is V.UNCERTAIN


def test_an_unknown_no_is_tried_again_and_counts() -> None:
    error = ClientError(
        {"Error": {"Code": "Strange"}, "ResponseMetadata": {"HTTPStatusCode": 418}}, "SendEmail"
    )  # type: ignore[typeddict-item]
    outcome = of_error(error, "")
    assert (outcome.verdict, outcome.is_fault, outcome.stop) == (V.LATER, True, "")


def test_no_credentials_pause_the_campaign(fake: SesFake, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    service = Service("eu-west-1", fake.url, timeouts=FAST)
    try:
        with pytest.raises(TransportRefuses, match="no credentials"):
            SesTransport("eu-west-1", service=service).open(lambda: None)
    finally:
        service.close()
    assert "no credentials" in of_error(NoCredentialsError(), "").stop


def test_a_region_that_is_none_is_told() -> None:
    service = Service("eu west", timeouts=FAST)
    with pytest.raises(TransportRefuses, match="MAIL_TRANSPORT"):
        SesTransport("eu west", service=service).open(lambda: None)
    service.close()


# Between the calls


def test_nothing_leaves_before_it_is_handed_over(fake: SesFake, lane: SesLane) -> None:
    assert lane.can_announce
    assert lane.announce(mail()) == [Invited()]
    assert not lane.can_announce
    assert lane.deadline == float("inf")
    time.sleep(0.1)
    assert fake.calls[SENDS] == 0
    lane.drop()
    assert lane.can_announce, "nothing was lost but the announcement"
    assert send(lane, mail("bram@people.example")).verdict is V.ACCEPTED
    assert set(fake.recipients()) == {"bram@people.example"}


def test_the_next_message_is_invited_when_the_one_before_is_settled(fake: SesFake, lane: SesLane) -> None:
    lane.announce(mail("slow@people.example"))
    started = time.monotonic()
    assert lane.hand_over(mail("bram@people.example")) == []
    assert time.monotonic() - started < 0.2, "the call runs on a thread"
    assert lane.advance() == [], "nothing to say yet"
    assert lane.deadline < float("inf")
    settled, invited = until_events(lane)
    assert isinstance(settled, Settled)
    assert invited == Invited()
    assert fake.recipients() == {"slow@people.example": 1}
    lane.hand_over(None)
    (event,) = until_events(lane)
    assert isinstance(event, Settled)
    assert lane.advance() == [], "each outcome is told once"


def test_lanes_call_at_once_over_pooled_connections(fake: SesFake, transport: SesTransport) -> None:
    fake.delay, before = 0.1, fake.connections
    lanes = [transport.open(lambda: None) for _ in range(4)]
    started = time.monotonic()
    for number in range(3):
        for each in lanes:
            each.announce(mail(f"p{number}@people.example"))
            each.hand_over(None)
        assert all(isinstance(until_events(each)[0], Settled) for each in lanes)
    assert time.monotonic() - started < 1.0, "twelve calls of 0.1 s, four at once"
    assert fake.busiest == 4
    assert fake.connections - before <= 4, "connections are kept and used again"
    assert fake.calls[ASKS] == 1, "the account is asked once, not once a lane"
    for each in lanes:
        each.close()


def test_a_call_that_never_ends_is_given_up(fake: SesFake) -> None:
    service = Service("eu-west-1", fake.url, timeouts=Timeouts(connect=1, read=1, call=0.2))
    lane = SesTransport("eu-west-1", service=service).open(lambda: None)
    lane.announce(mail("silent@people.example"))
    lane.hand_over(mail("bram@people.example"))
    time.sleep(0.25)
    assert lane.deadline < time.monotonic()
    settled, declined = lane.expire()
    assert isinstance(settled, Settled)
    assert settled.outcome.verdict is V.UNCERTAIN
    assert isinstance(declined, Declined)
    assert (declined.outcome.verdict, declined.outcome.is_fault) == (V.LATER, False)
    assert not lane.is_open
    lane.close()
    service.close()  # the thread ends, and rings a bell that is gone
    assert set(fake.recipients()) == {"silent@people.example"}


def test_an_outcome_that_arrives_with_the_deadline_counts(fake: SesFake, lane: SesLane) -> None:
    lane.announce(mail())
    lane.hand_over(None)
    select.select([lane], [], [], 5)
    (event,) = lane.expire()
    assert isinstance(event, Settled)
    assert event.outcome.verdict is V.ACCEPTED
    assert lane.is_open


# Slowing down


def test_a_throttled_slice_slows_down_and_another_does_not(
    fake: SesFake, service: Service, transport: SesTransport
) -> None:
    slow, other = transport.open(lambda: None), SesTransport("eu-west-1", service=service).open(lambda: None)
    beside = transport.open(lambda: None)
    assert slow.announce(mail("throttle429@people.example")) == [Invited()]
    slow.hand_over(mail("bram@people.example"))
    (settled,) = until_events(slow)
    assert isinstance(settled, Settled)
    assert not beside.can_announce, "all lanes of the slice wait"
    assert other.can_announce, "a neighbour's don't"
    assert slow.deadline < time.monotonic() + 0.6
    time.sleep(max(0.0, slow.deadline - time.monotonic()) + 0.01)
    assert slow.expire() == [Invited()], "the pause is over for the one that was announced"
    assert slow.expire() == [], "it is invited once"
    slow.hand_over(None)
    assert isinstance(until_events(slow)[0], Settled)
    assert beside.can_announce
    for each in (slow, other, beside):
        each.close()


def test_the_pause_doubles_up_to_a_bound_and_ends_with_success(monkeypatch: pytest.MonkeyPatch) -> None:
    moment = [100.0]
    monkeypatch.setattr("app.delivery.ses.time.monotonic", lambda: moment[0])
    pace, pauses = Pace(), []
    for _ in range(7):
        pace.throttled()
        pace.throttled()  # another lane's answer to the same haste
        pauses.append(pace.pause)
        assert 0.5 * pace.pause <= pace.until - moment[0] <= pace.pause
        moment[0] = pace.until
    assert pauses == [0.25, 0.5, 1, 2, 4, 4, 4]
    for _ in range(4):
        pace.accepted()
    assert pace.pause == 0
    assert not pace.is_waiting


# The account


def test_the_rate_and_quota_are_the_account_s_own(
    fake: SesFake, service: Service, transport: SesTransport
) -> None:
    fake.account.max_rate = 14
    assert transport.rate() == 14
    fake.account.max_rate = 20
    assert transport.rate() == 14, "asked every few minutes only"
    assert fake.calls[ASKS] == 1
    service._read_at -= ses_service.GOOD_NEWS
    assert transport.rate() == 20


@pytest.mark.parametrize(
    ("answer", "rate", "day"),
    [
        ({"SendQuota": {"MaxSendRate": 14.0, "Max24HourSend": 50_000.0}}, 14.0, 50_000),
        ({"SendQuota": {"MaxSendRate": -1.0, "Max24HourSend": -1.0}}, None, None),
        ({"SendQuota": {"MaxSendRate": 0.5, "Max24HourSend": 0.0}}, 0.5, 0),
        ({}, None, None),
    ],
)
def test_what_get_account_says(answer: dict[str, Any], rate: float | None, day: int | None) -> None:
    standing = Standing.of(answer)
    assert (standing.rate, standing.day) == (rate, day)
    assert not standing.is_sandbox, "only a plain no says so"


def test_a_quota_that_is_used_up_waits_with_words(fake: SesFake, transport: SesTransport) -> None:
    fake.account.sent_24_hours = fake.account.max_24_hours
    with pytest.raises(TransportAway) as away:
        transport.open(lambda: None)
    assert "the quota of 50,000 messages in 24 hours is used up" in away.value.message
    assert "by itself" in away.value.message
    assert "sandbox" not in away.value.message
    assert fake.calls[SENDS] == 0


def test_the_sandbox_is_named_with_its_quota(fake: SesFake, transport: SesTransport) -> None:
    fake.account.max_24_hours, fake.account.sent_24_hours, fake.account.is_in_production = 200, 200, False
    with pytest.raises(TransportAway, match=r"200 messages .* sandbox"):
        transport.open(lambda: None)


def test_a_quota_that_runs_out_midway_closes_the_lanes_and_comes_back(
    fake: SesFake, service: Service, transport: SesTransport
) -> None:
    lane = transport.open(lambda: None)
    fake.account.sent_24_hours = fake.account.max_24_hours
    lane.announce(mail())
    lane.hand_over(mail("bram@people.example"))
    settled, declined = until_events(lane)
    assert isinstance(settled, Settled)
    assert (settled.outcome.verdict, settled.outcome.is_fault, settled.outcome.stop) == (V.LATER, False, "")
    assert isinstance(declined, Declined)
    assert not lane.is_open
    lane.close()
    with pytest.raises(TransportAway, match="50,000"):
        transport.open(lambda: None)
    assert fake.calls[ASKS] == 2, "the account is asked anew"
    fake.account.sent_24_hours = 0
    with pytest.raises(TransportAway):
        transport.open(lambda: None)
    service._used_up_until = service._read_at = float("-inf")
    again = transport.open(lambda: None)
    assert send(again, mail()).verdict is V.ACCEPTED
    again.close()


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [("sending_enabled", False, "has paused sending"), ("enforcement", "SHUTDOWN", "has stopped sending")],
)
def test_an_account_that_may_not_send_is_told_before_anything_is_sent(
    fake: SesFake, service: Service, transport: SesTransport, name: str, value: Any, words: str
) -> None:
    setattr(fake.account, name, value)
    with pytest.raises(TransportRefuses, match=words):
        transport.open(lambda: None)
    setattr(fake.account, name, True if value is False else "HEALTHY")
    service._read_at -= ses_service.BAD_NEWS
    transport.open(lambda: None).close()


def test_an_account_that_cannot_be_asked_keeps_nobody_from_sending(fake: SesFake) -> None:
    class Mute:
        def get_account(self) -> dict[str, Any]:
            raise ClientError({"Error": {"Code": "AccessDeniedException", "Message": ""}}, "GetAccount")

        def send_email(self, **_: Any) -> dict[str, Any]:
            return {"MessageId": "1"}

        def close(self) -> None:
            raise AssertionError("it is not ours to close")

    service = Service("eu-west-1", client=Mute())
    transport = SesTransport("eu-west-1", service=service)
    lane = transport.open(lambda: None)
    assert transport.rate() is None
    assert send(lane, mail()) == Outcome(V.ACCEPTED, "", "SES 1")
    lane.close()
    service.close()


@pytest.mark.parametrize("tags", [{"send id": "1"}, {"send": "1.2"}, {"send": ""}, {"send": "1" * 257}])
def test_a_tag_that_the_service_would_refuse_is_refused_here(service: Service, tags: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="tag"):
        SesTransport("eu-west-1", service=service, tags=tags)


def test_one_process_has_one_service_a_region(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ses_service, "_services", {})
    first, second = SesTransport("eu-west-1", lanes=7), SesTransport("eu-west-1", lanes=7)
    assert first.service is second.service
    assert first.pace is not second.pace
    assert SesTransport("eu-west-2").service is not first.service


def test_the_settings_name_region_set_and_endpoint(
    fake: SesFake, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ses_service, "_services", {("eu-west-1", fake.url): service})
    settings = Settings(
        "x" * 32,
        "y" * 32,
        mail_transport=f"ses://eu-west-1?configuration_set=throughline&endpoint={fake.url}",
    )
    transport = transport_for(settings, {"send": "17"})
    assert isinstance(transport, SesTransport)
    fake.account.configuration_sets = set()
    assert transport.call(mail()).stop == STOPS["NotFoundException"], "the set is named"
    fake.account.configuration_sets = {"throughline"}
    assert transport.call(mail()).verdict is V.ACCEPTED
    assert fake.accepted[0].tags == {"delivery": "token", "send": "17"}


def test_single_mails_go_the_same_way(fake: SesFake) -> None:
    where = f"ses://eu-west-1?configuration_set=throughline&endpoint={fake.url}"
    settings = Settings("x" * 32, "y" * 32, mail_transport=where)
    single.send(settings, mail().body, "anna@people.example")
    assert fake.recipients() == {"anna@people.example": 1}
    fake.account.configuration_sets = set()
    with pytest.raises(MailRefused, match="NotFoundException"):
        single.send(settings, mail().body, "anna@people.example")


@pytest.mark.parametrize(
    "given",
    [
        "ses://",
        "ses://eu-west-1?set=x",
        "ses://eu-west-1?configuration_set=a.b",
        "ses://eu-west-1?endpoint=x",
    ],
)
def test_a_setting_that_makes_no_sense_stops_the_start(given: str) -> None:
    environ = {
        "SECRET_KEY": "x" * 32,
        "SUPPRESSION_KEY": "y" * 32,
        "MAIL_TRANSPORT": given,
        "MAIL_ALLOW": "@people.example",
    }
    Settings.from_env({**environ, "MAIL_TRANSPORT": "ses://eu-west-1?configuration_set=a_b-1"})
    with pytest.raises(SettingsError, match="MAIL_TRANSPORT"):
        Settings.from_env(environ)


def test_the_service_s_words_are_kept_without_addresses() -> None:
    answer = {
        "Error": {"Code": "BadRequestException", "Message": "Illegal address <anna@people.example>"},
        "ResponseMetadata": {"HTTPStatusCode": 400},
    }
    outcome = of_error(ClientError(answer, "SendEmail"), "anna@people.example")  # type: ignore[arg-type]
    assert outcome.verdict is V.REJECTED
    assert outcome.reply == "400 BadRequestException Illegal address …"
