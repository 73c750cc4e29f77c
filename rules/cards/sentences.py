"""A rule as one plain sentence: when, under which condition, what is done, for whom.

In: a rule, the phrases of a language, the workspace for names. Out: one sentence that promises nothing the rule does
not do: every action and every condition is in it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

from rules.cards.conditions import amount, condition
from rules.cards.phrases import Phrases
from rules.facts.duration import Duration
from rules.facts.project import Workspace
from rules.language.expressions import Compiled
from rules.language.model import (
    ActionSpec,
    Around,
    Counts,
    Crosses,
    Every,
    Expression,
    NotFollowed,
    Rule,
    StaysTrue,
    When,
)
from rules.language.variables import read_variable


def sentence(rule: Rule, phrases: Phrases, workspace: Workspace) -> str:
    """The rule in one sentence."""
    words = _Sentence(rule, phrases, workspace)
    return words.chinese() if phrases.chinese else words.english()


class _Sentence:
    def __init__(self, rule: Rule, phrases: Phrases, workspace: Workspace) -> None:
        self.rule = rule
        self.phrases = phrases
        self.workspace = workspace

    def english(self) -> str:
        conditions = [condition(c, self.phrases) for c in self.rule.conditions]
        asked = f", if {' and '.join(conditions)}" if conditions else ""
        memory = self._memory()
        once = f", once for each {self._keys(' and ')}" if self.rule.once_per else ""
        does = "; ".join(self._actions())
        whole = f"{self._trigger()}{asked}{memory}{once}: {does}{self._noise()}{self._taken_back()}."
        return whole[0].upper() + whole[1:]

    def chinese(self) -> str:
        conditions = [condition(c, self.phrases) for c in self.rule.conditions]
        asked = f"，且{'，且'.join(conditions)}" if conditions else ""
        once = f"（每个{self._keys('、')}仅一次）" if self.rule.once_per else ""
        does = "；".join(self._actions())
        return (
            f"{self._trigger()}{asked}{self._memory()}时{once}：{does}{self._noise()}{self._taken_back()}。"
        )

    # When

    def _trigger(self) -> str:
        trigger = self.rule.trigger
        if isinstance(trigger, When):
            joined = self._events(trigger.types)
            return f"当{joined}" if self.phrases.chinese else f"when {joined}"
        return self._around(trigger) if isinstance(trigger, Around) else self._every(trigger)

    def _events(self, types: Iterable[str]) -> str:
        by_noun: dict[str, list[str]] = {}
        for name in sorted(types):
            noun, verb = self.phrases.event(name)
            by_noun.setdefault(noun, []).append(verb)
        said = [
            f"{noun}{'' if self.phrases.chinese else ' '}{self.phrases.either(verbs)}"
            for noun, verbs in by_noun.items()
        ]
        return self.phrases.either(said)

    def _around(self, trigger: Around) -> str:
        date = self.phrases.field(trigger.date)
        days = [self._offset(offset) for offset in trigger.offsets]
        calendar = self._calendar()
        if self.phrases.chinese:
            return f"在{date}的{'、'.join(days)}{calendar}"
        return f"{', '.join(days[:-1])}{' and ' if len(days) > 1 else ''}{days[-1]} {date}{calendar}"

    def _offset(self, offset: Duration) -> str:
        length = self.phrases.wording.duration(offset)
        if self.phrases.chinese:
            return "当天" if not offset else f"{'前' if offset.amount < 0 else '后'} {length}"
        return "on" if not offset else f"{length} {'before' if offset.amount < 0 else 'after'}"

    def _calendar(self) -> str:
        if "client" not in self.rule.calendar:
            return ""
        return "（按客户的工作日）" if self.phrases.chinese else " (working days of the client)"

    def _every(self, trigger: Every) -> str:
        when = _clock(trigger.cron, chinese=self.phrases.chinese) if trigger.cron else f"`{trigger.written}`"
        zone = _ZONES[self.phrases.chinese].get(trigger.zone, trigger.zone)
        each = _EACH[self.phrases.chinese].get(trigger.for_each, trigger.for_each)
        return f"{when}（{zone}），对{each}" if self.phrases.chinese else f"{when} ({zone}), for {each}"

    # Memory

    def _memory(self) -> str:
        """What has to happen besides: a level reached, a time that passes, a number of times."""
        rule, chinese = self.rule, self.phrases.chinese
        if rule.crosses is not None:
            return f"，且{self._ladder(rule.crosses)}" if chinese else f" and {self._ladder(rule.crosses)}"
        if isinstance(rule.wait, StaysTrue):
            return self._staying(rule.wait)
        if isinstance(rule.wait, NotFollowed):
            within, events = self._lengths(rule.wait.lengths), self._events(rule.wait.events)
            return f"，且{within}内未见{events}" if chinese else f", unless {events} within {within}"
        return self._counting(rule.counts) if rule.counts is not None else ""

    def _staying(self, wait: StaysTrue) -> str:
        lengths = self._lengths(wait.lengths)
        if self.phrases.chinese:
            return f"，并持续{lengths}"
        return f", and this stays so for {lengths}"

    def _counting(self, counts: Counts) -> str:
        within, thing = self.phrases.wording.duration(counts.within), self.phrases.field(counts.by)
        if self.phrases.chinese:
            return f"，且同一{thing}在 {within}内达到 {counts.at_least} 次"
        return f", {counts.at_least} times within {within} for the same {thing.removeprefix('the ')}"

    def _lengths(self, lengths: Sequence[Duration]) -> str:
        said = [self.phrases.wording.duration(one) for one in lengths]
        calendar = self._calendar() if any(one.unit == "wd" for one in lengths) else ""
        joined = "、".join(said) if self.phrases.chinese else self.phrases.both(said)
        return f" {joined}{calendar}" if self.phrases.chinese else f"{joined}{calendar}"

    def _ladder(self, crosses: Crosses) -> str:
        value = condition(crosses.value, self.phrases)
        levels = self.phrases.either([self._level(level, crosses) for level in self._levels(crosses)])
        down = crosses.direction == "down"
        if self.phrases.chinese:
            return f"{value}{'首次降到' if down else '首次达到'} {levels}"
        return f"{value} {'falls to' if down else 'reaches'} {levels} for the first time"

    def _levels(self, crosses: Crosses) -> list[Any]:
        if isinstance(crosses.levels, tuple):
            return list(crosses.levels)
        name = crosses.levels.text.removeprefix("vars.")
        given = self.workspace.vars.get(name, self.rule.vars.get(name)) or ()
        return [read_variable(one) for one in given]

    def _level(self, level: Any, crosses: Crosses) -> str:
        written = "percent" if crosses.currency is None and abs(level) <= _LARGEST_SHARE else "number"
        return amount(level, written, self.phrases) + (f" {crosses.currency}" if crosses.currency else "")

    def _keys(self, joint: str) -> str:
        return joint.join(self.phrases.field(name) for name in self.rule.once_per)

    # Noise

    def _noise(self) -> str:
        """How often a reader hears of it, what is gathered, what is read again."""
        said = [one for one in (self._at_most(), self._digest(), self._read_first()) if one]
        return "".join(f"；{one}" if self.phrases.chinese else f"; {one}" for one in said)

    def _at_most(self) -> str:
        most = self.rule.at_most
        if most is None:
            return ""
        per, keys = self.phrases.wording.duration(most.per), [self.phrases.field(name) for name in most.key]
        if self.phrases.chinese:
            each = f"就每个{'、'.join(keys)}" if keys else ""
            return f"{each}每位收件人 {per}内最多 {most.times} 条"
        each = f" about each {' and '.join(keys)}" if keys else ""
        times = "once" if most.times == 1 else f"{most.times} times"
        return f"each reader hears{each} at most {times} in {per}"

    def _digest(self) -> str:
        digest = self.rule.digest
        if digest is None:
            return ""
        over = self.rule.at_most is not None
        keys = [self.phrases.field(name) for name in digest.key]
        if self.phrases.chinese:
            what, each = ("超出的" if over else "多条"), f"按{'、'.join(keys)}" if keys else ""
            when = (
                f"首条之后 {self.phrases.wording.duration(digest.after)}" if digest.after else f"{digest.at} "
            )
            return f"{what}{each}合并为一条，于{when}发送"
        what, each = (
            ("the rest is" if over else "several are"),
            f" for each {' and '.join(keys)}" if keys else "",
        )
        when = (
            f"{self.phrases.wording.duration(digest.after)} after the first"
            if digest.after
            else f"at {digest.at}"
        )
        return f"{what} gathered{each} into one message, {when}"

    def _read_first(self) -> str:
        if self.rule.read_first is None:
            return ""
        noun = self.phrases.field(f"{self.rule.read_first}.id")
        return (
            f"发送前从来源重新读取{noun}"
            if self.phrases.chinese
            else f"{noun} is read again from its source first"
        )

    def _taken_back(self) -> str:
        if self.rule.crosses is None:
            return ""
        if self.phrases.chinese:
            return "；若其后有更正致使不再达到，则告知所有收到通知的人"
        return "; should a correction take it back, whoever was told is told so"

    # What

    def _actions(self) -> list[str]:
        said = [self._action(spec) for spec in self.rule.do]
        return [one for one in said if one]

    def _action(self, spec: ActionSpec) -> str:
        asked = self._settled(spec.condition)
        if asked is False or (spec.keys.get("to") and not self.whom(spec)):
            return ""  # A variable that is none says that nobody is wanted.
        say = (_CHINESE_ACTIONS if self.phrases.chinese else _ENGLISH_ACTIONS).get(spec.kind)
        said = say(spec, self) if say else spec.kind
        if spec.condition is not None and asked is not True:
            when = condition(spec.condition, self.phrases)
            said = f"（{when}）{said}" if self.phrases.chinese else f"if {when}, {said}"
        if spec.review == "always" or self.rule.review == "always":
            said += "（由项目负责人放行）" if self.phrases.chinese else " after the lead released it"
        return said

    def _settled(self, expression: Expression | None) -> Any:
        """What a condition on variables alone comes to; none where the facts decide."""
        if expression is None or not all(name.startswith("vars.") for name in expression.names):
            return None
        variables = {**self.rule.vars, **self.workspace.vars}
        return expression.value(lambda name: variables.get(name.removeprefix("vars.")))

    def whom(self, spec: ActionSpec) -> str:
        return self.phrases.both([one for word in spec.keys.get("to", ()) if (one := self._recipient(word))])

    def _recipient(self, word: str) -> str:
        if word.startswith("vars."):
            name = word.removeprefix("vars.")
            found = self.workspace.vars.get(name, self.rule.vars.get(name))
            return self._recipient(str(found)) if found else ""
        if word in self.workspace.people:
            return self.workspace.people[word].name
        return self.phrases.roles.get(word, word)

    def target(self, spec: ActionSpec) -> str:
        word = str(spec.keys.get("target", ""))
        return self.phrases.roles.get(word, word)

    def within(self, value: Any) -> str:
        return self.phrases.wording.duration(value) if isinstance(value, Duration) else ""

    def value(self, value: Any) -> str:
        if not isinstance(value, Compiled):
            return str(value)
        settled = self._settled(value)
        return str(settled) if settled is not None else condition(value, self.phrases)


_Say = Callable[[ActionSpec, _Sentence], str]


def _due(spec: ActionSpec, words: _Sentence) -> str:
    within = words.within(spec.keys.get("due") or spec.keys.get("expires"))
    if not within:
        return ""
    return f"（{within}内）" if words.phrases.chinese else f" within {within}"


def _with_sheet(spec: ActionSpec, words: _Sentence) -> str:
    """That a sheet goes with it."""
    if not spec.keys.get("attach"):
        return ""
    return "（附表格）" if words.phrases.chinese else ", with a sheet"


def _lines(spec: ActionSpec, words: _Sentence) -> str:
    """What an invoice is about, in brackets."""
    said = [words.value(line["text"]) for line in spec.keys.get("lines", ())]
    joined = words.phrases.both(said)
    return f"（{joined}）" if words.phrases.chinese else f" ({joined})"


def _carried(spec: ActionSpec, words: _Sentence) -> str:
    """Where else an applied change goes."""
    chinese = words.phrases.chinese
    said = []
    if spec.keys.get("tracker"):
        fields = words.phrases.both(list(spec.keys["tracker"]))
        said.append(f"工作项的 {fields} 随之更新" if chinese else f"{fields} of its issues follow")
    if spec.keys.get("books"):
        said.append("在账务系统中起草报价单" if chinese else "an estimate is drafted in the books")
    return "".join(f"，{one}" if chinese else f", {one}" for one in said)


_PARTIES: Final[Mapping[str, str]] = {"client": "客户", "team": "团队", "supplier": "供应商"}
_ENGLISH_ACTIONS: Final[Mapping[str, _Say]] = {
    "email": lambda s, w: f"a mail to {w.whom(s)}{_with_sheet(s, w)}",
    "chat": lambda s, w: f"{'an urgent' if s.keys.get('urgent') else 'a'} chat message to {w.whom(s)}",
    "comment": lambda s, w: f"a comment on {w.target(s)}",
    "task": lambda s, w: f"a task for {w.whom(s)}{_due(s, w)}",
    "transition": lambda s, w: f"{w.target(s)} moves to {w.value(s.keys['status'])}",
    "set_field": lambda s, w: f"{s.keys['field']} of {w.target(s)} becomes {w.value(s.keys['value'])}",
    "label": lambda s, w: f"labels of {w.target(s)} change",
    "request_decision": lambda s, w: f"{w.whom(s)} is asked to decide{_due(s, w)}",
    "open_change": lambda *_: "a change is drafted",
    "open_action_item": lambda s, _: f"what the {s.keys['party']} has to do is written down",
    "apply_change": lambda s, w: f"budget, dates and levels are moved as agreed{_carried(s, w)}",
    "webhook": lambda s, _: f"a call to {s.keys.get('connection')}",
    "report": lambda s, w: f"{_REPORTS[False][s.keys['period']]} to {w.whom(s)}{_with_sheet(s, w)}",
    "append_row": lambda s, _: f"a row in {s.keys.get('connection')}",
    "create_issue": lambda s, _: f"a new issue in {s.keys.get('connection')}",
    "draft_invoice": lambda s, w: f"an invoice is drafted in {s.keys.get('target')}{_lines(s, w)}",
    "book_note": lambda s, w: f"a note at {w.target(s)} in the books",
    "record": lambda *_: "a note in the project's log",
}
_CHINESE_ACTIONS: Final[Mapping[str, _Say]] = {
    "email": lambda s, w: f"发邮件给{w.whom(s)}{_with_sheet(s, w)}",
    "chat": lambda s, w: f"发{'紧急' if s.keys.get('urgent') else ''}即时消息到 {w.whom(s)}",
    "comment": lambda s, w: f"在{w.target(s)}下评论",
    "task": lambda s, w: f"给{w.whom(s)}一项待办{_due(s, w)}",
    "transition": lambda s, w: f"将{w.target(s)}移至{w.value(s.keys['status'])}",
    "set_field": lambda s, w: f"将{w.target(s)}的 {s.keys['field']} 设为 {w.value(s.keys['value'])}",
    "label": lambda s, w: f"修改{w.target(s)}的标签",
    "request_decision": lambda s, w: f"请{w.whom(s)}确认{_due(s, w)}",
    "open_change": lambda *_: "起草变更",
    "open_action_item": lambda s, _: f"登记待{_PARTIES[str(s.keys['party'])]}处理的事项",
    "apply_change": lambda s, w: f"按约定调整预算、日期与档位{_carried(s, w)}",
    "webhook": lambda s, _: f"调用 {s.keys.get('connection')}",
    "report": lambda s, w: f"将{_REPORTS[True][s.keys['period']]}发给{w.whom(s)}{_with_sheet(s, w)}",
    "append_row": lambda s, _: f"在 {s.keys.get('connection')} 中追加一行",
    "create_issue": lambda s, _: f"在 {s.keys.get('connection')} 中新建工作项",
    "draft_invoice": lambda s, w: f"在 {s.keys.get('target')} 中起草应收账单{_lines(s, w)}",
    "book_note": lambda s, w: f"在账务系统的{w.target(s)}上加备注",
    "record": lambda *_: "在项目日志中记录",
}
_REPORTS: Final[Mapping[bool, Mapping[str, str]]] = {
    False: {
        "week": "the weekly report",
        "month": "the monthly report",
        "quarter": "the quarterly report",
        "closing": "the closing summary",
    },
    True: {"week": "周报", "month": "月报", "quarter": "季报", "closing": "结项总结"},
}
_LARGEST_SHARE: Final = 3
_ZONES: Final = {
    False: {"client": "the client's time", "team": "the team's time", "project": "the project's time"},
    True: {"client": "客户当地时间", "team": "团队时间", "project": "项目时间"},
}
_EACH: Final = {
    False: {
        "project": "each project",
        "client": "each client",
        "milestone": "each milestone",
        "workspace": "the house",
    },
    True: {"project": "每个项目", "client": "每位客户", "milestone": "每个里程碑", "workspace": "全公司"},
}
_DAYS: Final = ("MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN")
_DAY_NAMES: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def _clock(cron: str, *, chinese: bool) -> str:
    """A schedule of a day of the week or the month in words; others as they are written."""
    minute, hour, day, month, weekday = [*cron.split(), "", "", "", "", ""][:5]
    if not (minute.isdecimal() and hour.isdecimal() and month == "*"):
        return f"按计划 `{cron}`" if chinese else f"on the schedule `{cron}`"
    at = f"{int(hour):02d}:{int(minute):02d}"
    if day == "*" and weekday.upper() in _DAYS:
        index = _DAYS.index(weekday.upper())
        return f"每周{'一二三四五六日'[index]} {at}" if chinese else f"every {_DAY_NAMES[index]} at {at}"
    if day == "*" and weekday == "*":
        return f"每天 {at}" if chinese else f"every day at {at}"
    if day.isdecimal() and weekday == "*":
        return f"每月 {day} 日 {at}" if chinese else f"on day {day} of every month at {at}"
    return f"按计划 `{cron}`" if chinese else f"on the schedule `{cron}`"
