"""Tasks for the team that the domain itself opens: what has to be mended in, a task record and its event out.

A task is about one thing (a person without a rate, a document without an exchange rate); while it is open the same
thing opens no second one. What happened before the project was live opens none.
"""

from __future__ import annotations

from typing import Any, Final

from rules.engine.effects.shapes import Act, Applied, shown
from rules.facts.event import Event, digest
from rules.facts.project import Project

_TITLES: Final[dict[str, tuple[str, str]]] = {
    "no_rate": (
        "Time of {person} on {day} has no {rate}: add one under people.{person}.{rate}, then replay {entry}",
        "{person} 在 {day} 的工时没有费率（{rate}）：请在 people.{person}.{rate} 中补充，然后重放记录 {entry}",
    ),
    "unknown_account": (
        "The account {person} of {connection} is nobody's: add it to the `accounts` of a person, then replay {entry}",
        "账号 {person}（{connection}）找不到对应人员：请在该人员的 accounts 中添加此账号，然后重放记录 {entry}",
    ),
    "incomplete": (
        "The entry {entry} counts nothing, it has no {missing}: complete it in {connection}",
        "记录 {entry} 缺少 {missing}，未计入台账：请在 {connection} 中补全",
    ),
    "no_exchange_rate": (
        "{what} of {amount} has no rate to {currency}, so it counts nothing yet: give it a rate in {connection}",
        "{what}（{amount}）没有折算为 {currency} 的汇率，暂未计入台账：请在 {connection} 中补充汇率",
    ),
    "after_close": (
        "{what} of {amount} came after {name} was closed: settle it with the client or reopen the project",
        "{name} 已结项，又收到 {what}（{amount}）：请与客户结清，或重新打开项目",
    ),
    "cannot_activate": (
        "{name} cannot be activated: {gaps}",
        "{name} 无法启动：{gaps}",
    ),
    "no_approver": (
        "Nobody of {client} may approve for {name}: give a contact the role `approver`",
        "{client} 没有人可为 {name} 做确认：请为一位联系人设置 approver 角色",
    ),
    "baseline_moved": (
        "{number} was applied, but the budget had moved since it was sent: the client saw {told}, it is now {total}",
        "{number} 已生效，但发出之后基线有过变动：当时告知客户的预算为 {told}，现为 {total}",
    ),
    "plan_moved": (
        "{name} was not rebased: its file was edited after the question was sent; ask again for what it says now",
        "{name} 未改基线：申请发出后项目文件又有改动，请按现在的内容重新申请",
    ),
    "not_agreed": (
        "{by} does not agree: {what} ({reason})",
        "{by} 不同意：{what}（{reason}）",
    ),
    "absurd_amount": (
        "{what} of {amount} is over ten times the budget, so it counts nothing; if it is meant: Books, or {command}",
        "{what}（{amount}）超过预算的十倍，暂未计入台账；如确认无误，请在项目的「账目」页确认，或执行：{command}",
    ),
    "far_date": (
        "{what} of {amount} is dated {day}, so it counts nothing; if it is meant: Books, or {command}",
        "{what}（{amount}）的日期为 {day}，暂未计入台账；如确认无误，请在项目的「账目」页确认，或执行：{command}",
    ),
    "unknown_currency": (
        "{entry} is in {currency}, which is no currency, and counts nothing: correct it in {connection}",
        "记录 {entry} 的币种 {currency} 不存在，未计入台账：请在 {connection} 中更正",
    ),
    "came_back": (
        "A mail to {who} came back ({why}): check the address, then send it again: accord redrive {id}",
        "发给{who}的邮件被退回（{why}）：请核对地址，然后重新发送：accord redrive {id}",
    ),
    "reserve_short": (
        "{amount} cannot be drawn from the reserve of {name}: {left} is left of it",
        "{name} 的应急预备金仅剩 {left}，无法动用 {amount}",
    ),
}


def open_task(
    act: Act, project: Project, kind: str, about: str, owner: str | None = None, **values: Any
) -> tuple[Event, ...]:
    """The event of a new task about one thing, or nothing where such a task is open or the event is history."""
    task_id = "tsk_" + digest(project.id, kind, about)
    known = act.draft.get("task", task_id)
    if act.event.history or (known is not None and known["status"] == "open"):
        return ()
    owner = owner or project.lead
    fields = {"owner": owner, "kind": kind, "title": title(act, owner, kind, **values)}
    task = act.draft.put("task", act.new(project, task_id, **fields, status="open", due=None, done_at=None))
    return (act.cause("task.opened", task_id, task=task),)


def title(act: Act, owner: str, kind: str, **values: Any) -> str:
    """What a task of this kind says, in the language of its owner."""
    workspace = act.state.workspace
    locale = workspace.people[owner].locale if owner in workspace.people else workspace.locale
    return _TITLES[kind][locale.lower().startswith("zh")].format(**values)


def opened(act: Act) -> Applied:
    """`task.opened` from outside is kept as it is; one of ours is on record already."""
    task = act.event.objects.get("task", {})
    if act.project is None or not task.get("id"):
        return Applied(act.event)
    known = act.draft.get("task", task["id"])
    record = known or act.draft.put(
        "task", {"status": "open", **shown(task), **act.new(act.project, task["id"])}
    )
    return Applied(act.seen(task=record))


def done(act: Act) -> Applied:
    """`task.done`: the record says so, once."""
    known = act.draft.get("task", act.event.objects.get("task", {}).get("id") or act.event.key or "")
    if known is None:
        return Applied(act.event)
    if known["status"] == "done":
        return Applied(act.seen(task=known))
    record = act.draft.change("task", known["id"], status="done", done_at=act.event.at)
    return Applied(act.seen({"status": known["status"]}, task=record))
