"""Cards of rules with a memory of time: what stays, what does not come and how often, in both languages."""

from __future__ import annotations

from pathlib import Path

import pytest

from rules.cards.phrases import phrases
from rules.cards.sentences import sentence
from tests.rules.language.small_workspace import load, workspace

EXAMPLES = Path(__file__).parents[1] / "examples"


@pytest.mark.parametrize(
    ("example", "rule", "locale", "words"),
    [
        (
            "21-stays-true-for",
            "receipt-chase",
            "en",
            "and this stays so for 3 working days and 5 working days: if",
        ),
        (
            "21-stays-true-for",
            "receipt-chase",
            "en",
            "if 3 working days have passed, a mail to whoever submitted it",
        ),
        (
            "21-stays-true-for",
            "receipt-chase",
            "zh-CN",
            "并持续 3 个工作日、5 个工作日时：（已满 3 个工作日）发邮件给提交人",
        ),
        (
            "22-if-not-followed-by",
            "approver-silent",
            "en",
            (
                "When a decision is asked for, unless a decision is answered, runs out of time or is withdrawn within "
                "5 working days (working days of the client): a mail to the client's sponsor."
            ),
        ),
        (
            "22-if-not-followed-by",
            "approver-silent",
            "zh-CN",
            "5 个工作日（按客户的工作日）内未见确认请求得到答复、逾期或撤回时",
        ),
        ("23-counts", "reopened-again-and-again", "en", "3 times within 7 days for the same issue"),
        ("23-counts", "reopened-again-and-again", "zh-CN", "且同一工作项在 7 天内达到 3 次时"),
    ],
)
def test_the_card_says_what_the_rule_waits_for(example: str, rule: str, locale: str, words: str) -> None:
    """Each memory word has its words, with every duration and number that it names."""
    path = EXAMPLES / f"{example}.yaml"
    found, _ = load(path.read_text(encoding="utf-8"), path.name)
    assert found is not None
    assert words in sentence(found.rules[rule], phrases(locale), workspace())
