"""GitHub's webhooks: whom to believe, and what a delivery means.

In: a `Delivery`, its event type in a header and its action in the body. Out: `Inbound`. A milestone that was edited
tells its own date, and changes that of its issues without a word about them: a follow-up read finds them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from urllib.parse import parse_qs

from connectors import signatures
from connectors.base import Delivery, Inbound, Malformed, Read, Settings, Unsupported
from connectors.foreign import Foreign, read
from connectors.github.shape import (
    Source,
    comment_event,
    issue_event,
    label_name,
    login,
    milestone_event,
    milestone_fields,
)
from rules.facts.event import Record, digest

_ISSUE = {
    "opened": "issue.created",
    "closed": "issue.closed",
    "reopened": "issue.reopened",
    "deleted": "issue.deleted",
    "transferred": "issue.moved",
    **dict.fromkeys(("edited", "assigned", "unassigned", "labeled", "unlabeled"), "issue.changed"),
    **dict.fromkeys(("milestoned", "demilestoned", "typed", "untyped"), "issue.changed"),
}
_QUIET = frozenset({"pinned", "unpinned", "locked", "unlocked"})
_MILESTONE = {
    "created": "milestone.planned",
    "edited": "milestone.moved",
    "opened": "milestone.moved",
    "closed": "milestone.handed_over",
    "deleted": "milestone.cancelled",
}
_COMMENT = {"created": "comment.created", "edited": "comment.changed", "deleted": "comment.deleted"}

IGNORED = frozenset(
    {
        *(
            "ping",
            "label",
            "projects_v2",
            "projects_v2_item",
            "pull_request",
            "pull_request_review",
            "push",
            "star",
        ),
        *(
            "pull_request_review_comment",
            "pull_request_review_thread",
            "watch",
            "fork",
            "create",
            "delete",
            "release",
        ),
        *(
            "sub_issues",
            "issue_dependencies",
            "repository",
            "member",
            "meta",
            "status",
            "check_run",
            "check_suite",
        ),
        *("workflow_run", "workflow_job"),
    }
)


def verify(delivery: Delivery, settings: Settings) -> None:
    """`X-Hub-Signature-256` over the raw body. The older header with SHA-1 counts for nothing."""
    signatures.verify_hmac(delivery, settings.webhook_secrets, header="x-hub-signature-256", prefix="sha256=")


def sign(body: bytes, settings: Settings, now: datetime, name: str) -> Mapping[str, str]:
    """Headers as GitHub sends them; the event type is the first part of the file's name ("issues.opened__bug")."""
    return {
        "X-GitHub-Event": name.partition("__")[0].partition(".")[0],
        "X-GitHub-Delivery": digest(name, now.isoformat(), body.hex()),
        "X-Hub-Signature-256": signatures.sign_hmac(body, settings.webhook_secrets[0], prefix="sha256="),
    }


def delivery_id(delivery: Delivery) -> str | None:
    """The same when somebody lets GitHub deliver it again."""
    return delivery.headers.get("x-github-delivery")


def normalise(delivery: Delivery, settings: Settings) -> Inbound:
    """What a delivery means."""
    event = delivery.headers.get("x-github-event")
    if not event:
        raise Malformed("header x-github-event is missing")
    body = read(_payload(delivery))
    body.members()
    if event in IGNORED:
        return Inbound(ignored=f"{event} is not followed")
    handle = _HANDLERS.get(event)
    if handle is None:
        raise Unsupported(f"GitHub sent {event[:60]!r}, which this connector does not know")
    repo = body["repository"]
    source = Source(repo["full_name"].text(), settings, not repo["private"].flag(), delivery.received_at)
    return handle(body, body["action"].text(), source)


def _payload(delivery: Delivery) -> bytes:
    """GitHub can also send a form with the JSON in one field; the signature is over the form."""
    if not delivery.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        return delivery.body
    try:
        found = parse_qs(
            delivery.body.decode("ascii"), strict_parsing=True, max_num_fields=10, errors="strict"
        )
        return found["payload"][0].encode()
    except (ValueError, KeyError):
        raise Malformed(
            "the form has no field payload: set the webhook's content type to application/json"
        ) from None


