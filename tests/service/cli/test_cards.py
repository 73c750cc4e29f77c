"""`accord cards`: rules in plain words, in English and Chinese."""

from __future__ import annotations

from pathlib import Path

from tests.service.cli.places import Accord, accord, edit, home, parsed

__all__ = ["accord", "home"]


def card(accord: Accord, home: Path, rule: str, locale: str) -> dict[str, str]:
    """The card of one rule."""
    found = parsed(accord("cards", home, "--locale", locale, "--json")[1])
    return next(one for one in found if one["rule"] == rule)


def test_every_rule_has_a_sentence_and_what_it_sends(home: Path, accord: Accord) -> None:
    """In English and in Chinese, in the order of the files; rules that send nothing show no sample."""
    for locale in ("en", "zh-CN"):
        found = parsed(accord("cards", home, "--locale", locale, "--json")[1])
        assert [one["rule"] for one in found][:2] == ["budget/levels", "changes/draft"]
        assert all(one["sentence"] and one["title"] for one in found)
        assert [one["rule"] for one in found if not one["body"]] == ["changes/draft", "changes/added"]


def test_a_card_says_when_what_and_for_whom(home: Path, accord: Accord) -> None:
    """Trigger, levels, conditions and every action are in the sentence, in words."""
    english = card(accord, home, "budget/levels", "en")
    assert (
        "the share of the budget that is spent reaches 50 %, 80 % or 100 % for the first time"
        in english["sentence"]
    )
    assert "a mail to the client's billing contact" in english["sentence"]
    assert (
        "if the level is at least 100 %, a task for the project lead within 1 working day"
        in english["sentence"]
    )
    chinese = card(accord, home, "budget/levels", "zh-CN")
    assert "预算使用比例首次达到 50%、80%或100%时" in chinese["sentence"]
    assert "给项目负责人一项待办（1 个工作日内）" in chinese["sentence"]


def test_reminders_name_their_days(home: Path, accord: Accord) -> None:
    """Working days before and after a date, whose days they are, and the condition."""
    sentence = card(accord, home, "milestones/reminder", "en")["sentence"]
    assert sentence.startswith(
        "10 working days before, 5 working days before, 1 working day before and on the date"
    )
    assert "(working days of the client)" in sentence
    assert "if it is 5 working days before, a task for the project lead" in sentence


def test_a_sample_is_the_text_as_it_will_read(home: Path, accord: Accord) -> None:
    """Figures of the project's own budget, names of its own people; the client's language picks the project."""
    english = card(accord, home, "changes/ask", "en")
    assert english["subject"].startswith("Apollo: your decision on change CR-7 by ")
    assert "USD 8,000.00 (budget then USD 108,000.00)" in english["body"]
    chinese = card(accord, home, "changes/ask", "zh-CN")
    assert chinese["subject"].startswith("产线看板：请于 ")
    assert "CNY 24,000.00" in chinese["body"]


def test_a_rule_of_ones_own_has_a_card_too(home: Path, accord: Accord) -> None:
    """Conditions with sums and shares are put into words; what has no words is quoted as it stands."""
    own = card(accord, home, "large-bill", "en")
    assert "the amount is more than 10 % of the budget" in own["sentence"]
    edit(
        home / "rules" / "team.yaml",
        "- entry.base_amount > budget.total * 10%",
        "- 'convert(entry.base_amount, \"USD\") > max(1 USD, 2 USD)'",
    )
    assert "the amount is more than `max(1 USD, 2 USD)`" in card(accord, home, "large-bill", "en")["sentence"]


def test_switched_off_rules_say_so(home: Path, accord: Accord) -> None:
    """An override that disables a rule shows on its card."""
    edit(
        home / "rules" / "team.yaml",
        "override:\n",
        "override:\n  - {rule: milestones/overdue, disabled: true}\n",
    )
    _, out, _ = accord("cards", home)
    assert "A milestone is overdue (switched off)" in out


def test_files_that_cannot_be_used_have_no_cards(home: Path, accord: Accord) -> None:
    """What is wrong is told instead."""
    edit(home / "rules" / "team.yaml", "budget.total * 10%", "budget.totl * 10%")
    code, _, err = accord("cards", home)
    assert code == 1
    assert "totl" in err
