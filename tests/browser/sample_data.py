"""What the gallery shows: one small agency, Northwind Studio, and its client Acme. No database, no server.

In: a locale. Out: values in the shapes that the macros document.
"""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from service.web.budget_bar import draw_budget_bar

NOW = datetime(2026, 9, 21, 4, 30, tzinfo=UTC)
LONG_ID = "evt_01J8ZC4Q5R6S7T8U9V0W1X2Y3Zabcdefghijklmnopqrstuvwxyz0123456789"
LONG_WORD = "https://tracker.northwind.example/browse/APO-12?focusedCommentId=" + "1029384756" * 12

Say = Callable[[str, str], str]


def sayer(locale: str) -> Say:
    """Picks the English or the Chinese of two given sentences."""
    return lambda english, chinese: chinese if locale == "zh-CN" else english


def minutes_ago(count: int) -> datetime:
    """That long before the moment at which the pages are made."""
    return NOW - timedelta(minutes=count)


def budgets() -> dict[str, Any]:
    """Budget bars of every kind: usual, over, nothing spent, crowded levels, no budget at all, credits."""
    usd = Decimal
    levels = [usd("0.5"), usd("0.8"), usd(1)]
    crowded = [usd("0.5"), usd("0.75"), usd("0.8"), usd("0.9"), usd("0.95"), usd(1), usd("1.1"), usd("1.25")]
    return {
        "usual": draw_budget_bar(
            "USD",
            usd(100000),
            usd(81000),
            usd(6400),
            usd(134200),
            usd(5000),
            [*levels, usd("1.1"), usd("1.25")],
        ),
        "calm": draw_budget_bar("USD", usd(120000), usd(42000), usd(9000), usd(104000), usd(12000), levels),
        "over": draw_budget_bar("CNY", usd(100000), usd(113640), usd(0), usd(131000), usd(5000), crowded),
        "fresh": draw_budget_bar("JPY", usd(5000000), usd(0), levels=levels),
        "none": draw_budget_bar("USD", usd(0), usd(0), levels=levels),
        "credit": draw_budget_bar("USD", usd(1000), usd(-200), usd(300), levels=levels),
    }


def frame(say: Say, room: str) -> dict[str, Any]:
    """What the console's frame needs, for one room."""
    return {
        "organisation": "Northwind Studio",
        "room": room,
        "person": {"name": say("Lin Hao", "林浩"), "role": "lead"},
        "counts": {"messages": 2, "approvals": 1, "dead_letters": 3},
        "projects": [
            {"name": "Apollo", "href": "?project=apollo"},
            {"name": "Birch", "href": "?project=birch"},
            {
                "name": say(
                    "Harbour relaunch, second phase, with the new booking desk",
                    "港口预订平台二期改版及移动端适配",
                ),
                "href": "?p=3",
            },
        ],
        "project": None,
        "here": "/events?state=failed",
        "notices": [],
    }


def verdicts(say: Say) -> list[dict[str, Any]]:
    """A rule that fired with its tree, a near miss, one that lacked a value, one out of scope."""
    return [
        {
            "code": "fired",
            "sentence": say(
                "When 50 %, 80 % or 100 % of the budget is spent, the client's billing contact is told.",
                "预算使用达到 50%、80% 或 100% 时，通知客户的对账联系人。",
            ),
            "rule": "budget/levels",
            "place": "packs/budget/rules.yaml:14",
            "why": say(
                "budget.used went from 79.0 % to 81.0 % and crossed 80 %.",
                "budget.used 由 79.0% 升至 81.0%，达到 80% 档位。",
            ),
            "conditions": [
                {
                    "text": "budget.used crosses 80%",
                    "result": True,
                    "values": [(say("before", "之前"), "79.0 %"), (say("now", "现在"), "81.0 %")],
                    "deciding": True,
                },
                {
                    "text": 'project.status == "active" and entry.class != "travel"',
                    "result": True,
                    "values": [],
                    "parts": [
                        {
                            "text": 'project.status == "active"',
                            "result": True,
                            "values": [("project.status", "active")],
                        },
                        {
                            "text": 'entry.class != "travel"',
                            "result": True,
                            "values": [("entry.class", "staff")],
                        },
                    ],
                },
            ],
            "actions": [
                {
                    "says": say(
                        "Mail to Bob Ray: Apollo: 81.0 % of the budget is spent",
                        "发给 Bob Ray 的邮件：Apollo：预算已使用 81.0%",
                    ),
                    "href": "/messages/act_1",
                    "state": "waiting",
                },
                {
                    "says": say(
                        "Task for Lin Hao: agree options with Ann by Thursday",
                        "林浩的待办：周四前与 Ann 商定方案",
                    ),
                    "href": "/messages/act_2",
                    "state": "sent",
                },
            ],
            "links": [
                (say("Try on this event", "用此事件试算"), "#"),
                (say("Open the rule", "打开规则"), "#"),
                (say("Silence", "停用提醒"), "#"),
            ],
        },
        {
            "code": "not_crossed",
            "sentence": say(
                "When the forecast passes the budget, the lead gets a task with options.",
                "预计总支出超出预算时，为项目负责人建立待办。",
            ),
            "rule": "forecast-overrun",
            "place": "rules/apollo.yaml:12",
            "why": "",
            "conditions": [
                {
                    "text": "forecast.at_completion / budget.total crosses 100%",
                    "result": False,
                    "values": [(say("value", "数值"), "99.2 %"), (say("level", "档位"), "100 %")],
                    "deciding": True,
                },
            ],
            "near": say(
                "at 100 %, that is USD 800.00 more at completion.", "完工预计再增加 USD 800.00，即达到 100%。"
            ),
            "links": [(say("Open the rule", "打开规则"), "#")],
        },
        {
            "code": "unknown",
            "sentence": say(
                "When the cost index falls below 0.9, the sponsor gets a notice.",
                "成本绩效指数低于 0.9 时，告知客户方负责人。",
            ),
            "rule": "control/cost_index",
            "place": "packs/control/rules.yaml:41",
            "missing": ["earned.cpi"],
            "conditions": [{"text": "earned.cpi < 0.9", "result": None, "values": [], "deciding": True}],
        },
        {
            "code": "out_of_scope",
            "sentence": say(
                "Internal projects report on the last working day of the month.",
                "内部项目在每月最后一个工作日汇报。",
            ),
            "rule": "internal-month-" + "very-long-rule-identifier-" * 3,
            "place": "rules/internal.yaml:3",
        },
    ]


