"""Small inputs that would unfold to much work: each is refused in words, within hard limits of memory and time."""

from __future__ import annotations

import gzip
import hashlib
import hmac
import json
import sys
from collections.abc import Iterator

import pytest

from connectors.base import ConnectorError, Malformed, Message, Operation, Settings
from connectors.email.compose import compose
from connectors.email.inbox import LONGEST
from connectors.email.letters import Letter, events_of
from connectors.foreign import decode
from connectors.webhook.problems import problems as problems_of_mapping
from rules.language.documents import read
from rules.language.expressions import compile_expression
from rules.language.model import ExpressionError, Position, Text
from rules.language.names import environment
from service.renderer import Renderer, RenderError
from tests.security.bounded import bounded
from tests.support.seeding import NOW, Seed, close, opened

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs the limits of Linux")
HERE = Position("f.yaml", 1, 1)

ALIASES = "a: &a [x,x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{b}: &{b} [{','.join([f'*{a}'] * 10)}]\n" for a, b in zip("abcdefgh", "bcdefghi", strict=True)
)
FILES = {
    "aliases that multiply": (ALIASES, "alias"),
    "an alias of itself": ("a: &a [*a]\n", "alias"),
    "merged keys that multiply": ("a: &a {x: 1}\nb: {<<: [*a, *a, *a]}\n", "alias"),
    "ten thousand lists in lists": ("[" * 10_000, "levels deep"),
    "ten thousand mappings in mappings": ("".join(" " * n + "a:\n" for n in range(1_000)), "levels deep"),
    "a file of two megabytes": ("a: " + "x" * 2_000_000, "over 1 MiB"),
    "half a million values": ("[" + "1," * 400_000 + "1]", "values"),
    "a number of half a million digits": ("a: " + "9" * 500_000, "digits"),
    "an exponent that explodes": ("a: 1e999999999", ""),
    "an object of Python": ("a: !!python/object/apply:os.system [id]", "!!python"),
    "a binary tag": ("a: !!binary AAAA", "!!binary"),
}
BODIES = {
    "a hundred thousand lists": (b"[" * 100_000 + b"]" * 100_000, "nested deeper"),
    "brackets that never close": (b'{"a":' * 300_000, "nested deeper"),
    "a million digits": (b'{"a": ' + b"1" * 1_000_000 + b"}", "digits"),
    "a million digits after the point": (b'{"a": 0.' + b"1" * 1_000_000 + b"}", "too long"),
    "an exponent that explodes": (b'{"a": 1e999999999}', "number"),
    "a negative exponent": (b'{"a": 1e-999999999}', "number"),
    "NaN": (b'{"a": NaN}', "NaN"),
    "a key given twice": (b'{"id": 1, "amount": 5, "id": 2}', "`id` stands twice"),
    "a key given twice, spelled apart": (b'{"a": {"id": 1, "\\u0069d": 2}}', "`id` stands twice"),
    "backslashes in a text that never ends": (b'{"a": "' + b"\\" * 1_000_001, "not JSON"),
    "a million quotes": (b'"' * 1_000_001, "not JSON"),
    "ten megabytes": (b" " * 10_000_000, "at most"),
}


@pytest.mark.parametrize("what", FILES)
def test_a_file_that_would_unfold_is_refused(what: str) -> None:
    """Every one has a problem that says which limit it is over."""
    text, word = FILES[what]

    def work() -> str:
        document, found = read(text, "f.yaml")
        if what == "an exponent that explodes":
            return "number" if found or document is not None else ""
        return "\n".join(p.message for p in found)

    assert word in bounded(work)
    assert bounded(work)


@pytest.mark.parametrize("what", BODIES)
def test_a_body_that_would_unfold_is_malformed(what: str) -> None:
    """Every one is refused with the reason."""
    body, word = BODIES[what]

    def work() -> str:
        try:
            decode(body)
        except Malformed as problem:
            return str(problem)
        return "it was read"

    assert word in bounded(work)


