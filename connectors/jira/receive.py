"""Jira's webhooks: whom to believe, and what a delivery means.

In: a `Delivery` of Cloud or Data Center. Out: `Inbound`. A worklog, and on Data Center a comment, names its issue by
number only, a version its project: then a follow-up read completes the event.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from connectors import signatures
from connectors.base import Delivery, Inbound, Malformed, Read, Settings, Unsupported
from connectors.foreign import Foreign, read
from connectors.jira.shape import NAMED_BY, account, change_kinds, comment_event, issue_event
from rules.facts.event import SourceEvent, digest

_VERBS = {"created": "created", "updated": "changed", "deleted": "deleted"}
_WORKLOG = {"created": "time.logged", "updated": "time.changed", "deleted": "time.deleted"}
_VERSION = {
    "created": "milestone.planned",
    "updated": "milestone.moved",
    "released": "milestone.handed_over",
    "unreleased": "milestone.moved",
    "deleted": "milestone.cancelled",
}
# What a comment comes as inside of an issue's update, on Data Center; none: its own delivery tells.
_COMMENTED = {
    "issue_commented": "comment.created",
    "issue_comment_edited": "comment.changed",
    "issue_comment_deleted": None,
}

IGNORED = frozenset(
    {
        "jira:version_moved",
        *(f"sprint_{verb}" for verb in ("created", "started", "closed", "updated", "deleted")),
        *(
            f"project_{verb}"
            for verb in ("created", "updated", "deleted", "soft_deleted", "restored_deleted")
        ),
        *(f"project_{verb}" for verb in ("archived", "restored_archived")),
        *(f"user_{verb}" for verb in ("created", "updated", "deleted")),
        *(f"board_{verb}" for verb in ("created", "updated", "deleted", "configuration_changed")),
        *("issue_property_set", "issue_property_deleted", "issuelink_created", "issuelink_deleted"),
        *("attachment_created", "attachment_deleted", "jira:worklog_updated"),
    }
)


def verify(delivery: Delivery, settings: Settings) -> None:
    """`X-Hub-Signature` over the body; with `auth: query` the secret in the address, as old Data Center knows it."""
    if settings.get("auth") == "query" and "x-hub-signature" not in delivery.headers:
        signatures.verify_token(
            delivery, settings.webhook_secrets, delivery.query.get("secret"), "query secret"
        )
    else:
        signatures.verify_hmac(delivery, settings.webhook_secrets, header="x-hub-signature", prefix="sha256=")


def sign(body: bytes, settings: Settings, now: datetime, name: str) -> Mapping[str, str]:
    """Headers as Jira Cloud sends them."""
    return {
        "X-Hub-Signature": signatures.sign_hmac(body, settings.webhook_secrets[0], prefix="sha256="),
        "X-Atlassian-Webhook-Identifier": digest(name, now.isoformat(), body.hex()),
    }


def delivery_id(delivery: Delivery) -> str | None:
    """Cloud gives one that stays the same on retries, Data Center none."""
    return delivery.headers.get("x-atlassian-webhook-identifier")


def normalise(delivery: Delivery, settings: Settings) -> Inbound:
    """What a delivery means."""
    body = read(delivery.body)
    name = body["webhookEvent"].text()
    if name in IGNORED:
        return Inbound(ignored=f"{name} is not followed")
    noun, _, verb = name.removeprefix("jira:").rpartition("_")
    handle = _HANDLERS.get(noun)
    if handle is None or verb not in (_VERSION if noun == "version" else _VERBS):
        raise Unsupported(f"Jira sent {name[:60]!r}, which this connector does not know")
    return handle(body, verb, settings)


def _issue(body: Foreign, verb: str, settings: Settings) -> Inbound:
    issue, user, at = body["issue"], body.get("user"), body["timestamp"].epoch(1000)
    if verb != "updated":
        return Inbound((issue_event(f"issue.{verb}", issue, settings, at=at, user=user),))
    named = body.get("issue_event_type_name")
    hint = named.text() if named else ""
    changelog = body.get("changelog")
    items = changelog["items"].each() if changelog else []
    events = _comments(body, hint, settings)
    if items or not (events or hint in _COMMENTED):
        kinds = change_kinds(issue, items, hint)
        events += [issue_event(kind, issue, settings, at=at, user=user, change=changelog) for kind in kinds]
    if events:
        return Inbound(tuple(events))
    told = "only the order on the board changed" if items else "the comment is told by its own delivery"
    return Inbound(ignored=told)


def _comments(body: Foreign, hint: str, settings: Settings) -> list[SourceEvent]:
    """The comment that an update brings along; old servers do not say whether it is new."""
    comment = body.get("comment")
    if comment is None:
        return []
    fresh = comment["created"].time() == comment["updated"].time()
    kind = _COMMENTED.get(hint, "comment.created" if fresh else "comment.changed")
    return [comment_event(kind, comment, body["issue"], settings)] if kind else []


def _comment(body: Foreign, verb: str, settings: Settings) -> Inbound:
    comment, at = body["comment"], body["timestamp"].epoch(1000) if verb == "deleted" else None
    kind = f"comment.{_VERBS[verb]}"
    issue = body.get("issue")
    if issue is not None:
        return Inbound((comment_event(kind, comment, issue, settings, at),))
    where = comment["self"].text().partition("/issue/")[2].partition("/")[0]
    if not where.isdecimal():
        raise Malformed(f"{comment.path}.self names no issue, .../issue/NUMBER/comment/... expected")
    return _completed_by_read(kind, where, "comment", comment, at)


def _worklog(body: Foreign, verb: str, _: Settings) -> Inbound:
    worklog = body["worklog"]
    at = body["timestamp"].epoch(1000) if verb == "deleted" else None
    return _completed_by_read(_WORKLOG[verb], worklog["issueId"].id(), "worklog", worklog, at)


def _version(body: Foreign, verb: str, _: Settings) -> Inbound:
    version, at = body["version"], body["timestamp"].epoch(1000)
    kept = {name: version[name].value for name in _KEPT["version"] if name in version}
    params = {"event": _VERSION[verb], "version": kept, "at": at.isoformat()}
    return Inbound(reads=(Read("version", version["projectId"].id(), params),))


# What of a comment, worklog or version an event needs: kept with the read, so that it tells the state of this delivery.
_KEPT = {
    "version": ("id", "name", "releaseDate", "released"),
    "comment": ("id", "body", "created", "updated", "jsdPublic", "visibility"),
    "worklog": ("id", "created", "updated", "started", "timeSpentSeconds"),
}


def _completed_by_read(kind: str, issue: str, noun: str, thing: Foreign, at: datetime | None) -> Inbound:
    kept = {name: thing[name].value for name in _KEPT[noun] if name in thing}
    for role in ("author", "updateAuthor"):
        user = thing.get(role)
        if user is not None:
            account(user)
            usual = bool(user.get("accountId") or user.get("name"))
            names = ("accountId", "name", "emailAddress") if usual else NAMED_BY
            kept[role] = {n: user[n].id() for n in names if user.get(n)}
    params = {"event": kind, noun: kept, "at": at.isoformat() if at else None}
    return Inbound(reads=(Read("issue", issue, params),))


_HANDLERS: Mapping[str, Callable[[Foreign, str, Settings], Inbound]] = {
    "issue": _issue,
    "comment": _comment,
    "worklog": _worklog,
    "version": _version,
}
