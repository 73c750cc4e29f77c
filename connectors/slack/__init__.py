"""Slack: messages into a channel. What people write there is not read."""

from connectors.base import Connector, Limits, Outward, Setting
from connectors.slack import act, receive

connector = Connector(
    name="slack",
    title="Slack",
    base_url=act.BASE_URL,
    ignored=receive.IGNORED,
    limits=Limits(per_minute=60),
    settings=(
        Setting("url", "address of an incoming webhook; it is a secret", secret=True),
        Setting("token", "bot token (xoxb-...), instead of `url`", secret=True),
        Setting("channel", "channel id or name, with `token`"),
    ),
    operations={"chat": Outward("blind", act.chat)},
    handshake=receive.handshake,
    verify=receive.verify,
    delivery_id=receive.delivery_id,
    normalise=receive.normalise,
    sign=receive.sign,
    check=act.check,
)