EXPRESSIONS = {
    "a glob of stars": f"matches(issue.title, '{'*a' * 60}*b')",
    "brackets": "(" * 1_900,
    "products of digits": "*".join(["9" * 30] * 60),
    "powers": "9 ** 9 ** 9 ** 9",
    "a long text repeated": "'a' * 100000000",
    "choices in choices": "1 if true else " * 130 + "1",
    "a million comparisons": "1 < " * 400 + "1",
}


@pytest.mark.parametrize("what", EXPRESSIONS)
def test_an_expression_ends(what: str) -> None:
    """It is refused when it is read, or it has a value; it never takes more than the limits."""
    names = environment(["issue.changed"], words=[])

    def work() -> str:
        compiled, found = compile_expression(EXPRESSIONS[what], HERE, names)
        if compiled is None:
            return found[0].message
        try:
            return str(compiled.value(lambda name: "a" * 1_500))
        except ExpressionError as problem:
            return str(problem)

    assert bounded(work)


def test_addresses_and_mappings_are_matched_in_bounded_time() -> None:
    """Patterns that read what outside systems and authors write do not go back and forth over it."""

    def work() -> str:
        said = []
        for address in (
            "a" + " " * 50_000 + "<",
            '"' * 50_000,
            "a@" + "a." * 50_000,
            "<" * 50_000,
            "a" * 100_000 + "@",
        ):
            mail = Operation("email", "act_1", address, Message("x", "x"))
            try:
                compose(mail, Settings("mail", {"from": "a@b.example"}), NOW)
                said.append("composed")
            except ConnectorError as problem:
                said.append(str(problem)[:60])
        for path in ("a." * 100_000, "." * 100_000, "{" * 100_000, "a" * 100_000 + " "):
            said += problems_of_mapping([{"type": "issue.changed", "when": {path: 1}, "key": "{" + path}])[:1]
        return "\n".join(said)

    assert len(bounded(work).splitlines()) >= 5


HEAD = b"From: Ann Lee <ann@acme.example>\r\nSubject: x\r\n"
NESTED = b"".join(
    b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n) for n in range(4_000)
)
LETTERS = {
    "parts in parts": HEAD + NESTED,
    "mails in mails": HEAD + b"Content-Type: message/rfc822\r\n\r\n" * 8_000,
    "ten thousand parts": HEAD
    + b"Content-Type: multipart/mixed; boundary=b\r\n\r\n"
    + b"--b\r\n\r\nx\r\n" * 10_000,
    "brackets in the sender": b"From: " + b"(" * 250_000 + b"\r\n\r\nx",
    "angles in the sender": b"From: " + b"<" * 250_000 + b"\r\n\r\nx",
    "senders without end": b"From: " + b"a@b," * 60_000 + b"\r\n\r\nx",
    "quotes in the sender": b'From: "' + b'\\"' * 120_000 + b"\r\n\r\nx",
    "words that are encoded": HEAD.replace(b"x", b"=?utf-8?q?x?= " * 18_000) + b"\r\nx",
    "words that are half encoded": HEAD.replace(b"x", b"=?utf-8?q?" * 25_000) + b"\r\nx",
    "a parameter in pieces": HEAD
    + b"Content-Type: text/plain"
    + b"".join(b";\r\n c*%d=x" % n for n in range(20_000))
    + b"\r\n\r\nx",
    "twenty thousand headers": b"From: ann@acme.example\r\n" * 10_000 + b"\r\nx",
    "answers to everything": HEAD + b"References: " + b"<act_a@b> " * 25_000 + b"\r\n\r\nx",
    "elements in elements": HEAD + b"Content-Type: text/html\r\n\r\n" + b"<div><style>" * 20_000,
    "a tag that never ends": HEAD + b"Content-Type: text/html\r\n\r\n" + b"<a " + b"x='" * 80_000,
    "declarations that never end": HEAD + b"Content-Type: text/html\r\n\r\n" + b"<!--<![" * 30_000,
    "references to characters": HEAD + b"Content-Type: text/html\r\n\r\n" + b"&#" * 120_000,
    "a line that is nearly a quote": HEAD + b"\r\n" + b"On " * 80_000 + b"wrote",
    "blank lines": HEAD + b"\r\n" + b"\n" * 250_000,
    "a charset that is none": HEAD + b"Content-Type: text/plain; charset=" + b"z" * 200_000 + b"\r\n\r\nx",
    "bytes that are none": HEAD + b"Content-Transfer-Encoding: base64\r\n\r\n" + b"=" * 250_000,
    "a report of nothing": HEAD.replace(b"Ann Lee <ann@acme.example>", b"mailer-daemon@x.example")
    + b"Content-Type: multipart/report; boundary=b\r\n\r\n--b\r\nContent-Type: message/delivery-status\r\n\r\n"
    + b"Final-Recipient: rfc822; a@b\r\nAction: failed\r\n\r\n" * 4_000,
}


