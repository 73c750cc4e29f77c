"""Mail through its connector: one message to one person, what the server says, and files while there is no server."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.base import ConnectorError, Done, Message, Operation, Settings
from connectors.email import connector
from connectors.email.compose import compose, message_id
from connectors.http import http_client
from tests.support.standins.smtp import SmtpStandIn

NOW = datetime(2026, 11, 20, 10, 0, tzinfo=UTC)
SENDER = "Northwind <projects@northwind.example>"
PASSWORD = "example-password-0042"


@pytest.fixture
def server() -> Iterator[SmtpStandIn]:
    """A mail server that takes everything."""
    with SmtpStandIn() as there:
        yield there


def settings(url: str | None = None, *, private_network: bool = True, **values: Any) -> Settings:
    """The connection `mail`."""
    given = {"from": SENDER, **({"url": url} if url else {}), **values}
    return Settings("mail", given, private_network=private_network)


def mail(**fields: Any) -> Operation:
    """The mail of an action to Ann Lee."""
    message = Message(
        subject=fields.pop("subject", "Apollo: 81.0 % of the budget is spent"),
        body=fields.pop("body", "As of 21 September 2026, USD 81,000.00 is spent.\n"),
        html=fields.pop("html", None),
    )
    return Operation(
        kind="email",
        key=fields.pop("key", "act_4f2a9c1e7b3d"),
        target=fields.pop("target", "ann@acme.example"),
        message=message,
        keys=fields,
    )


def send(operation: Operation, known: Settings) -> Done:
    """Execute the operation."""
    with http_client(known) as http:
        return connector.operations["email"].act(operation, known, http)


def refusal(operation: Operation, known: Settings) -> ConnectorError:
    """The error of an operation that cannot be executed."""
    with pytest.raises(ConnectorError) as caught:
        send(operation, known)
    return caught.value


# The message


def test_what_is_sent_is_what_was_meant(server: SmtpStandIn) -> None:
    """Chinese subject, text and HTML of the same content, lines that begin with a dot, all as written."""
    body = "截至 2026 年 9 月 21 日，已支出 USD 81,000.00。\n.一行以点开头\n..\n" + "长" * 2000 + "\n"
    done = send(
        mail(subject="主题：Apollo：预算已使用 81.0%", body=body, html="<p>截至 2026 年</p>"),
        settings(server.url),
    )
    (kept,) = server.mails
    assert (kept.sender, kept.recipients) == ("projects@northwind.example", ("ann@acme.example",))
    assert kept.message["Subject"] == "主题：Apollo：预算已使用 81.0%"
    assert str(kept.message["From"]) == SENDER
    text, html = kept.message.get_body(("plain",)), kept.message.get_body(("html",))
    assert isinstance(text, EmailMessage)
    assert isinstance(html, EmailMessage)
    assert text.get_content().replace("\r\n", "\n") == body
    assert html.get_content().strip() == "<p>截至 2026 年</p>"
    assert all(len(line) <= 998 for line in kept.content.split(b"\r\n"))
    assert kept.content.isascii(), "no server has to know 8BITMIME"
    assert done.receipt == kept.message["Message-ID"]
    assert "queued as 1" in done.detail


def test_message_id_is_the_same_on_every_try(server: SmtpStandIn) -> None:
    """Made of the action's key and the sender's domain, so that copies fold into one for the reader."""
    known = settings(server.url)
    first, second = send(mail(), known), send(mail(), known)
    assert first.receipt == second.receipt == "<act_4f2a9c1e7b3d@northwind.example>"
    assert send(mail(key="act_other"), known).receipt != first.receipt


def test_the_same_action_makes_the_same_bytes() -> None:
    """With its date given, nothing about a mail is random."""
    known = settings(reply_to="projects@northwind.example")
    operation = mail(html="<p>81.0 %</p>", date="2026-11-20T18:00:00+08:00", thread="act_first")
    made = [compose(operation, known, NOW).message for _ in range(2)]
    assert made[0].as_bytes() == made[1].as_bytes()
    assert made[0]["Date"] == "Fri, 20 Nov 2026 18:00:00 +0800"


def test_machines_are_told_not_to_answer_and_threads_hold_together() -> None:
    """Auto-Submitted, our own mark, the reply address, and the thread of the first mail about a thing."""
    message = compose(
        mail(thread="act_first", name="Ann Lee"), settings(reply_to="lin@northwind.example"), NOW
    ).message
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["X-Accord-Action"] == "act_4f2a9c1e7b3d"
    assert message["Reply-To"] == "lin@northwind.example"
    assert message["In-Reply-To"] == message["References"] == message_id("act_first", "northwind.example")
    assert message["To"] == "Ann Lee <ann@acme.example>"


INJECTED = "Apollo\r\nBcc: everyone@acme.example"


@pytest.mark.parametrize(
    "fields",
    [
        {"subject": INJECTED},
        {"subject": "a\u2028b"},
        {"subject": "a\x00b"},
        {"subject": "half \ud83d"},
        {"body": "half \ud83d"},
        {"html": "half \ud83d"},
        {"target": "ann@acme.example\r\nBcc: everyone@acme.example"},
        {"name": INJECTED},
        {"reply_to": "lin@northwind.example\nBcc: everyone@acme.example"},
        {"key": "act_1\r\nBcc: everyone@acme.example"},
        {"thread": "act_1>\r\nBcc: <everyone@acme.example"},
    ],
)
def test_what_no_mail_may_hold_sends_nothing(server: SmtpStandIn, fields: dict[str, Any]) -> None:
    """Line breaks in headers, control characters, half characters: nothing adds a header or a recipient."""
    error = refusal(mail(**fields), settings(server.url))
    assert (error.retryable, error.outcome_unknown) == (False, False)
    assert not server.mails
    assert not server.tries


HEADERS = {"Message-ID", "Date", "From", "To", "Subject", "Auto-Submitted", "X-Accord-Action"}
HEADERS |= {"MIME-Version", "Content-Type", "Content-Transfer-Encoding"}


@given(subject=st.text(max_size=200), name=st.text(max_size=60))
def test_no_text_can_add_a_header(subject: str, name: str) -> None:
    """Whatever subject and name hold: the mail is refused, or reads back with the headers it was given."""
    try:
        made = compose(mail(subject=subject, name=name), settings(), NOW).message.as_bytes()
    except ConnectorError:
        return
    parsed = message_from_bytes(made, policy=policy.default)
    assert set(parsed.keys()) == HEADERS
    assert len(parsed.keys()) == len(HEADERS)
    assert [a.addr_spec for a in parsed["To"].addresses] == ["ann@acme.example"]


def test_a_subject_keeps_its_spaces_wherever_its_line_ends() -> None:
    """Chinese with figures and spaces between, longer than a header's line: it reads back as it was written."""
    for length in range(60):
        subject = f"Accord：{'报' * length} 自 2026 年 12 月 5 日 06:01（上海时间） 起没有运行"
        made = compose(mail(subject=subject), settings(), NOW).message.as_bytes()
        assert message_from_bytes(made, policy=policy.default)["Subject"] == subject
        assert max(map(len, made.split(b"\r\n"))) <= 78


