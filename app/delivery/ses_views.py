"""Where Amazon SNS brings the events of Amazon SES: on the public origin, believed only with everything about it checked."""

from flask import Blueprint, Response, request

from app.accounts.access import public
from app.delivery.returned import ses_events, sns
from app.errors import NotFound
from app.outbound import client_for
from app.settings import current
from app.web import hosts

bp = hosts.public(Blueprint("ses_events", __name__, url_prefix="/hooks"))
certificates = sns.Certificates()


@bp.post("/ses")
@public
def hear() -> Response:
    """One message of a topic. 403 for what is not believed, 503 where it should be tried again."""
    topics = current().ses_topics
    if not topics:
        raise NotFound()
    client = client_for(current())
    try:
        raw = request.stream.read(sns.MOST_BYTES + 1)
        message = sns.believed(raw, topics, certificates, client)
        if message.kind == "SubscriptionConfirmation":
            sns.confirm(message, client)
            return _said("confirmed")
    except sns.NotBelieved:
        return _said("not believed", 403)
    except sns.CertificateAway:
        return _said("try again", 503)
    if message.kind != "Notification":
        return _said("noted")
    return _said(ses_events.hear_event(message.text, message.id))


def _said(words: str, status: int = 200) -> Response:
    return Response(words + "\n", status, mimetype="text/plain")
