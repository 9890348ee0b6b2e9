"""The reply parser against what servers really say, in whatever pieces it comes."""

import pytest

from app.delivery.reply import BadReply, Reply, ReplyParser

GOLDEN = [
    (b"250 2.0.0 Ok: queued as 4F1\r\n", [Reply(250, ("2.0.0 Ok: queued as 4F1",))]),
    (b"250\r\n", [Reply(250, ("",))]),
    (b"250-first\r\n250-second\r\n250 last\r\n", [Reply(250, ("first", "second", "last"))]),
    (b"220 mx\r\n250 ok\r\n", [Reply(220, ("mx",)), Reply(250, ("ok",))]),
    (b"354 go\n", [Reply(354, ("go",))]),
    (b"550 5.1.1 <a@b.example>: unknown\r\n", [Reply(550, ("5.1.1 <a@b.example>: unknown",))]),
    ("250 Grüße".encode() + b"\r\n", [Reply(250, ("Grüße",))]),
]


@pytest.mark.parametrize(("said", "meant"), GOLDEN)
def test_a_reply_is_read_whole(said: bytes, meant: list[Reply]) -> None:
    assert ReplyParser().feed(said) == meant


@pytest.mark.parametrize(("said", "meant"), GOLDEN)
def test_a_reply_is_read_byte_by_byte(said: bytes, meant: list[Reply]) -> None:
    parser = ReplyParser()
    assert [reply for at in range(len(said)) for reply in parser.feed(said[at : at + 1])] == meant
    assert parser.is_empty


@pytest.mark.parametrize(
    "said",
    [
        b"hello\r\n",
        b"25 ok\r\n",
        b"250ok\r\n",
        b"150 ok\r\n",
        b"650 ok\r\n",
        b"250-first\r\n550 second\r\n",
        b"\r\n",
        b"2\x0050 ok\r\n",
        b"250 " + b"x" * 5000 + b"\r\n",
        b"x" * 5000,
        b"250-more\r\n" * 300,
    ],
)
def test_nonsense_is_never_a_reply(said: bytes) -> None:
    with pytest.raises(BadReply):
        ReplyParser().feed(said)


def test_half_a_reply_is_none_and_is_kept() -> None:
    parser = ReplyParser()
    assert parser.feed(b"250-fir") == []
    assert parser.feed(b"st\r\n250 la") == []
    assert not parser.is_empty
    assert parser.feed(b"st\r\n") == [Reply(250, ("first", "last"))]


def test_the_enhanced_status_is_found_only_where_it_belongs() -> None:
    assert Reply(550, ("5.1.1 unknown",)).status == "5.1.1"
    assert Reply(550, ("unknown 5.1.1",)).status == ""
    assert Reply(250, ()).status == ""


def test_the_words_kept_hold_no_address_and_no_control_character() -> None:
    words = Reply(550, ("5.1.1 <maya@harbour-it.example>: no \x1b[31m such user",)).words
    assert "maya" not in words
    assert words == "550 5.1.1 …: no  [31m such user"
    assert len(Reply(550, ("x" * 500,)).words) == 200
