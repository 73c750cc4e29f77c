"""The words of the interface: the same names in every language, filled in exactly, in the right number."""

import re
from decimal import Decimal
from typing import get_args

import pytest
import yaml
from jinja2 import Environment, FileSystemLoader
from markupsafe import Markup

from rules.engine.verdicts import VerdictKind
from rules.facts.ledger import CLASSES
from rules.facts.project import CLIENT_ROLES, TEAM_ROLES
from service.store.actions import BLOCKED_BY, OVER
from service.web.wording import LOCALES, TEXTS, MissingWording, best_locale, names_in, wording_for

EN, ZH = wording_for("en"), wording_for("zh-CN")
TEMPLATES = TEXTS.parent / "templates"
PROMISED = {
    "verdict": {*get_args(VerdictKind), "not_triggered"},
    "action": {*OVER, *BLOCKED_BY, "planned", "failed", "awaiting_review", "observed", "suppressed"},
    "delivery": {"received", "normalised", "decided", "malformed", "ignored", "parked", "unmatched"},
    "event": {"new", "decided", "parked"},
}


def test_both_languages_have_every_text() -> None:
    """A text of one language exists in the other, needs the same values, and is not empty."""
    assert EN.texts.keys() == ZH.texts.keys()
    differing = {key for key in EN.texts if names_in(EN.texts[key]) != names_in(ZH.texts[key])}
    assert differing == set()
    assert [key for w in (EN, ZH) for key, text in w.texts.items() if not text] == []


@pytest.mark.parametrize("locale", LOCALES)
def test_no_name_is_written_twice(locale: str) -> None:
    """YAML would keep the last of two equal keys in silence; the catalogues have none."""
    tree = yaml.compose((TEXTS / f"{locale}.yaml").read_text(encoding="utf-8"), Loader=yaml.SafeLoader)
    assert doubled(tree, "") == []


def doubled(node: yaml.Node | None, path: str) -> list[str]:
    """Dotted names that occur twice in one mapping."""
    if not isinstance(node, yaml.MappingNode):
        return []
    names = [key.value for key, _ in node.value]
    own = [f"{path}{name}" for name in set(names) if names.count(name) > 1]
    return own + [found for key, value in node.value for found in doubled(value, f"{path}{key.value}.")]


def test_every_text_that_a_template_names_exists() -> None:
    """`t("…")` in a frame or macro never fails for want of a text, in any language."""
    named = {
        key
        for file in TEMPLATES.rglob("*.html")
        for key in re.findall(r"""\bt\(["']([a-z_0-9.]+)["'][,)]""", file.read_text(encoding="utf-8"))
    }
    assert {key for key in named if not EN.has(key)} == set()


@pytest.mark.parametrize("family", sorted(PROMISED))
def test_every_state_has_its_word_and_its_sentence(family: str) -> None:
    """Whatever the engine or the store can say has a mark, a word and an explanation in both languages."""
    shown = marks()[family]
    assert PROMISED[family] - shown.keys() == set()


def test_every_mark_is_worded() -> None:
    """No mark is colour alone: each state of each family has a word and one sentence, ended by a full stop."""
    for family, codes in marks().items():
        for code in codes:
            assert len(EN.t(f"states.{family}.{code}.word")) <= 25
            assert EN.t(f"states.{family}.{code}.means").endswith(".")
            assert ZH.t(f"states.{family}.{code}.means").endswith("。")


def test_no_state_is_worded_without_a_mark() -> None:
    """A state that was removed does not linger in the catalogue."""
    worded = {tuple(key.split(".")[1:3]) for key in EN.texts if key.startswith("states.")}
    assert worded == {(family, code) for family, codes in marks().items() for code in codes}


def marks() -> dict[str, dict[str, str]]:
    """Tone by family and state, as the macros have them."""
    env = Environment(loader=FileSystemLoader(TEMPLATES), autoescape=True)
    tones: dict[str, dict[str, str]] = env.get_template("macros/marks.html").module.tones  # type: ignore[attr-defined]
    return tones


def test_roles_and_classes_of_the_workspace_have_words() -> None:
    """Every role of a contact or a colleague and every cost class can be printed."""
    assert [role for role in (*TEAM_ROLES, *CLIENT_ROLES) if not EN.has(f"mail.roles.{role}")] == []
    assert [name for name in CLASSES if not EN.has(f"projects.classes.{name}")] == []


def test_a_number_chooses_its_form() -> None:
    """One thing needs you, two things need you; Chinese has one form; figures are grouped."""
    assert EN.t("overview.needs", count=1) == "1 thing needs you."
    assert EN.t("overview.needs", count=1200) == "1,200 things need you."
    assert ZH.t("overview.needs", count=1200) == "有 1,200 项需要您处理。"
    assert EN.t("words.days", count=Decimal("1.5")) == "1.5 days"


def test_latin_words_and_figures_stand_apart_from_chinese() -> None:
    """A space comes between Han and Latin where a value is filled in, and none between Han and Han."""
    assert ZH.t("client.done.next_approved", sender="Northwind") == "即时生效，Northwind 将据此执行。"
    assert ZH.t("client.done.next_approved", sender="北风工作室") == "即时生效，北风工作室将据此执行。"
    assert ZH.t("events.why_hint", fired=1, count=4) == "4 条规则中触发 1 条"


def test_a_value_never_becomes_markup_by_itself() -> None:
    """Only what is markup already stays markup; everything filled in beside it is escaped."""
    plain = EN.t("events.from", connection="<b>")
    mixed = EN.t("findings.file_differs", what="Budget", file="<b>", record=Markup("<i>1</i>"))
    assert (plain, isinstance(plain, Markup)) == ("from <b>", False)
    assert mixed == "Budget is &lt;b&gt; in the file and <i>1</i> on record"
    assert isinstance(mixed, Markup)


def test_a_value_in_braces_is_left_alone() -> None:
    """Text of people may hold braces; it is not read as a name."""
    assert EN.t("events.from", connection="{secret}") == "from {secret}"


def test_a_wrong_call_names_what_is_missing() -> None:
    """An unknown text, a plural without its number and a value that was not given each say so."""
    with pytest.raises(MissingWording, match=r"en: no text rooms\.cellar"):
        EN.t("rooms.cellar")
    with pytest.raises(MissingWording, match=r"overview\.needs changes with a number"):
        EN.t("overview.needs")
    with pytest.raises(MissingWording, match=r"zh-CN: events\.from needs the value connection"):
        ZH.t("events.from")


@pytest.mark.parametrize(
    ("wanted", "chosen"),
    [
        (["zh"], "zh-CN"),
        (["zh-Hans-CN"], "zh-CN"),
        (["zh_CN"], "zh-CN"),
        (["fr", "en-GB"], "en"),
        (["fr"], "en"),
        ([], "en"),
    ],
)
def test_a_reader_gets_the_nearest_language(wanted: list[str], chosen: str) -> None:
    """The first language that we have, in the reader's order; English where there is none."""
    assert best_locale(wanted) == chosen


def test_an_unknown_locale_is_named() -> None:
    """There is no silent fallback for a locale written by hand."""
    with pytest.raises(LookupError, match="no interface texts for 'fr'"):
        wording_for("fr")
