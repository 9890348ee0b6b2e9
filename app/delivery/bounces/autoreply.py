"""Automatic replies (RFC 3834) and who sends returned mails: what must never be counted as a bounce, and what may be one."""

import re

from app.delivery.bounces.read import Read
from app.delivery.bounces.rules import Book

# Subjects of automatic replies as mail programs write them, in the languages people use them in.
_AWAY = re.compile(
    r"^\W{0,6}(?:re|aw|antw|sv|vs|fw|fwd)?[:\s]*\W{0,6}(?:"
    r"auto(?:matic|mated)?[ -]?(?:reply|response|respond\w*)|out of (?:the )?office|\booo\b|away (?:until|from)|on (?:vacation|holiday|leave)|vacation\b|"
    r"(?:i am|i'm) (?:away|out)|automatische (?:antwort|e-?mail|reply)|abwesenheits|abwesend|nicht im (?:büro|hause)|"
    r"r[ée]ponse automatique|absence du bureau|absent du bureau|message d.absence|respuesta autom[áa]tica|fuera de (?:la )?oficina|"
    r"risposta automatica|fuori (?:sede|ufficio)|resposta autom[áa]tica|aus[êe]ncia tempor|automatisch antwoord|automatisch(?:e)? bericht|afwezig|"
    r"autosvar|automatiskt svar|automatisk svar|frånvaro|fravær|automaattinen vastaus|poissa|odpowiedź automatyczna|autoodpowiedź|"
    r"automatická odpověď|automatikus válasz|automatický|otomatik yanıt|автоматический ответ|автоответ|автоматична відповідь|αυτόματη απάντηση|"
    r"自動(?:応答|返信|回覆|回复)|自动(?:回复|答复|回覆)|不在(?:通知|の(?:お知らせ|連絡))|休暇|자동 ?(?:회신|응답)|부재중|رد تلقائي|מענה אוטומטי|ตอบกลับอัตโนมัติ|trả lời tự động"
    r")",
    re.IGNORECASE,
)
# Programs that are no mail servers write so too.
_MACHINE = re.compile(r"no-?reply|bounce", re.IGNORECASE)
_ANSWERED = re.compile(r"(?:^|[\s:>])5[05]\d[ -][^\n]{4}")  # what a mail server answered


def is_autoreply(mail: Read, book: Book) -> bool:
    """Whether the mail is an automatic reply of a person's or a service's, by its headers or its subject; reports are judged before."""
    submitted = mail.header("auto-submitted").lower()
    if "vacation" in submitted or mail.read_receipt:
        return True
    if from_mailer(mail, book) and not _AWAY.search(mail.header("subject")):
        return False
    precedence = mail.header("precedence").lower()
    return bool(
        submitted.startswith(("auto-replied", "auto-generated", "auto-notified"))
        or precedence in ("auto_reply", "auto-reply", "autoreply")
        or any(
            mail.header(name)
            for name in (
                "x-autoreply",
                "x-autorespond",
                "x-autoresponder",
                "x-auto-reply",
                "x-vacation",
                "x-mail-autoreply",
            )
        )
        or _AWAY.search(mail.header("subject"))
    )


def from_mailer(mail: Read, book: Book) -> bool:
    """Whether the mail says that a mail server wrote it."""
    return bool(
        mail.header("x-failed-recipients")
        or book.mailers.search(mail.header("from"))
        or not mail.header("from")
    )


def may_be_bounce(mail: Read, book: Book) -> bool:
    """Whether the mail presents itself as a returned one: by who wrote it, or by a subject and words of one."""
    if mail.header("x-failed-recipients"):
        return True
    subject, opening = book.subjects.search(mail.header("subject")), book.openings.search(mail.text)
    if from_mailer(mail, book):
        return bool(subject or opening or _ANSWERED.search(mail.text))
    return bool(opening and (subject or _MACHINE.search(mail.header("from"))))
