"""The weekly e-mail, as a real SMTP server receives it."""

import io
import re
from datetime import date, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from pydantic import SecretStr

from lantian.errors import ConfigError, ServiceUnavailable
from lantian.evidence.checkpoint import Checkpoint
from lantian.evidence.note import Verifier, opened
from lantian.model import SealedDay
from lantian.reports.mail import one_line
from lantian.reports.weekly import deliver, last_whole_week, weekly_message
from lantian.reports.wording import WORDS
from lantian.settings import Settings
from lantian.store.engine import Store
from tests.services.mail import Inbox

LABELS = {"guaranteed_grant": {"zh": "包授权", "en": "Guaranteed grant"}}


def made(
    store: Store, monday: date, now: datetime, settings: Settings, locale: str = "zh_CN"
) -> EmailMessage:
    with store.read() as session:
        return weekly_message(
            session, monday, settings=settings, locale=locale, claim_labels=LABELS, now=now
        )


@pytest.fixture
def settings(tmp_path: Path, smtp_server: Inbox) -> Settings:
    return Settings(
        data_dir=tmp_path,
        smtp_url=SecretStr(smtp_server.url),
        report_to=("chief@office.example",),
        mail_from="lantian@office.example",
        organisation="某省局\r\nX-Bad: 1",
        base_url="https://lantian.example",
    )


def test_the_server_receives_html_text_and_chart(
    store: Store, monday: date, now: datetime, settings: Settings, smtp_server: Inbox
) -> None:
    sent = deliver(made(store, monday, now, settings), settings=settings, demo=False)
    (received,) = smtp_server.messages
    message = received.message
    assert sent.receivers == ("chief@office.example",)
    assert message["Subject"] == "蓝天监测周报 2026-11-16—2026-11-22：新线索 2 条"
    text = message.get_body(("plain",))
    html = message.get_body(("html",))
    assert text is not None
    assert html is not None
    assert "包授权: 2 (上周 0)" in text.get_content()
    assert "计划 10 = 已见 7 + 受阻 1 + 需登录 1 + 未知 1" in text.get_content()
    (picture,) = [part for part in message.walk() if part.get_content_type() == "image/png"]
    reference = re.search(r'src="cid:([^"]+)"', html.get_content())
    assert reference is not None
    assert picture["Content-ID"] == f"<{reference[1]}>"
    assert reference[1].isascii()
    assert Image.open(io.BytesIO(picture.get_content())).width == 1200
    assert len(received.content) < 400_000
    assert len(html.get_content().encode()) < 100_000


def test_the_checkpoint_of_the_evidence_log_is_in_both_parts(
    store: Store, monday: date, now: datetime, settings: Settings
) -> None:
    key = Ed25519PrivateKey.generate()
    for number, day in ((1, monday), (2, monday + timedelta(days=6)), (3, monday + timedelta(7))):
        note = Checkpoint("log", number, bytes([number]) * 32).signed(key)
        row = {"number": number, "day": f"{day}", "leaves": 1, "root": "sha256:1", "sealed_at": now}
        digests = {"previous_digest": "sha256:0", "digest": f"sha256:{number}"}
        with store.write() as session:
            session.add(SealedDay(**row, **digests, checkpoint=note))
    message = made(store, monday, now, settings, "en")
    text, html = (message.get_body((kind,)) for kind in ("plain", "html"))
    assert text is not None
    assert html is not None
    verifier = Verifier("log", key.public_key().public_bytes_raw())
    found = text.get_content().partition("no day before was changed):\n")[2]
    note = found.partition("\n\n\n")[0].rstrip("\n") + "\n"
    assert opened(note, [verifier]) == Checkpoint("log", 2, bytes([2]) * 32).text
    assert "log\n2\n" in html.get_content()


def test_crawled_names_reach_no_header_and_no_markup(
    store: Store, monday: date, now: datetime, settings: Settings, smtp_server: Inbox
) -> None:
    deliver(made(store, monday, now, settings), settings=settings, demo=False)
    message = smtp_server.messages[0].message
    assert message["Bcc"] is None
    assert message["X-Bad"] is None
    html = message.get_body(("html",))
    assert html is not None
    assert "<script>" not in html.get_content()
    assert "&lt;script&gt;alert(1)" in html.get_content()


@given(st.text())
def test_no_text_breaks_a_header(text: str) -> None:
    line = one_line(text)
    assert not re.search(r"[\x00-\x1f\x7f\u0085\u2028\u2029]", line)
    message = EmailMessage()
    message["Subject"] = line
    assert b"\nBcc" not in message.as_bytes()


@pytest.mark.parametrize("locale", ["zh_CN", "en"])
def test_every_number_links_to_its_list(
    store: Store, monday: date, now: datetime, settings: Settings, locale: str
) -> None:
    message = made(store, monday, now, settings, locale)
    html = message.get_body(("html",))
    assert html is not None
    links = re.findall(r'href="([^"]+)"', html.get_content())
    assert (
        "https://lantian.example/clues?claim=guaranteed_grant&amp;state=all&amp;from=2026-11-16&amp;to=2026-11-22"
        in links
    )
    assert all(link.startswith("https://lantian.example/") for link in links)


def test_both_languages_say_the_same_things() -> None:
    assert WORDS["zh_CN"].keys() == WORDS["en"].keys()
    for key, words in WORDS["zh_CN"].items():
        assert set(re.findall(r"{\w+}", words)) == set(re.findall(r"{\w+}", WORDS["en"][key])), key


def test_without_a_server_the_message_is_a_file(
    store: Store, monday: date, now: datetime, tmp_path: Path
) -> None:
    settings = Settings(data_dir=tmp_path)
    message = made(store, monday, now, settings)
    first = deliver(message, settings=settings, demo=False)
    again = deliver(made(store, monday, now, settings), settings=settings, demo=False)
    assert first.file is not None
    assert first.file == again.file
    assert b"Subject:" in first.file.read_bytes()


def test_a_demonstration_sends_nothing(
    store: Store, monday: date, now: datetime, settings: Settings, smtp_server: Inbox
) -> None:
    sent = deliver(made(store, monday, now, settings), settings=settings, demo=True)
    assert sent.file is not None
    assert smtp_server.messages == []


def test_a_refusing_server_is_named_and_the_message_can_come_again(
    store: Store, monday: date, now: datetime, settings: Settings, smtp_server: Inbox
) -> None:
    smtp_server.refusals.append("451 try again")
    message = made(store, monday, now, settings)
    with pytest.raises(ServiceUnavailable, match=r"127\.0\.0\.1 does not serve us: 451"):
        deliver(message, settings=settings, demo=False)
    deliver(message, settings=settings, demo=False)
    assert [got.message["Message-ID"] for got in smtp_server.messages] == [message["Message-ID"]]


def test_a_server_without_receivers_is_a_wrong_setting(
    store: Store, monday: date, now: datetime, settings: Settings
) -> None:
    nobody = settings.model_copy(update={"report_to": ()})
    with pytest.raises(ConfigError, match="report_to"):
        deliver(made(store, monday, now, settings), settings=nobody, demo=False)


def test_the_last_whole_week_is_over_in_shanghai(now: datetime) -> None:
    assert last_whole_week(now) == date(2026, 11, 16)
    assert last_whole_week(now.replace(day=22, hour=15, minute=59)) == date(2026, 11, 9)
    assert last_whole_week(now.replace(day=22, hour=16, minute=0)) == date(2026, 11, 16)
