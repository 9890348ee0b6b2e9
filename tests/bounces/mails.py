"""Mails that came back, written by hand for the tests."""

ORIGINAL = "From: sender@partner.example\nTo: Ann <ann@shop.example>\nSubject: News\n\nHello Ann\n"


def dsn(
    *recipients: str, text: str = "Your message could not be delivered.", original: str = ORIGINAL
) -> bytes:
    """A delivery report after RFC 3464; each recipient is a block of fields."""
    blocks = "\n\n".join(recipients)
    return (
        "From: Mail Delivery System <mailer-daemon@mx.example>\nTo: b+token@bounce.example\nSubject: Undelivered mail\nMIME-Version: 1.0\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b1"\n\n'
        f"--b1\nContent-Type: text/plain; charset=utf-8\n\n{text}\n\n"
        f"--b1\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example\n\n{blocks}\n\n"
        f"--b1\nContent-Type: message/rfc822\n\n{original}\n--b1--\n"
    ).encode()


def block(address: str, action: str = "failed", status: str = "5.1.1", said: str = "") -> str:
    """The fields of one recipient."""
    lines = [f"Final-Recipient: rfc822; {address}", f"Action: {action}", f"Status: {status}"]
    return "\n".join([*lines, f"Diagnostic-Code: smtp; {said}"] if said else lines)


def feedback(kind: str, *more: str) -> bytes:
    """A feedback report after RFC 5965."""
    lines = "\n".join([f"Feedback-Type: {kind}", "User-Agent: Test/1.0", "Version: 1", *more])
    return (
        "From: fbl@provider.example\nTo: fbl@bounce.example\nSubject: FW: News\nMIME-Version: 1.0\n"
        'Content-Type: multipart/report; report-type=feedback-report; boundary="b1"\n\n'
        "--b1\nContent-Type: text/plain\n\nThis is an email abuse report.\n\n"
        f"--b1\nContent-Type: message/feedback-report\n\n{lines}\n\n"
        f"--b1\nContent-Type: message/rfc822\n\n{ORIGINAL}\n--b1--\n"
    ).encode()


def words(
    text: str,
    sender: str = "MAILER-DAEMON@mx.example",
    subject: str = "failure notice",
    headers: str = "",
    charset: str = "utf-8",
) -> bytes:
    """A mail of plain text."""
    head = f"From: {sender}\nTo: b+token@bounce.example\nSubject: {subject}\n{headers}Content-Type: text/plain; charset={charset}\n\n"
    return head.encode() + text.encode(charset if charset != "no-such-charset" else "latin-1")