def story(say: Say) -> list[dict[str, Any]]:
    """Four days of a project, newest first."""
    at = datetime(2026, 9, 21, 1, 14, tzinfo=UTC)
    return [
        {
            "day": date(2026, 9, 21),
            "moments": [
                {
                    "side": "middle",
                    "says": say(
                        "81.0 % of the budget is spent (USD 81,000.00)", "预算已使用 81.0%（USD 81,000.00）"
                    ),
                    "at": at,
                },
                {
                    "side": "team",
                    "who": say("Mail to Bob Ray", "发给 Bob Ray 的邮件"),
                    "says": say("Apollo: 81.0 % of the budget is spent", "Apollo：预算已使用 81.0%"),
                    "at": at,
                    "href": "/messages/act_1",
                    "mark": ("action", "sent"),
                },
                {
                    "side": "client",
                    "who": "Bob Ray",
                    "says": say("Thank you. Please call Ann about the options.", "收到，请与 Ann 沟通方案。"),
                    "at": at + timedelta(hours=3),
                    "href": "#",
                },
            ],
        },
        {
            "day": date(2026, 9, 18),
            "moments": [
                {
                    "side": "client",
                    "who": "Ann Lee",
                    "says": say("Approved change CR-6", "同意变更 CR-6"),
                    "at": at - timedelta(days=3),
                    "href": "#",
                    "mark": ("approval", "approved"),
                },
                {
                    "side": "middle",
                    "says": say(
                        "Budget 92,000.00 → 100,000.00; Launch 27 November → 4 December",
                        "预算 92,000.00 → 100,000.00；上线 11 月 27 日 → 12 月 4 日",
                    ),
                    "at": None,
                },
                {
                    "side": "team",
                    "who": say("Comment on APO-12", "APO-12 的评论"),
                    "says": LONG_WORD,
                    "at": at - timedelta(days=3, hours=-1),
                    "href": "#",
                    "mark": ("action", "unknown"),
                },
            ],
        },
    ]


def latest(say: Say) -> list[tuple[str, str, int]]:
    """(sentence, delivery state, minutes ago) of what came last."""
    return [
        (
            say(
                "Bill BILL-91 for design work was received: USD 6,200.00",
                "收到供应商账单 BILL-91（设计工时）：USD 6,200.00",
            ),
            "decided",
            2,
        ),
        (say("APO-12 was moved to Waiting for client", "APO-12 已转为“待客户处理”"), "decided", 14),
        (
            say(
                "A delivery from the tracker could not be read as JSON",
                "任务系统的一条接收记录无法按 JSON 读取",
            ),
            "malformed",
            31,
        ),
        (
            say("Ann Lee opened the decision on change CR-7", "Ann Lee 打开了变更 CR-7 的确认页面"),
            "decided",
            55,
        ),
        (
            say("Time was logged on BIR-3 by a person that nobody knows", "BIR-3 登记了工时，登记人未匹配"),
            "unmatched",
            190,
        ),
    ]


def notices(t: Callable[..., str]) -> list[dict[str, str]]:
    """The lines above a page."""
    return [
        {
            "tone": "warn",
            "text": t("frame.notice.observe", project="Birch"),
            "href": "/x",
            "label": t("frame.notice.look"),
        },
        {
            "tone": "bad",
            "text": t("frame.notice.rules_refused"),
            "href": "/rules",
            "label": t("frame.notice.look"),
        },
    ]


def decide_errors(t: Callable[..., str]) -> dict[str, str]:
    """What a client left out of the form."""
    return {key: t(f"client.decide.need_{key}") for key in ("decision", "name", "statement")}
