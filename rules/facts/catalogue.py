"""The one catalogue: every object, field and event type that rules, texts, scenarios and the API can name.

In: nothing. Out: `OBJECTS` (object -> field -> `Field`) and `EVENTS` (event type -> `EventType`).
Adding a field or an event type is one word or one entry here; the check of names, the docs page and the
decoding of scenario data all follow from it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, cast

FieldType = Literal[
    "text", "int", "number", "money", "date", "time", "duration", "bool", "list", "object", "any"
]

Unit = Literal["", "wd", "d"]


@dataclass(frozen=True, slots=True)
class Field:
    """One field of an object: its type, whether it may be `none`, and who may read it.

    `internal` fields never reach a client. `written` marks text that people typed into a tracker: internal
    unless the source marks it public and the project allows it. `unit` is what a whole number counts: "wd" working
    days, "d" days.
    """

    name: str
    type: FieldType
    optional: bool = False
    internal: bool = False
    written: bool = False
    unit: Unit = ""


@dataclass(frozen=True, slots=True)
class EventType:
    """One event type: the object it is about, and the further objects its rules may name."""

    name: str
    object: str
    also: tuple[str, ...] = ()


_COUNTED: Mapping[str, Unit] = {"workdays": "wd", "days": "d"}


def _fields(words: str) -> Mapping[str, Field]:
    """Read `name:type` words; `?` may be none, `!` internal, `~` written by people in a tracker. `workdays` and `days`
    are whole numbers of them.
    """
    found: dict[str, Field] = {}
    for word in words.split():
        name, _, kind = word.partition(":")
        bare = kind.rstrip("?!~")
        marks = kind[len(bare) :]
        unit: Unit = _COUNTED.get(bare, "")
        kind_of_it = cast(FieldType, "int" if unit else bare)
        found[name] = Field(name, kind_of_it, "?" in marks, "!" in marks, "~" in marks, unit)
    return found


_CLASSES = ("staff", "material", "equipment", "subcontract", "travel", "other")
_LINES = " ".join(f"lines.{c}.total:money? lines.{c}.spent:money lines.{c}.used:number?" for c in _CLASSES)
_PARTY = "id:text name:text locale:text time_zone:text calendar:text hours:text tags:list"

_DOCUMENT = (
    "id:text number:text? party:text? issued_on:date due:date? total:money open_amount:money? status:text"
)

COST_CLASSES = _CLASSES

OBJECTS: Mapping[str, Mapping[str, Field]] = {
    name: _fields(words)
    for name, words in {
        "event": "id:text type:text at:time received_at:time connection:text? person:text? cause:text?",
        "organisation": _PARTY,
        "client": _PARTY,
        "project": (
            "id:text name:text client:text status:text mode:text lead:text lead_name:text deputy:text? "
            "tags:list currency:text "
            "time_zone:text billing.kind:text billing.client_sees:text home:text? health:text "
            "activated_at:time? days_since_contact:days? contact_overdue:bool health_reasons:list unplanned_items:int "
            "reports.weekly:any?"
        ),
        "budget": (
            "version:int total:money spent:money committed:money billed:money collected:money "
            "remaining:money "
            f"used:number reserve:money reserve_left:money {_LINES}"
        ),
        "forecast": (
            "at_completion:money? overrun:money? method:text exhausted_on:date? runway:workdays? enough_data:bool "
            "days_of_data:int done:number"
        ),
        "earned": (
            "bac:money pv:money ev:money ac:money cv:money sv:money cpi:number? spi:number? method:text "
            "eac:money? etc:money? vac:money? tcpi:number? tcpi_eac:number? percent:number? exhausted:bool"
        ),
        "entry": (
            "id:text kind:text measure:text class:text amount:money base_amount:money currency:text "
            "work_date:date posted_at:time person:text? party:text? submitter:text? approver:text? "
            "status:text "
            "receipt:text? tags:list reason:text? issue:text? milestone:text? version:text number:text? "
            "title:text?~ cost_amount:money?! duration:duration? counted:bool booked_on:date? adjusts:text?"
        ),
        "issue": (
            "id:text key:text connection:text title:text~ type:text status:text status_group:text "
            "assignee:text? reporter:text? due:date? estimate:duration? logged:duration labels:list "
            "milestone:text? "
            "baselined:bool created_at:time closed_at:time? url:text client_raised:bool "
            "first_answer_at:time? "
            "change_requested:bool unplanned:bool"
        ),
        "comment": "id:text author:text? text:text~ visibility:text at:time on:text",
        "milestone": (
            "id:text title:text due:date forecast_date:date? baseline_due:date weight:number status:text "
            "overdue:bool due_soon:bool handed_over_at:time? accepted_at:time? round:int criteria_met:int "
            "criteria_total:int "
            "criteria:list waiting_on:text? payment:text? payment_amount:money? after:list reason:text? "
            "acceptance:text? deemed_on:date? "
            "rounds:list criterion:text? met:bool?"
        ),
        "change": (
            "id:text number:text title:text reason:text? about:text status:text version:int amount:money? "
            "days:workdays? new_total:money? new_due:date? milestone_title:text? milestones:list issues:list "
            "requested_by:text? "
            "sent_at:time? decided_at:time? waiting_days:workdays merge_into:text? effects:text if_refused:text? "
            "allotment:number? allotment_from:date?"
        ),
        "approval": (
            "id:text about:text party:text requested_by:text? status:text asked:list need:text "
            "sent_at:time? expires_at:time? "
            "opened_at:time? reminders:int waiting_days:workdays subject:text version:int text:text lines:list "
            "text_sha256:text? expires_on:date? halfway_on:date? evidence:text? evidence_key:text?"
        ),
        "action_item": (
            "id:text kind:text party:text owner:text title:text status:text due:date? asked_at:time "
            "answered_at:time? late_days:workdays blocks:list effect_on_dates:workdays? rung:int about:text? "
            "issue:text? owner_name:text milestone_title:text? new_due:date? answered_by:text? remark:text? cause:text?"
        ),
        "delay": "id:text milestone:text days:workdays cause:text action_item:text? supplier:text? remark:text?",
        "risk": (
            "id:text title:text kind:text response:text? score:int owner:text status:text review_on:date? "
            "plan:text? needs_plan:bool amount:money? opened_at:time triggered_at:time? closed_at:time? "
            "reason:text?"
        ),
        "survey": (
            "id:text kind:text score:int? contact:text remark:text? sent_at:time? answered_at:time? "
            "party:text status:text questions:list expires_on:date?"
        ),
        "complaint": (
            "id:text about:text? contact:text? opened_at:time status:text resolved_at:time? owner:text "
            "due:date said:text?! resolution:text?!"
        ),
        "meeting": (
            "id:text title:text at:time minutes_due:date? minutes_sent_at:time? status:text attendees:list "
            "held_at:time? minutes:text? objections_until:date? objections:list"
        ),
        "contact": "id:text channel:text with:text? by:text? at:time summary:text?! action_item:text? answered:bool?",
        "contract": "id:text signed_on:date clauses:list file:text?",
        "supplier": (
            "id:text name:text title:text promised:date? actual:date? first_promised:date? status:text late_days:int "
            "blocks:list order:text? owner:text owner_name:text on_time:number? remark:text? milestone_title:text? "
            "milestone_due:date?"
        ),
        "workload": (
            "id:text person:text week:text starts_on:date ends_on:date planned:duration? logged:duration "
            "everywhere:duration capacity:duration? share:number? over:bool"
        ),
        "quality": "defects_open:int reopened_rate:number? rework_rate:number? coverage:number? tests_failed:int?",
        "kpi": "id:text name:text value:number? target:number? met:bool? trend:text measured_on:date",
        "finding": (
            "id:text kind:text owner:text due:date? status:text opened_at:time closed_at:time? closed_by:text? "
            "reason:text? entries:list paper:text?! paid_to:text?! sum:money?! limit:money?! line:text? spender:text?! "
            "what:text? channel:text? record:any? tracker:any? connection:text? milestone:text?"
        ),
        "assignment": "id:text connection:text events:int",
        "audit": "id:text period:text at:time checked:int opened:int closed:int open:int",
        "report": "id:text period:text view:text starts_on:date ends_on:date to:list sha256:text sent_at:time?",
        "reserve": "id:text title:text amount:money reason:text? risk:text? by:text? declared:text? status:text",
        "retainer": (
            "id:text period:text unit:text allotment:number carried:number owed:number available:number "
            "used:number left:number over:number share:number? expires_on:date? status:text "
            "carry_on:number? forfeited:number? billed:money? owed_on:number? forgiven:number? agreed_from:date? "
            "agreed_allotment:number?"
        ),
        "period": "id:text closed_until:date? reason:text? by:text? declared:text? agreed_by:text?",
        "calendar": "name:text year:int",
        "decision": (
            "outcome:text channel:text by:text by_name:text at:time remark:text? recorded_by:text? witness:text? "
            "file_sha256:text? clause:text?"
        ),
        "invoice": _DOCUMENT,
        "bill": _DOCUMENT,
        "payment": "id:text number:text? party:text? at:time total:money status:text",
        "task": "id:text owner:text title:text status:text due:date? done_at:time?",
        "message": (
            "id:text to:text channel:text subject:text? status:text sent_at:time? error:text? approval:text? "
            "action_item:text? text:text?~"
        ),
        "level": "rule:text level:number value:number epoch:int",
        "connection": (
            "id:text connector:text status:text silent_since:time? last_delivery_at:time? owner:text?"
        ),
        "person": (
            "id:text name:text party:text roles:list locale:text time_zone:text away:bool "
            "margin:number?! cost_rate:money?! bill_rate:money?!"
        ),
        "rules": "version:text problems:list added:list changed:list removed:list reset:list",
        "slot": "id:text rule:text kind:text object:text offset:duration? at:time",
        "baseline": "version:int total:money previous_total:money? change:text?",
    }.items()
}

# Names that a rule binds itself, with the word that binds them.
BOUND: Mapping[str, tuple[FieldType, str]] = {
    "level": ("number", "crosses"),
    "value": ("number", "crosses"),
    "offset": ("duration", "around"),
    "elapsed": ("duration", "stays_true_for or if_not_followed_by"),
    "count": ("int", "counts"),
    "slot": ("time", "every"),
    "items": ("list", "digest"),
    "now": ("time", ""),
    "today": ("date", ""),
}

# Objects that every event of a project makes known.
STANDING = ("event", "organisation", "client", "project", "budget", "forecast", "earned", "retainer")


def _family(noun: str, verbs: str, about: str = "", also: str = "") -> list[EventType]:
    return [EventType(f"{noun}.{v}", about or noun, tuple(also.split())) for v in verbs.split()]


EVENTS: Mapping[str, EventType] = {
    e.name: e
    for e in [
        *_family("issue", "created changed reopened closed deleted moved"),
        *_family("comment", "created changed deleted", also="issue"),
        *_family("time", "logged changed deleted", "entry", "issue person workload"),
        *_family("expense", "submitted approved rejected reason_added", "entry", "issue approval decision"),
        *_family("invoice", "issued changed voided paid", also="entry"),
        *_family("bill", "received changed voided paid", also="entry"),
        *_family("payment", "received refunded", also="entry"),
        *_family("ledger", "posted corrected voided accepted", "entry", "issue person workload"),
        *_family("baseline", "approved"),
        *_family("reserve", "asked drawn rejected", also="risk approval decision"),
        *_family("period", "closed reopening reopened"),
        *_family("retainer", "opened closed agreed"),
        *_family(
            "change",
            "drafted assessed sent approved rejected changes_requested expired withdrawn superseded applied "
            "apply_failed",
            also="issue decision approval",
        ),
        *_family(
            "approval",
            "sent opened code_sent answered expired withdrawn superseded bounced",
            also="change decision milestone risk",
        ),
        *_family(
            "milestone",
            "planned moved checked ready handed_over accepted rejected deemed_accepted cancelled",
            also="decision approval",
        ),
        *_family("action_item", "opened answered done waived", also="milestone"),
        *_family("delay", "logged", also="milestone action_item supplier"),
        *_family("supplier", "promised delivered late cancelled", also="milestone"),
        *_family("risk", "opened changed triggered closed"),
        *_family("survey", "sent answered"),
        *_family("complaint", "opened resolved"),
        *_family("meeting", "planned held"),
        *_family("minutes", "sent objected", "meeting"),
        *_family("contact", "logged", also="action_item"),
        *_family("contract", "signed"),
        *_family("report", "sent"),
        *_family("quality", "measured"),
        *_family("kpi", "breached", also="quality"),
        *_family("finding", "opened closed", also="milestone"),
        *_family("audit", "run"),
        *_family("receipt", "attached", "entry"),
        *_family("inbox", "assigned returned", "assignment"),
        *_family("task", "opened done"),
        *_family(
            "project", "drafted activated changed rebasing recounted held resumed closing closed", "project"
        ),
        *_family("connection", "silent back failing"),
        *_family("calendar", "unconfirmed"),
        *_family("message", "sent failed unknown replied bounced", also="action_item"),
        *_family("level", "crossed cleared"),
        *_family("rules", "reloaded refused"),
        *_family(
            "slot",
            "due",
            also="milestone approval action_item risk finding meeting complaint survey task supplier",
        ),
    ]
}