@pytest.mark.parametrize("what", LETTERS)
def test_a_mail_that_would_unfold_is_read_in_bounded_time(what: str) -> None:
    """As much of it as the inbox reads becomes few events with short texts, or none."""

    def work() -> str:
        found = events_of(Letter(LETTERS[what][:LONGEST], NOW), frozenset({"projects@northwind.example"}))
        assert len(found) <= 200
        assert all(len(str(value)) <= 10_000 for event in found for value in event.object.values())
        return f"{len(found)} events"

    assert bounded(work)


TEXTS = {
    "a text repeated": "{{ 'a' * 10**8 }}",
    "a power": "{{ 9 ** 9 ** 9 }}",
    "loops in loops": "{% for a in names %}{% for b in names %}{% for c in names %}x{% endfor %}{% endfor %}"
    "{% endfor %}",
    "loops that say nothing": "{% for a in names %}{% for b in names %}{% for c in names %}{% for d in names %}"
    "{% endfor %}{% endfor %}{% endfor %}{% endfor %}",
    "a range": "{% for a in range(10**9) %}x{% endfor %}",
    "an indent": "{{ 'a' | indent(10**9, true) }}",
    "a padding": "{{ 'a' | center(10**9) }}",
    "a format": "{{ '%1000000000d' | format(1) }}",
    "a format by method": "{{ '{:1000000000}'.format(1) }}",
    "a class": "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "globals": "{{ names.__init__.__globals__ }}",
    "an attribute by filter": "{{ '' | attr('__class__') }}",
    "a macro that calls itself": "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}",
    "a file": "{% include '/etc/passwd' %}",
    "an import": "{% import 'os' as os %}{{ os.environ }}",
}


@pytest.fixture(scope="module")
def renderer() -> Iterator[Renderer]:
    """The process in which texts are filled in."""
    made = Renderer()
    yield made
    made.close()


@pytest.mark.parametrize("what", TEXTS)
def test_a_text_that_eats_or_digs_harms_nobody(renderer: Renderer, what: str) -> None:
    """It ends with an error in plain words, and the next text is filled in as ever."""
    with pytest.raises(RenderError) as caught:
        renderer.render(Text("Hello", TEXTS[what], "", HERE), {"names": ["n"] * 3_000}, "en", "UTC")
    assert "Traceback" not in str(caught.value)
    assert renderer.render(Text("Hello", "You have {{ n }}.", "", HERE), {"n": 3}, "en", "UTC").body


@pytest.fixture
def seed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seed]:
    """A service to post to."""
    made = opened(tmp_path_factory.mktemp("home"))
    yield made
    close(made)


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "x-gzip", "identity, gzip"])
def test_a_compressed_delivery_is_not_unfolded(seed: Seed, coding: str) -> None:
    """A megabyte that would become a gigabyte: 415, with the mend, and nothing is kept."""
    bomb = gzip.compress(b" " * 50_000_000)
    secret = next(iter(seed.context.rulebook.connections["tracker"].webhook_secrets))
    signed = "sha256=" + hmac.new(secret.encode(), bomb, hashlib.sha256).hexdigest()
    headers = {"Content-Encoding": coding, "X-Hub-Signature": signed, "Content-Type": "application/json"}
    answer = seed.app.test_client().post("/hooks/tracker", data=bomb, headers=headers)
    assert answer.status_code == 415
    assert "compression" in json.loads(answer.text)["detail"]
