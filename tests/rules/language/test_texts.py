"""Texts: values in the reader's words, and nothing that a value or a template says can do harm."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from rules.facts.duration import Duration
from rules.facts.money import Money
from rules.language.model import UNKNOWN, Position, Text
from rules.language.text_check import inspect
from rules.language.texts import MAX_OUTPUT, TextError, render
from rules.language.wording import choose, is_locale

HERE = Position("texts/en.yaml", 3, 3)
NAMES: dict[str, Any] = {
    "project": {"name": "Apollo", "billing.kind": "time_and_materials"},
    "budget.spent": Money(Decimal(81000), "USD"),
    "budget": {"used": Decimal("0.81"), "lines.staff.total": Money(Decimal(80000), "USD")},
    "milestone": {"title": "Launch", "due": date(2026, 9, 21), "forecast_date": None},
    "now": datetime(2026, 9, 21, 20, tzinfo=UTC),
    "delay": Duration(3, "wd"),
    "hour": Duration(1, "h"),
    "count": 1234,
    "share": Decimal("1234.5"),
    "done": True,
    "names": ["Ann", "Bob", "Li"],
    "entries": [
        {"title": "Design", "amount": Money(Decimal(6200), "USD")},
        {"title": "Phones", "amount": None},
    ],
    "unknown": UNKNOWN,
}


def body(source: str, locale: str = "en", zone: str = "America/New_York", **more: Any) -> str:
    return render(Text("", source, "", HERE), {**NAMES, **more}, locale, zone).body


@pytest.mark.parametrize(
    ("source", "english", "chinese"),
    [
        ("{{ budget.used | percent }}", "81.0 %", "81.0%"),
        ("{{ budget.used | percent(0) }}", "81 %", "81%"),
        ("{{ milestone.due | day }}", "21 September 2026", "2026 年 9 月 21 日"),
        ("{{ milestone.due | day('weekday') }}", "Monday, 21 September 2026", "2026 年 9 月 21 日（星期一）"),
        ("{{ milestone.due | day('short') }}", "21 September", "9 月 21 日"),
        ("{{ now | when }}", "21 September 2026, 16:00 (New York)", "2026 年 9 月 21 日 16:00（纽约时间）"),
        ("{{ now | day }}", "21 September 2026", "2026 年 9 月 21 日"),
        ("{{ delay }}", "3 working days", "3 个工作日"),
        ("{{ hour | duration }}", "1 hour", "1 小时"),
        ("{{ names | list }}", "Ann, Bob and Li", "Ann、Bob和Li"),
        ("{{ done }}", "yes", "是"),
        (
            "{{ count }} {{ share | number(2) }} {{ share }}",
            "1,234 1,234.50 1,234.5",
            "1,234 1,234.50 1,234.5",
        ),
        ("{{ milestone.forecast_date | day }}{{ milestone.forecast_date }}", "––", "––"),
        ("{{ project.billing.kind }}", "time_and_materials", "time_and_materials"),
        ("{{ budget.lines.staff.total | money }}", "USD 80,000.00", "USD 80,000.00"),
    ],
)
def test_values_in_the_words_of_the_reader(source: str, english: str, chinese: str) -> None:
    """Money with its code, dates written out, times with their city; nothing is a dash, never None or 0."""
    assert body(source) == english
    assert body(source, "zh-CN") == chinese


def test_the_day_is_that_of_the_readers_zone() -> None:
    """The same moment is Monday in New York and Tuesday in Shanghai."""
    assert body("{{ now | day('short') }}", zone="Asia/Shanghai") == "22 September"
    assert body("{{ now | when }}", zone="UTC") == "21 September 2026, 20:00 (UTC)"


def test_other_locales_follow_the_common_locale_data() -> None:
    """A locale without texts of ours still writes its dates and lists in its own manner."""
    assert (
        body("{{ milestone.due | day }}; {{ names | list }}", "de") == "21. September 2026; Ann, Bob und Li"
    )


def test_conditions_and_loops() -> None:
    """A block that says nothing leaves no hole in the message."""
    source = (
        "Start\n\n{% if milestone.forecast_date %}\nForecast.\n{% endif %}\n\n"
        "{% for e in entries %}\n| {{ e.title }} | {{ e.amount | money }} |\n{% endfor %}\n\n\n\nEnd  \n"
    )
    assert body(source) == "Start\n\n| Design | USD 6,200.00 |\n| Phones | – |\n\nEnd"


def test_a_name_can_be_asked_for_before_it_is_used() -> None:
    """`is defined` and `is known` answer for names that are not there this time."""
    assert body("{% if entry is defined %}x{% else %}none{% endif %}") == "none"
    assert body("{% if milestone.forecast_date is known %}x{% else %}none{% endif %}") == "none"
    assert body("{% if unknown is known %}x{% else %}none{% endif %}") == "none"


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("{{ nobody }}", "`nobody` is not known"),
        ("{{ budget.spend }}", "`budget.spend` is not known"),
        ("{{ unknown }}", "`unknown` is not known"),
        ("{% if unknown %}x{% endif %}", "`unknown` is not known"),
        ("{{ budget }}", "`budget` is an object"),
        ("{{ budget.spent | percent }}", "`percent` cannot show"),
        ("{{ project.name | money }}", "`money` cannot show"),
    ],
)
def test_what_cannot_be_said_is_not_sent(source: str, told: str) -> None:
    """A missing name or a wrong filter is an error that names it; never an empty place in a message."""
    with pytest.raises(TextError, match=told):
        body(source)


@pytest.mark.parametrize(
    "source",
    [
        "{{ ''.__class__.__mro__ }}",
        "{{ project.__class__ }}",
        "{{ names.append(1) }}",
        "{{ milestone.due.year }}",
        "{{ range(100000000) }}",
        "{{ 'x' * 100000000 }}",
        "{{ project.name ~ project.name.__len__() }}",
        "{{ self }}",
        "{{ cycler }}",
        "{% include 'x' %}",
        "{{ names[0].__class__ }}",
    ],
)
def test_templates_reach_nothing_of_python(source: str) -> None:
    """No attribute, call, product or other file can be reached from a text, even unchecked."""
    with pytest.raises(TextError):
        body(source)


def test_the_size_of_a_message_is_bounded() -> None:
    """Loops over long lists end; a text that grows too long is refused."""
    source = "{% for a in names %}{% for b in names %}" + "x" * 300 + "{% endfor %}{% endfor %}"
    with pytest.raises(TextError, match=f"{MAX_OUTPUT:,}"):
        body(source, names=["n"] * 10_000)


def test_a_subject_is_one_line() -> None:
    """Nothing in a value can add a header to a mail."""
    text = Text("{{ title }}\r\nBcc: a@b.example", "x", "", HERE)
    made = render(text, {"title": "Hello\r\nBcc: evil@x.example\x00\u2028"}, "en", "UTC")
    assert "\n" not in made.subject
    assert "\r" not in made.subject
    assert made.subject == "Hello Bcc: evil@x.example Bcc: a@b.example"
    assert made.short == made.subject


@pytest.mark.parametrize(
    "hostile", ["x\n\n[Pay now](https://evil.example)\n\n", "a | b |\n| c", "\u202egnp.exe", "\x1b[31m"]
)
def test_values_never_act_as_markup(hostile: str) -> None:
    """A title from a tracker cannot become a button, a row, a paragraph or turn the text around."""
    made = body("Before {{ title }} after", title=hostile)
    assert "](" not in made
    assert "|" not in made
    assert "\n" not in made
    assert "\u202e" not in made
    assert "\x1b" not in made


def test_a_button_of_the_author_stays() -> None:
    """The link that the text's author placed is kept as written."""
    assert (
        body("[Decide]({{ link }})", link="https://p.example/a/t0ken")
        == "[Decide](https://p.example/a/t0ken)"
    )


