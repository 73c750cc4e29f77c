"""The sentences of verdicts and explanations, English and Chinese side by side, by name.

A `{name}` is filled in by whoever says the sentence. Rule words (names, events, conditions, states) stay as they are
written in a rule, in both languages.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

# What stands between several: both, either, one after the other in a list, one sentence after the other.
JOINED: Final[Mapping[str, tuple[str, str]]] = {
    "and": (" and ", "、"),
    "or": (" or ", " 或 "),
    "list": (", ", "、"),
    "then": ("; ", "；"),
}

TEXTS: Final[Mapping[str, tuple[str, str]]] = {
    "percent": ("{figure} %", "{figure}%"),
    # Scope
    "no_project": (
        "it belongs to no project, and rules speak about projects",
        "该事件不属于任何项目，而规则只针对项目",
    ),
    "not_at_work": (
        "project {project} is {status}, and rules speak about projects at work",
        "项目 {project} 的状态为 {status}，规则只针对进行中的项目",
    ),
    "other_clients": (
        "the rule speaks about clients {names}, this is {found}",
        "规则只针对客户 {names}，此处为 {found}",
    ),
    "other_projects": (
        "the rule speaks about projects {names}, this is {found}",
        "规则只针对项目 {names}，此处为 {found}",
    ),
    "no_client_here": ("no client", "无客户"),
    "no_project_here": ("no project", "无项目"),
    "client_left_out": ("the rule leaves out client {id}", "规则不含客户 {id}"),
    "project_left_out": ("the rule leaves out project {id}", "规则不含项目 {id}"),
    "other_tags": ("the rule speaks about what is tagged {tags}", "规则只针对带标签 {tags} 的项目"),
    "tag_left_out": ("the rule leaves out what is tagged {tag}", "规则不含带标签 {tag} 的项目"),
    # Trigger
    "no_rule": ("there is no rule of that id in these rules", "当前规则中没有此编号的规则"),
    "switched_off": ("an override switches it off", "该规则已由 override 停用"),
    "hears_others": ("this is {type}; the rule fires {trigger}", "此事件为 {type}，规则{trigger}"),
    "on_schedule": ("on the schedule {cron}", "按计划 {cron} 触发"),
    "around_date": ("around {date}: {offsets}", "在 {date} 前后触发：{offsets}"),
    "on_events": ("on {types}", "由 {types} 触发"),
    # Conditions
    "false": ("`{condition}` is false", "条件 `{condition}` 不成立"),
    "unknown": ("`{condition}` is unknown: {why}", "条件 `{condition}` 无法判断：{why}"),
    "not_known": ("{names} is not known", "缺少 {names}"),
    "not_known_many": ("{names} are not known", "缺少 {names}"),
    "is_none": ("{names} is none", "{names} 为空"),
    "is_none_many": ("{names} are none", "{names} 均为空"),
    "nothing_known": ("nothing to go by", "没有可依据的数据"),
    # Near misses
    "near": ("{operand} is {have}; {need} would have fired", "{operand} 为 {have}；{need}即可触发"),
    "need_==": ("{limit}", "若为 {limit} "),
    "need_!=": ("anything but {limit}", "若不为 {limit} "),
    "need_<": ("less than {limit}", "低于 {limit} "),
    "need_<=": ("{limit} or less", "不高于 {limit} "),
    "need_>": ("more than {limit}", "高于 {limit} "),
    "need_>=": ("{limit}", "达到 {limit} "),
    "need_in": ("one of {limit}", "若为 {limit} 之一"),
    "need_not in": ("none of {limit}", "若不在 {limit} 之中"),
    "need_change": ("a change", "若有变化"),
    "need_contains": ("one that contains {limit}", "若包含 {limit} "),
    "need_startswith": ("one that starts with {limit}", "若以 {limit} 开头"),
    "need_endswith": ("one that ends with {limit}", "若以 {limit} 结尾"),
    "need_matches": ("one that matches {limit}", "若符合 {limit} "),
    "limit_with_value": ("{source} ({value})", "{source}（{value}）"),
    "unchanged": ("unchanged", "未变"),
    "near_count": (
        "the count is {count}; {least} would have fired",
        "次数为 {count}；达到 {least} 次即可触发",
    ),
    "near_rearm": (
        "{operand} is {have}; {level} has fired and fires again after {edge}",
        "{operand} 为 {have}；{level} 此前已触发，{edge}后再次达到才会触发",
    ),
    "near_wait": ("it fires at {due} ({length})", "将于 {due}（{length}）触发"),
    # Ladders
    "is": ("{operand} is {have}", "{operand} 为 {have}"),
    "reached": ("{operand} is {have} and reached {level}", "{operand} 为 {have}，已达到 {level}"),
    "can_fire_again": ("{levels} can fire again", "{levels} 可再次触发"),
    "next_level": ("the next level is {level}", "下一档位为 {level}"),
    "no_longer_holds": (
        "{operand} is {have}, {levels} no longer holds",
        "{operand} 为 {have}，{levels} 已不成立",
    ),
    "notes_one": ("1 correction note", "发出 1 条更正"),
    "notes": ("{count} correction notes", "发出 {count} 条更正"),
    "nobody_told": ("nobody had been told", "此前未通知任何人"),
    "nobody_is_told": ("before the start, so nobody is told", "发生在启用之前，不通知任何人"),
    "reset": (
        "its memory was set anew because its memory words were changed",
        "规则的记忆设置有改动，记忆已重新开始",
    ),
    "ladder_unknown": ("`{value}` is unknown: {why}", "`{value}` 无法判断：{why}"),
    "ladder_key": ("the ladder's `{name}` is not known", "缺少档位的 `{name}`"),
    "falling": ("a fall below {edge}", "回落到 {edge} 以下"),
    "rising": ("a rise above {edge}", "回升到 {edge} 以上"),
    "level_armed": ("{level}: not reached", "{level}：未达到"),
    "label_near": ("near miss: {text}", "差一点：{text}"),
    "label_memory": ("memory: {text}", "记忆：{text}"),
    "label_left_out": ("left out: {text}", "略去：{text}"),
    "label_message": ("message: {text}", "消息：{text}"),
    "level_next": ("{level}: not reached, the next level", "{level}：未达到，为下一档位"),
    "level_fired": (
        "{level}: fired; fires again after {edge}",
        "{level}：已触发；{edge}后可再次触发",
    ),
    "level_fired_at": (
        "{level}: fired at {at}; fires again after {edge}",
        "{level}：已于 {at} 触发；{edge}后可再次触发",
    ),
    "level_history": (
        "{level}: reached before the start; fires after {edge}",
        "{level}：启用前已达到；{edge}后可触发",
    ),
    "level_superseded": (
        "{level}: superseded by {by}; fires again after {edge}",
        "{level}：已由 {by} 一并通知；{edge}后可再次触发",
    ),
    "level_cleared": (
        "{level}: no longer holds; fires again after {edge}",
        "{level}：已回落；{edge}后可再次触发",
    ),
    # Waits
    "key_unknown": ("`{name}` is not known", "缺少 `{name}`"),
    "fires_at": ("it fires at {due} ({length})", "将于 {due}（{length}）触发"),
    "unless_followed": ("{due} unless {events} comes first", "{due}，除非此前发生 {events}"),
    "true_since": ("it is true since {since}", "自 {since} 起成立"),
    "if_it_stays": ("{due} if it stays true", "若持续成立，{due}"),
    "true_and_fired": (
        "it is true since {since}, and fired after {lengths}",
        "自 {since} 起成立，已在 {lengths} 后触发",
    ),
    "followed_by": ("it was followed by {event} at {at}", "其后于 {at} 发生了 {event}"),
    "not_followed": (
        "no {events} came within {length} since {since}",
        "自 {since} 起 {length} 内未发生 {events}",
    ),
    "stayed_true": ("it stayed true for {length} since {since}", "自 {since} 起已持续 {length}"),
    "stopped_being_true": ("it stopped being true: {why}", "不再成立：{why}"),
    "can_fire_anew": (
        "{why}; it was true since {since}, and can fire again",
        "{why}；此前自 {since} 起成立，可再次触发",
    ),
    "wait_over": ("{why}; what waited since {since} is over", "{why}；自 {since} 起的计时已结束"),
    "fired_after": ("it fired after {length} already", "已在 {length} 后触发过"),
    "later_known": ("what came later is known already", "其后的情况已知"),
    "forgotten": (
        "the rule's memory words were changed since: what it waited for is forgotten",
        "规则的记忆设置已有改动，原有计时作废",
    ),
    "began_anew": ("it began anew since", "此后已重新开始计时"),
    "held_began_anew": ("what it waited for began anew since", "所等待的事项此后已重新开始"),
    "nothing_waits": (
        "it happened before the start: nothing waits for it",
        "发生在启用之前，不计时",
    ),
    "wait_since": ("since {since}", "起于 {since}"),
    "wait_due": ("fires at {due} ({length})", "将于 {due}（{length}）触发"),
    "wait_fired": ("fired after {length}", "已在 {length} 后触发"),
    "wait_ends_with": ("stops when {events} comes about the same {key}", "同一 {key} 发生 {events} 即停止"),
    "wait_ends_false": ("stops when a condition no longer holds", "任一条件不再成立即停止"),
    "wait_ended": ("over: {why}", "已结束：{why}"),
    # Counts
    "counted": ("{count} of {least} within {within}", "{within} 内 {count} 次，触发需 {least} 次"),
    "after_falling": ("it fires again after the count fell below", "次数回落后才会再次触发"),
    "missing_count": ("{count} more would fire", "再有 {count} 次即可触发"),
    "window_ends": ("the oldest leaves the window at {at}", "最早的一次于 {at} 移出统计"),
    # Once
    "once_unknown": ("part of its key ({names}) is not known", "键（{names}）缺少部分数据"),
    "once_spoken": (
        "said about {key} ({names}) on {event}, and never again for the same",
        "已因 {event} 就 {key}（{names}）触发，同一键不再触发",
    ),
    "spoken": ("it has spoken about {key} already", "已就 {key} 触发过"),
    # Outcomes
    "history": (
        "it happened before the start: kept, and nobody is told",
        "发生在启用之前：计入数据，不通知任何人",
    ),
    "chain_ends": (
        "rules caused each other {count} times in a row: the chain ends here",
        "规则已连续相互触发 {count} 次，到此停止",
    ),
    "own_comment": ("it is a comment of our own that came back", "这是系统自己发出的评论"),
    "called_off": (
        "the message was called off or left out: nothing failed",
        "消息已取消或略去，并非发送失败",
    ),
    "copy": ("{kind} to {whom}", "{kind}（{whom}）"),
    "kind_email": ("email", "邮件"),
    "kind_chat": ("chat", "群消息"),
    "kind_comment": ("comment", "评论"),
    "kind_task": ("task", "待办"),
    "kind_report": ("report", "报告"),
    "done_at_once": ("{count} done at once", "{count} 项已即时完成"),
    "nothing_meant": ("none of its actions is meant for this", "没有适用于此的执行项"),
    "left_out": ("{id} is left out: `{condition}` is {value}", "{id} 略去：`{condition}` 为 {value}"),
    "not_meant": ("{id}: `{condition}` is false", "{id}：条件 `{condition}` 不成立"),
    "waits_for": ("{copy} waits for {hold}", "{copy}等待{hold}"),
    "lead_sees": (
        "the project is observed, so the lead sees what the client would",
        "项目处于观察模式，内容只发给项目负责人",
    ),
    "hold_review": ("review", "放行"),
    "hold_delay": ("delay", "延时"),
    "hold_digest": ("digest", "汇总"),
    "hold_hours": ("hours", "发送时段"),
    "hold_cap": ("cap", "数量上限"),
    "hold_read": ("read", "重新读取"),
    # What holds a message
    "until_released": ("{copy}: waits until somebody releases it", "{copy}：等待人工放行"),
    "until_released_by": (
        "{copy}: waits until somebody releases it; from {at} the deputy is told",
        "{copy}：等待人工放行；{at} 起通知代理负责人",
    ),
    "held_until": ("{copy}: waits for {hold} until {at}", "{copy}：等待{hold}，至 {at}"),
    "held_by_rule": (
        "{copy}: waits in the digest of the rule until {at}",
        "{copy}：并入规则的汇总，{at} 发出",
    ),
    "held_by_client": (
        "{copy}: over the client's {times} messages within {per}, waits until {at}",
        "{copy}：超出客户 {per} 内 {times} 条的上限，等到 {at}",
    ),
    "held_in_client_digest": (
        "{copy}: waits in the client's digest until {at}",
        "{copy}：并入客户的汇总，{at} 发出",
    ),
    "held_to_read": (
        "{copy}: waits until {noun} is read again from its source",
        "{copy}：等待从来源重新读取 {noun}",
    ),
    "over_at_most": (
        "{copy}: left out, its rule has said this {times} times within {per} already",
        "{copy}：略去，规则在 {per} 内已发 {times} 次",
    ),
    "leaves_now": ("{copy}: leaves now", "{copy}：即将发出"),
    "leaves_as_test": ("{copy}: to the lead only, marked TEST", "{copy}：仅发给项目负责人，标注 TEST"),
    "became": ("{copy}: {state}", "{copy}：{state}"),
    "became_sent": ("has left", "已发出"),
    "became_sending": ("is leaving", "发送中"),
    "became_cancelled": ("cancelled", "已取消"),
    "became_suppressed": ("left out", "已略去"),
    "became_merged": ("said in another message", "已并入另一条消息"),
    "became_dead": ("could not be sent", "发送失败"),
    "became_failed": ("failed, and is tried again", "失败，将自动重试"),
    "became_unknown": ("outcome unknown, a person decides", "结果不明，由人工决定"),
    "became_because": ("{copy}: {state}: {why}", "{copy}：{state}：{why}"),
}
