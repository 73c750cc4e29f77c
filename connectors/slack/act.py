"""The `chat` operation: one message into one channel, by an incoming webhook or by the Web API.

In: an operation with a rendered message. Out: `Done`, or `ConnectorError`. HTTP 200 is no success by itself: the
webhook has to say `ok`, the Web API `"ok": true`. Neither has a key that makes a second try harmless.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from connectors.base import ConnectorError, Done, Http, Operation, Response, Settings
from connectors.foreign import answer
from connectors.http import url
from connectors.operations import refused
from connectors.redaction import hidden, redact

BASE_URL: Final = "https://slack.com/api"
LONGEST_HEADER: Final = 150
LONGEST_SECTION: Final = 3000
SECTIONS: Final = 10
# An escaped character takes up to five.
_PIECE: Final = LONGEST_SECTION // 5
_MARK: Final = "❗ "
_MENTION: Final = re.compile(r"(?P<all>here|channel|everyone)|(?P<person>[UW][A-Z0-9]{2,20})")
_TRY_AGAIN: Final = frozenset({"ratelimited", "rate_limited", "request_timeout", "service_unavailable"})
_NOBODY_KNOWS: Final = frozenset({"fatal_error", "internal_error"})
_MENDS: Final = {
    "channel_not_found": "`channel` names none that the app can see",
    "not_in_channel": "invite the app into the channel",
    "is_archived": "the channel is archived, name another one in `channel`",
    "invalid_auth": "`token` is not valid, make a new one",
    "not_authed": "`token` is not valid, make a new one",
    "token_revoked": "`token` was revoked, make a new one",
    "account_inactive": "the app was removed, install it again",
    "missing_scope": "give the app the scope chat:write",
}


def chat(operation: Operation, settings: Settings, http: Http) -> Done:
    """Send the message. keys read: `urgent` adds a mark; `mention` names here, channel, everyone or a member id."""
    body = compose(operation, settings)
    if not settings.get("token"):
        return _by_webhook(body, settings, http)
    found = http.request(
        "POST",
        url(settings, "/chat.postMessage", BASE_URL),
        headers=_headers(settings),
        json={"channel": _channel(settings), "link_names": False, "unfurl_links": False, **body},
    )
    told = _accepted(found, settings)
    return Done(receipt=f"{told['channel'].text()}/{told['ts'].text()}", detail="ok")


def check(settings: Settings, http: Http) -> str:
    """Whom Slack takes us for; an incoming webhook can only be tried by posting."""
    if not settings.get("token"):
        _webhook(settings)
        return "posts by an incoming webhook, which cannot be tried without a message"
    found = http.request("POST", url(settings, "/auth.test", BASE_URL), headers=_headers(settings))
    told = _accepted(found, settings)
    return f"posts as {told['user'].text()} in {told['team'].text()}, channel {_channel(settings)}"


def compose(operation: Operation, settings: Settings) -> dict[str, Any]:
    """The body: `text` for notifications, blocks for reading. Nothing that a tracker wrote can mention or link."""
    subject, said = (
        operation.message.subject.strip(),
        (operation.message.short or operation.message.body).strip(),
    )
    if not subject and not said:
        raise refused(settings, "the message is empty")
    mark = _MARK if operation.keys.get("urgent") else ""
    header = _header(mark + subject) if subject else ""
    sections = list(_sections(said if subject else mark + said))
    mention = _mention(operation.keys.get("mention"), settings)
    if mention:
        sections.insert(0, mention)
    title = [{"type": "header", "text": {"type": "plain_text", "text": header}}] if header else []
    return {
        "text": "\n".join([header, *sections][:3]).strip(),
        "blocks": [
            *title,
            *({"type": "section", "text": {"type": "mrkdwn", "text": section}} for section in sections),
        ],
    }


def _header(text: str) -> str:
    """One line that fits a header block once it is escaped."""
    line = " ".join(text.split())
    while len(_escaped(line)) > LONGEST_HEADER:
        line = line[:-2] + "…"
    return _escaped(line)


def _sections(text: str) -> Iterator[str]:
    """The text escaped, in pieces that fit a block, broken at line ends where that is possible."""
    lines = [line[at : at + _PIECE] for line in text.splitlines() for at in range(0, len(line) or 1, _PIECE)]
    made, piece = 0, ""
    for line in map(_escaped, lines):
        longer = f"{piece}\n{line}" if piece else line
        if len(longer) <= LONGEST_SECTION:
            piece = longer
            continue
        yield piece
        made, piece = made + 1, line
        if made == SECTIONS:
            yield "…"
            return
    if piece.strip():
        yield piece


def _escaped(text: str) -> str:
    """Slack's three control characters as entities: without a bare `<` there is no mention and no hidden link."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _mention(word: Any, settings: Settings) -> str:
    if not word:
        return ""
    match = _MENTION.fullmatch(str(word))
    if match is None:
        raise refused(
            settings, f"`mention` is {str(word)[:40]!r}, here, channel, everyone or a member id expected"
        )
    return f"<!{match['all']}>" if match["all"] else f"<@{match['person']}>"


def _by_webhook(body: dict[str, Any], settings: Settings, http: Http) -> Done:
    found = http.request("POST", _webhook(settings), json=body)
    said = found.content[:200].decode("utf-8", "replace").strip()
    if said != "ok":
        shown = redact(said, hidden(settings))
        raise ConnectorError(
            f"{settings.name}: Slack did not say ok but {shown!r}", retryable=False, status=found.status
        )
    return Done(detail="ok")


def _accepted(found: Response, settings: Settings) -> Any:
    """The answer of the Web API when it says ok; its error otherwise, whatever the status was."""
    told = answer(found, "Slack")
    if told["ok"].flag():
        return told
    word = told["error"].text()[:60] if "error" in told else "no reason"
    wait = found.headers.get("retry-after", "")
    raise ConnectorError(
        f"{settings.name}: Slack refused: {word}" + (f"; {_MENDS[word]}" if word in _MENDS else ""),
        retryable=word in _TRY_AGAIN | _NOBODY_KNOWS,
        retry_after=float(wait) if wait.isdecimal() else None,
        outcome_unknown=word in _NOBODY_KNOWS,
        status=found.status,
    )


def _webhook(settings: Settings) -> str:
    address = settings.get("url")
    if not address:
        raise refused(settings, "set `url` (incoming webhook), or `token` and `channel`")
    return str(address)


def _channel(settings: Settings) -> str:
    channel = settings.get("channel")
    if not channel:
        raise refused(settings, "with `token` set `channel` too")
    return str(channel)


def _headers(settings: Settings) -> dict[str, str]:
    return {"Authorization": f"Bearer {settings.get('token')}"}
