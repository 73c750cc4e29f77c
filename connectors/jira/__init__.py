"""Jira Cloud and Data Center: issues, comments, worklogs, versions in; comments, transitions, fields, issues out."""

from connectors.base import Connector, Outward, Setting
from connectors.jira import act, people, read, receive

connector = Connector(
    name="jira",
    title="Jira",
    events=frozenset(
        {
            *(f"issue.{verb}" for verb in ("created", "changed", "reopened", "closed", "deleted", "moved")),
            *(f"comment.{verb}" for verb in ("created", "changed", "deleted")),
            *(f"time.{verb}" for verb in ("logged", "changed", "deleted")),
            *(f"milestone.{verb}" for verb in ("planned", "moved", "handed_over", "cancelled")),
        }
    ),
    ignored=receive.IGNORED,
    settings=(
        Setting("user", "the account's mail address (Cloud) or user name (Data Center)", required=True),
        Setting(
            "token", "API token (Cloud) or personal access token (Data Center)", required=True, secret=True
        ),
        Setting("account", "the account's id, so that Accord knows its own comments and changes"),
        Setting("deployment", "cloud or datacenter; unset: cloud when the host ends with atlassian.net"),
        Setting(
            "auth", "signature, or query: the webhook's address ends with ?secret=...", default="signature"
        ),
        Setting("ca_file", "PEM file with the authority of an internal server's certificate"),
        Setting("projects", "project keys to poll; unset: every project the account can see"),
        Setting("since", "where the first poll begins, such as 2026-11-01; unset: now"),
    ),
    operations={
        "comment": Outward("readable", act.comment, act.find_comment),
        "transition": Outward("idempotent", act.transition),
        "set_field": Outward("idempotent", act.set_field),
        "label": Outward("idempotent", act.label),
        "create_issue": Outward("readable", act.create_issue, act.find_issue),
    },
    verify=receive.verify,
    delivery_id=receive.delivery_id,
    normalise=receive.normalise,
    sign=receive.sign,
    read=read.read,
    again=read.again,
    poll=read.poll,
    check=read.check,
    account_of=people.account_of,
)
