"""First-send review: which messages the lead has to release, and whom the waiting is told when the lead does not.

In: a rule and what it is about to say to a client; later, what still waits. Out: whether it waits for release and until
when before the deputy is told, and the mail that tells.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from rules.engine.parties import hours_of
from rules.engine.state import Draft, State
from rules.engine.verdicts import Planned
from rules.facts.calendar import local_day
from rules.facts.duration import Duration
from rules.facts.event import digest
from rules.facts.project import Person
from rules.facts.working_hours import after_working_time
from rules.language.model import ActionSpec, Rule, RuleSet
from rules.language.wording import choose

RELEASE_WITHIN: Final = Duration(4, "h")


def needs_review(rule: Rule, spec: ActionSpec, mode: str, draft: Draft, client: str | None) -> bool:
    """Whether the lead has to release a client-facing message, by the project's mode or by the rule's own word.

    `review: N` holds the first N of each client, counted anew when the rule changes.
    """
    wanted = spec.review if spec.review is not None else rule.review
    if mode == "review" or wanted == "always":
        return True
    return wanted is not None and _reviewed(rule, draft, client) < int(wanted)


def count_review(rule: Rule, spec: ActionSpec, draft: Draft, project: str | None, client: str | None) -> None:
    """One more message of the rule was held for this client."""
    wanted = spec.review if spec.review is not None else rule.review
    if wanted is None or wanted == "always":
        return
    id = _review_id(rule, client)
    count = _reviewed(rule, draft, client) + 1
    draft.put("review", {"id": id, "project": project, "client": client, "rule": rule.id, "count": count})


def with_release(planned: Planned, rule: Rule, state: State) -> Planned:
    """The message under review, with the moment from which on the deputy may know: so much of the lead's hours on."""
    lead = _holder("lead", planned, state)
    cals, hours, zone = hours_of(
        "team", replace(planned, recipient=lead.id if lead else None), state.workspace
    )
    within = rule.release_within or RELEASE_WITHIN
    return replace(planned, release_by=after_working_time(state.now, within, cals, hours, zone))


@dataclass(frozen=True, slots=True)
class Unreleased:
    """A message that the lead has not released in time. `since`: when it began to wait."""

    planned: Planned
    since: datetime


def tell_deputy(unreleased: Iterable[Unreleased], state: State, rules: RuleSet) -> list[Planned]:
    """One mail to the deputy of each project about everything that waits there; none where there is no deputy."""
    by_project: dict[str, list[Unreleased]] = {}
    for one in unreleased:
        by_project.setdefault(one.planned.project or "", []).append(one)
    told = [_mail(waiting, state, rules) for waiting in by_project.values()]
    return [mail for mail in told if mail is not None]


def _mail(waiting: list[Unreleased], state: State, rules: RuleSet) -> Planned | None:
    first = waiting[0].planned
    deputy, lead = _holder("deputy", first, state), _holder("lead", first, state)
    project = state.workspace.projects.get(first.project or "")
    if deputy is None or project is None or (lead is not None and lead.id == deputy.id):
        return None
    return Planned(
        id="act_" + digest("release", *sorted(one.planned.id for one in waiting)),
        event=first.event,
        rule=first.rule,
        kind="email",
        ordinal=0,
        due=state.now,
        project=first.project,
        client=first.client,
        recipient=deputy.id,
        address=deputy.email,
        target=f"mail/{deputy.id}",
        text={"inline": _TEXTS},
        locale=deputy.locale,
        names={
            "project": {"name": project.name},
            "lead": lead.name if lead else project.lead,
            "waiting": [_line(one, deputy, state, rules) for one in waiting],
        },
        spec="release",
        passes=True,
    )


def _line(one: Unreleased, deputy: Person, state: State, rules: RuleSet) -> Mapping[str, object]:
    rule, reader = rules.rules.get(one.planned.rule), state.workspace.people.get(one.planned.recipient or "")
    title = choose(rule.title, deputy.locale) or next(iter(rule.title.values())) if rule else one.planned.rule
    return {"title": title, "to": reader.name if reader else one.planned.target, "since": one.since}


def _holder(role: str, planned: Planned, state: State) -> Person | None:
    project = state.workspace.projects.get(planned.project or "")
    if project is None:
        return None
    held = state.workspace.holders(role, project, local_day(state.now, project.time_zone))
    return held[0] if held else None


def _reviewed(rule: Rule, draft: Draft, client: str | None) -> int:
    record = draft.get("review", _review_id(rule, client))
    return int(record["count"]) if record else 0


def _review_id(rule: Rule, client: str | None) -> str:
    return f"{rule.id}|{client or ''}|{digest(rule.source)}"


_TEXTS: Final[Mapping[str, Mapping[str, str]]] = {
    "en": {
        "subject": "{{ project.name }}: {{ waiting | length }} for the client not released yet",
        "body": (
            "{{ lead }} has not released this in time. Nothing reaches the client before somebody does: "
            "read it under Messages in the console, then release or cancel it.\n\n"
            "{% for one in waiting %}\n"
            "- {{ one.title }}, to {{ one.to }}, waiting since {{ one.since | when }}\n"
            "{% endfor %}\n"
        ),
        "short": "{{ project.name }}: {{ waiting | length }} for the client not released yet",
    },
    "zh-CN": {
        "subject": "{{ project.name }}：{{ waiting | length }} 条对客户的消息待放行",
        "body": (
            "{{ lead }}未在规定时间内放行以下消息，放行前不会发给客户。请在控制台“消息”页查看后放行或取消。\n\n"
            "{% for one in waiting %}\n"
            "- {{ one.title }}，收件人{{ one.to }}，{{ one.since | when }}起等待\n"
            "{% endfor %}\n"
        ),
        "short": "{{ project.name }}：{{ waiting | length }} 条对客户的消息待放行",
    },
}