def test_internal_keys_are_not_there() -> None:
    """Keys that begin with _ or $ are the engine's own."""
    with pytest.raises(TextError):
        body("{{ _secret }}", _secret="x")


@pytest.mark.parametrize(
    ("source", "message", "hint"),
    [
        ("{{ x | monney }}", "there is no filter `monney`", "did you mean `money`?"),
        ("{{ x is even }}", "there is no test `even`", "tests: defined, none, known"),
        ("{{ x.y() }}", "`x()` cannot stand in a text", "filters stand behind a name"),
        ("{{ x[0] }}", "`x[...]` cannot stand in a text", "write object.field"),
        ("{{ x + 1 }}", "`add` cannot stand in a text", "texts do not calculate"),
        ("{% set x = 1 %}", "`set` cannot stand in a text", "use names, filters, if and for"),
        ("{% for a in [1, 2] %}{% endfor %}", "a loop goes over a name", "{% for item in object.field %}"),
        ("{{ x", "something opened here is not closed", "close {{ with }}"),
        ("{% if x %}", "something opened here is not closed", "{% endif %}"),
        ("{% foo %}", "this word cannot stand in {% %}", "use if"),
        ("See [Decide]({{ link }}) now", "a button stands in a paragraph of its own", "blank line"),
    ],
)
def test_a_wrong_template_is_told_in_plain_words(source: str, message: str, hint: str) -> None:
    """What a template may not use is told before any message is made of it."""
    faults = inspect(source)[1]
    assert [f.message for f in faults] == [message]
    assert hint in faults[0].hint


def test_names_of_a_text_with_their_places() -> None:
    """Every name is found with its place, those of loop items and those only asked for marked."""
    source = "{% if entry is defined %}{{ entry.number }}{% endif %}\n{% for e in entries %}{{ e.amount }}{% endfor %}"
    used = inspect(source)[0]
    assert [(u.name, u.item, u.tested) for u in used] == [
        ("entry", False, True),
        ("entry.number", False, False),
        ("entries", False, False),
        ("e.amount", True, False),
    ]
    assert [source[u.offset : u.offset + len(u.name)] for u in used] == [u.name for u in used]


def test_the_readers_locale_picks_the_text() -> None:
    """Exactly the locale, else its language; another language or region is never sent instead."""
    texts = {"en": "a", "zh-CN": "b"}
    assert choose(texts, "en-GB") == "a"
    assert choose(texts, "zh-CN") == "b"
    assert choose(texts, "zh") == "b"
    assert choose(texts, "zh-TW") is None
    assert choose(texts, "de") is None
    assert is_locale("zh-CN")
    assert not is_locale("english")
