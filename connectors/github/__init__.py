"""GitHub and Enterprise Server: issues, milestones and comments in; comments, labels, states, fields and issues out."""

from connectors.base import Connector, Limits, Outward, Setting
from connectors.github import act, read, receive
from connectors.github.api import BASE

connector = Connector(
    name="github",
    title="GitHub",
    events=frozenset(
        {
            *(f"issue.{verb}" for verb in ("created", "changed", "reopened", "closed", "deleted", "moved")),
            *(f"comment.{verb}" for verb in ("created", "changed", "deleted")),
            *(f"milestone.{verb}" for verb in ("planned", "moved", "handed_over", "cancelled")),
        }
    ),
    ignored=receive.IGNORED,
    limits=Limits(per_minute=80),
    settings=(
        Setting("token", "fine-grained access token: issues read and write", required=True, secret=True),
        Setting("user", "the account's login, so that Accord knows its own comments and changes"),
        Setting("ca_file", "PEM file with the authority of an internal server's certificate"),
        Setting("projects", "repositories to poll, such as [northwind/apollo]"),
        Setting("public", "true when the polled repositories can be read by anybody", default=False),
        Setting("since", "where the first poll begins, such as 2026-11-01; unset: now"),
    ),
    operations={
        "comment": Outward("readable", act.comment, act.find_comment),
        "transition": Outward("idempotent", act.transition),
        "set_field": Outward("idempotent", act.set_field),
        "label": Outward("idempotent", act.label),
        "create_issue": Outward("readable", act.create_issue, act.find_issue),
    },
    base_url=BASE,
    verify=receive.verify,
    delivery_id=receive.delivery_id,
    normalise=receive.normalise,
    sign=receive.sign,
    read=read.read,
    again=read.again,
    poll=read.poll,
    check=read.check,
)
