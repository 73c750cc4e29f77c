"""Longer texts of the gallery: a payload, the event it was, the text of a change, a mail with every kind of block."""

from typing import Any

from tests.browser.sample_data import Say

INVOICE = "0f1c2d3e-4b5a-6978-8796-a5b4c3d2e1f0"
LINK = "https://accord.northwind.example/c/7hT9kQ2mV4xY8zB1nD5pR3sW6uJ0aE"
PAYLOAD = f"""{{
  "events": [
    {{
      "resourceUrl": "https://api.books.example/api.xro/2.0/Invoices/{INVOICE}",
      "resourceId": "{INVOICE}",
      "eventCategory": "INVOICE",
      "eventType": "UPDATE"
    }}
  ]
}}"""
EVENT = """{
  "id": "evt_01J8ZC4Q5R",
  "type": "bill.received",
  "project": "apollo",
  "data": {
    "number": "BILL-91",
    "amount": "6200.00",
    "currency": "USD",
    "class": "staff"
  }
}"""
AGREED_EN = """Change: add an export to spreadsheet.
Effect: + USD 8,000.00 (budget then USD 108,000.00) and + 5 working days (Launch moves from 4 to 11 December 2026).
If it is not approved, the export is left out; nothing else changes."""
AGREED_ZH = """变更内容：增加导出表格功能。
影响：费用 + USD 8,000.00（预算变为 USD 108,000.00），工期 + 5 个工作日（上线由 2026 年 12 月 4 日调整为 12 月 11 日）。
如不同意，则不做该功能，其余不变。"""
NEWS_EN = """The last entries were design work, week 38 (USD 6,200.00) and test devices (USD 1,150.00).

Lin Hao will call you this week with three options. Nothing is needed from you today."""
NEWS_ZH = """最近两笔：第 38 周设计工时 USD 6,200.00，测试设备 USD 1,150.00。

林浩本周会与您沟通三个可选方案。您今天无需操作。"""


def agreed(say: Say) -> str:
    """The exact text of a change."""
    return say(AGREED_EN, AGREED_ZH)


def mail_blocks(say: Say, budget: Any, labels: list[str]) -> list[dict[str, Any]]:
    """One block of every kind."""
    ends = say(
        "At the present pace the budget ends on 14 October; the plan runs to 4 December.",
        "按目前进度，预算约在 10 月 14 日用完，而计划至 12 月 4 日。",
    )
    figures = [
        (say("Spent as of 21 September 2026", "截至 2026 年 9 月 21 日已支出"), "USD 81,000.00", "81.0 %"),
        (say("Budget", "预算"), "USD 100,000.00"),
        (say("Forecast", "预计"), "USD 134,200.00"),
    ]
    kinds = [
        [say("Staff", "人工"), "USD 72,400.00", "89.4"],
        [say("Equipment", "设备"), "USD 8,600.00", "10.6"],
    ]
    columns = [say("Kind", "科目"), say("Spent", "已支出"), "%"]
    return [
        {"kind": "bar", "bar": budget, "labels": labels, "sentence": ends},
        {"kind": "figures", "rows": figures},
        {"kind": "text", "text": say(NEWS_EN, NEWS_ZH)},
        {"kind": "table", "title": say("Spend by kind", "分类支出"), "columns": columns, "rows": kinds},
        {
            "kind": "list",
            "title": say("Done", "已完成"),
            "items": [say("Prototype handed over", "原型已交付")],
        },
        {"kind": "list", "title": say("Waits on you", "待您处理"), "items": []},
        {"kind": "quote", "title": say("What was agreed", "已确认的内容"), "text": agreed(say)},
        {
            "kind": "button",
            "label": say("See the project", "查看项目"),
            "href": LINK,
            "note": say("No account is needed.", "无需注册账号。"),
        },
    ]


def alert_mail(say: Say, locale: str, budget: Any, labels: list[str], banner: str) -> dict[str, Any]:
    """The 80 % mail of a time and materials project; `banner` as in observe mode, or empty."""
    return {
        "locale": locale,
        "subject": say("Apollo: 81.0 % of the budget is spent", "Apollo：预算已使用 81.0%"),
        "sender": "Northwind Studio",
        "project": "Apollo",
        "banner": banner,
        "heading": say("81.0 % of the budget is spent.", "预算已使用 81.0%。"),
        "blocks": mail_blocks(say, budget, labels),
        "none": say("none", "无"),
        "button_is": say(f"The address of the button: {LINK}", f"按钮对应的地址：{LINK}"),
        "small": [
            say("You get this mail as billing contact of Apollo.", "您作为 Apollo 的对账联系人收到此邮件。"),
            say("Answer this mail to reach us.", "直接回复本邮件即可联系我们。"),
        ],
    }