def _issue(body: Foreign, action: str, source: Source) -> Inbound:
    issue, kind = body["issue"], _ISSUE.get(action)
    if kind is None and action not in _QUIET:
        raise Unsupported(f"GitHub did {action[:60]!r} to an issue, which this connector does not know")
    if kind is None or issue.get("pull_request"):
        return Inbound(
            ignored=f"{action}, on {'an issue' if kind is None else 'a pull request'}: not followed"
        )
    changed = issue["updated_at"].time()
    event = issue_event(
        kind,
        issue,
        source,
        at={"issue.created": issue["created_at"].time(), "issue.closed": _closed(issue)}.get(kind, changed),
        action=_told_apart(body, action),
        user=body.get("sender"),
        before=_before(body, action, source.repo),
    )
    if kind == "issue.moved":
        event.object.update(_new_place(body["changes"]))
    return Inbound((event,))


def _closed(issue: Foreign) -> datetime:
    """A poll knows a closing by this time, so that both name it alike."""
    return (issue.get("closed_at") or issue["updated_at"]).time()


def _told_apart(body: Foreign, action: str) -> str:
    """The action, and on which label, person or milestone: several may come within one second."""
    about = [body.get(name) for name in ("label", "assignee", "milestone")]
    return ":".join([action, *(thing["id"].id() for thing in about if thing)])


def _before(body: Foreign, action: str, repo: str) -> Record:
    """Former values, as far as the action tells them."""
    issue = body["issue"]
    if action == "edited":
        title = body["changes"].get("title")
        return {"title": title["from"].text()} if title else {}
    if action in {"labeled", "unlabeled"}:
        labels = [label_name(label) for label in issue["labels"].each()]
        name = label_name(body["label"]) if body.get("label") else None
        others = [label for label in labels if label != name]
        return {"labels": others if action == "labeled" or name is None else [*others, name]}
    if action == "transferred":
        return {"key": f"{repo}#{issue['number'].whole()}"}
    if action == "assigned":
        return {"assignee": None} if len(issue["assignees"].each()) == 1 else {}
    simple: dict[str, Record] = {
        "closed": {"status": "open"},
        "reopened": {"status": "closed"},
        "unassigned": {"assignee": login(body.get("assignee"))},
        "milestoned": milestone_fields(None),
        "demilestoned": milestone_fields(body.get("milestone")),
    }
    return simple.get(action, {})


def _new_place(changes: Foreign) -> Record:
    issue, repo = changes["new_issue"], changes["new_repository"]["full_name"].text()
    return {"key": f"{repo}#{issue['number'].whole()}", "url": issue["html_url"].text()}


def _comment(body: Foreign, action: str, source: Source) -> Inbound:
    issue, kind = body["issue"], _COMMENT.get(action)
    if kind is None:
        raise Unsupported(f"GitHub did {action[:60]!r} to a comment, which this connector does not know")
    if issue.get("pull_request"):
        return Inbound(ignored="a comment on a pull request is not followed")
    return Inbound(
        (comment_event(kind, body["comment"], issue["number"].whole(), source, body.get("sender")),)
    )


def _milestone(body: Foreign, action: str, source: Source) -> Inbound:
    milestone, kind = body["milestone"], _MILESTONE.get(action)
    if kind is None:
        raise Unsupported(f"GitHub did {action[:60]!r} to a milestone, which this connector does not know")
    changes = body.get("changes") if action == "edited" else None
    due, title = (changes.get(name) if changes else None for name in ("due_on", "title"))
    if action == "edited" and not (due or title):
        return Inbound(ignored="edited, on a milestone: neither its date nor its name")
    former: Record = {
        **({"due": due["from"].time().date() if due.get("from") else None} if due else {}),
        **({"title": title["from"].text()} if title else {}),
    }
    told = milestone_event(kind, milestone, source, action=action, user=body.get("sender"), before=former)
    return Inbound((told,), (_its_issues(milestone, former, source),) if former else ())


def _its_issues(milestone: Foreign, former: Record, source: Source) -> Read:
    """The read of the issues of a milestone: what they had of it before goes along."""
    due = former.get("due")
    before = {
        **({"due": due.isoformat() if due else None} if "due" in former else {}),
        **({"milestone": former["title"]} if "title" in former else {}),
    }
    params = {"repo": source.repo, "before": before, "at": milestone["updated_at"].time().isoformat()}
    return Read("milestone", str(milestone["number"].whole()), params)


_HANDLERS: Mapping[str, Callable[[Foreign, str, Source], Inbound]] = {
    "issues": _issue,
    "issue_comment": _comment,
    "milestone": _milestone,
}