@pytest.mark.parametrize(
    "target",
    [
        "",
        "ann",
        "ann@",
        "@acme.example",
        "ann@acme.example, bob@acme.example",
        "ann@acme.example bob@acme.example",
        "ann@acme.example;bob@acme.example",
        "<ann@acme.example> bob@acme.example",
        "ann@[127.0.0.1]",
        "安@acme.example",
    ],
)
def test_one_address_is_one_address(target: str) -> None:
    """Two addresses, half an address and what only looks like one are refused with what is there."""
    assert "one mail address expected" in str(refusal(mail(target=target), settings("smtp://127.0.0.1:9")))


@given(target=st.text(max_size=80) | st.from_regex(r"\A.{0,9}@.{0,9}[<>,;:\"@ ]*.{0,9}\Z"))
def test_any_text_is_one_address_or_refused(target: str) -> None:
    """Never two recipients, never another exception."""
    try:
        made = compose(mail(target=target), settings(), NOW)
    except ConnectorError:
        return
    assert [a.addr_spec for a in made.message["To"].addresses] == [made.recipient]


def test_a_domain_may_have_any_letters() -> None:
    """It travels in its ASCII form."""
    assert (
        compose(mail(target="ann@bücher.example"), settings(), NOW).recipient == "ann@xn--bcher-kva.example"
    )


