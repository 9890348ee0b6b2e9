"""By which words a returned mail is known, and the stage at which it was refused: data, like the rules, and left out with them."""

from app.delivery.bounces.stage import Stage

# How mail servers tell the command whose answer was the refusal.
STAGES = (
    (
        Stage.CONNECT,
        r"refused to talk to me|initial connection|my name was rejected|reply to (?:ehlo|helo|starttls|end of greeting)|>>> (?:ehlo|helo|starttls)|after (?:ehlo|helo)|did not like our (?:ehlo|helo)",
    ),
    (
        Stage.MAIL,
        r"in reply to mail|after mail from|mail from command|>>> mail|sender was rejected|our mail from|\[mail_from\]",
    ),
    (Stage.RCPT, r"(?<!need )(?<!valid )\brcpt\b(?! ?(?:to)?: )|does not like recipient"),
    (
        Stage.DATA,
        r"\b(?:end of|after|our final|command|reply to|response to) (?:pipelined )?data\b|>>> data|\bdata (?:command|response)|text command|[(\[]data[)\]]|failed after i sent the message|after sending the message|end of message",
    ),
)
# How mail servers name themselves, how the subjects of returned mails run, and how such a mail says what it is.
MAILERS = r"mailer.?daemon|postmaster|post_master|mail.?deliver|mail.?system|mail.?server|undeliver|<>|mmsc|system administrator"
SUBJECTS = r"undeliver|delivery (?:status|fail|notification|report|problem|has failed)|returned (?:mail|message|to sender)|failure notice|(?:mail|message|delivery)[^\n]{0,20} fail|could not (?:be )?(?:deliver|send)|not delivered|error sending|mail system error|delayed mail|non.?(?:recapitabile|remis|entregado)|unzustellbar|unable to deliver|notice: mail delivery|недоставлен|не доставлено|blocked by our"
OPENINGS = r"(?:could not|couldn't|cannot|can not|can't|wasn't able to|was not|were unable to|unable to|not able to)(?: be| me)? (?:deliver|send|sent|relay)|(?:following|these) (?:address|recipient)[^\n]{0,60}(?:fail|error|problem|reject|could not)|delivery (?:has )?failed|mailbox is full|did not reach|送信できませんでした|配信できませんでした|не может быть доставлено"