# What the server says


@pytest.mark.parametrize("place", ["connect", "recipient", "data"])
@pytest.mark.parametrize(("reply", "retryable"), [("421 busy", True), ("451 later", True), ("550 no", False)])
def test_a_4xx_is_tried_again_and_a_5xx_is_not(
    server: SmtpStandIn, place: Any, reply: str, retryable: bool
) -> None:
    """Wherever the server says it; the next try goes through."""
    server.fail(reply=reply, place=place)
    error = refusal(mail(), settings(server.url))
    assert (error.status, error.retryable, error.outcome_unknown) == (int(reply[:3]), retryable, False)
    assert reply in str(error)
    assert not server.mails
    send(mail(), settings(server.url))
    assert len(server.mails) == 1


@pytest.mark.parametrize("fault", ["drop_before_data", "hang_before_data"])
def test_a_break_before_the_mail_was_handed_over_is_tried_again(server: SmtpStandIn, fault: Any) -> None:
    """Nothing can have been delivered."""
    server.fail(fault)
    error = refusal(mail(), settings(server.url, timeout=1))
    assert (error.retryable, error.outcome_unknown) == (True, False)
    assert not server.mails


@pytest.mark.parametrize("fault", ["drop_after_data", "hang_after_data"])
def test_a_break_after_the_mail_was_handed_over_leaves_it_unknown(server: SmtpStandIn, fault: Any) -> None:
    """The server may have it (here it has): only a person sends it again."""
    server.fail(fault)
    error = refusal(mail(), settings(server.url, timeout=1))
    assert error.outcome_unknown
    assert len(server.mails) == 1
    assert connector.operations["email"].once == "blind"


def test_a_server_that_is_not_there_is_tried_again() -> None:
    """The port is closed."""
    with SmtpStandIn() as gone:
        url = gone.url
    error = refusal(mail(), settings(url))
    assert (error.retryable, error.outcome_unknown) == (True, False)
    assert "ConnectionRefusedError" in str(error)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "2130706433", "[::ffff:127.0.0.1]"])
def test_a_private_address_has_to_be_allowed(server: SmtpStandIn, host: str) -> None:
    """The same guard as for every other outward call, however the address is written."""
    written = server.url.replace("127.0.0.1", host)
    error = refusal(mail(), settings(written, private_network=False))
    assert "private_network: true" in str(error)
    assert not server.tries


# Encryption and log-in


def with_login(url: str, password: str = PASSWORD) -> str:
    """The address with user and password in it."""
    return url.replace("://", f"://northwind:{password}@")


@pytest.mark.parametrize("implicit", [False, True])
def test_log_in_goes_over_an_encrypted_way(authority: tuple[ssl.SSLContext, str], implicit: bool) -> None:
    """By STARTTLS and by TLS from the first byte, with a certificate that is checked."""
    context, pem = authority
    with SmtpStandIn(tls=context, implicit=implicit, user="northwind", password=PASSWORD) as there:
        how = "implicit" if implicit else "starttls"
        known = settings(with_login(there.url), tls=how, ca_file=pem)
        send(mail(), known)
        assert connector.check is not None
        with http_client(known) as http:
            assert "logged in" in connector.check(known, http)
    assert [(kept.encrypted, kept.user) for kept in there.mails] == [(True, "northwind")]


@pytest.mark.parametrize("implicit", [False, True])
def test_an_untrusted_certificate_stops_before_the_password(
    authority: tuple[ssl.SSLContext, str], implicit: bool
) -> None:
    """There is no switch that turns the check off."""
    with SmtpStandIn(tls=authority[0], implicit=implicit, user="northwind", password=PASSWORD) as there:
        error = refusal(mail(), settings(with_login(there.url), tls="implicit" if implicit else "starttls"))
    assert "not trusted" in str(error)
    assert not error.retryable
    assert not there.tries


def test_a_wrong_password_is_permanent_and_shown_nowhere(authority: tuple[ssl.SSLContext, str]) -> None:
    """The server's reply is told without user and password."""
    context, pem = authority
    with SmtpStandIn(tls=context, user="northwind", password=PASSWORD) as there:
        known = settings(with_login(there.url, "wrong-password-0042"), tls="starttls", ca_file=pem)
        error = refusal(mail(), known)
    assert (error.status, error.retryable) == (535, False)
    assert "wrong-password-0042" not in f"{error!r} {known!r}"


def test_a_secret_that_a_server_repeats_is_cut_out(server: SmtpStandIn) -> None:
    """A careless reply does not carry the password into a log."""
    server.fail(reply=f"550 no, northwind may not use {PASSWORD}", place="connect")
    error = refusal(mail(), settings(with_login(server.url), tls="none"))
    assert "refused the connection: 550 no, *** may not use ***" in str(error)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"url": "http://mail.example"}, "`url` must look like smtp://"),
        ({"url": "smtp://"}, "`url` must look like smtp://"),
        ({"url": "smtp://mail.example:99999"}, "`url` must look like smtp://"),
        ({"url": "smtp://u:p@mail.example:25"}, "the password would travel unencrypted"),
        ({"url": "smtp://mail.example", "tls": "implicit"}, "`tls` must be"),
        ({"url": "smtps://mail.example", "tls": "none"}, "`tls` must be"),
        ({"url": "smtp://mail.example", "tls": "off"}, "`tls` must be"),
        ({"url": "smtp://mail.example", "timeout": "soon"}, "`timeout` is 'soon'"),
        ({"url": "smtp://mail.example", "from": "Northwind"}, "`from` of connection mail is 'Northwind'"),
        ({"directory": None}, "set `url` to your SMTP server, or `directory`"),
    ],
)
def test_a_wrong_setting_is_named_before_anything_is_sent(values: dict[str, Any], said: str) -> None:
    """With what is allowed."""
    error = refusal(mail(), settings(**values))
    assert said in str(error)
    assert not error.retryable


# Files while there is no server


def test_without_a_server_each_mail_is_a_file(tmp_path: Path) -> None:
    """Whole, named by its action, below the workspace."""
    done = send(mail(), settings(home=str(tmp_path), directory="var/mail"))
    (path,) = (tmp_path / "var" / "mail").iterdir()
    parsed = message_from_bytes(path.read_bytes(), policy=policy.default)
    assert (path.name, done.found) == ("act_4f2a9c1e7b3d.eml", False)
    assert parsed["Subject"] == "Apollo: 81.0 % of the budget is spent"
    assert parsed["Message-ID"] == done.receipt


def test_a_mail_that_has_its_file_is_found_and_not_written_again(tmp_path: Path) -> None:
    """Many at once: one writes, the others find it, nothing half is ever seen."""
    known = settings(directory=str(tmp_path))
    with ThreadPoolExecutor(8) as pool:
        done = list(pool.map(lambda _: send(mail(), known), range(16)))
    assert sorted(d.found for d in done) == [False] + [True] * 15
    assert [path.name for path in tmp_path.iterdir()] == ["act_4f2a9c1e7b3d.eml"]


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    """And tried again, since a disk can be freed."""
    (tmp_path / "mail").write_text("a file stands here")
    error = refusal(mail(), settings(directory=str(tmp_path / "mail")))
    assert error.retryable
    assert "cannot write act_4f2a9c1e7b3d.eml" in str(error)
