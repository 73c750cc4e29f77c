"""Any other system: signed webhooks in, with a mapping written in YAML, and signed webhooks out."""

from connectors.base import Connector, Outward, Setting
from connectors.webhook import act, receive
from connectors.webhook.words import TYPES

connector = Connector(
    name="webhook",
    title="Webhooks",
    events=TYPES,
    settings=(
        Setting("url", "address that the operations post to", secret=True),
        Setting(
            "signing_secret",
            "secret that posts are signed with: base64, whsec_ before it or not",
            secret=True,
        ),
        Setting("events", "which foreign body is which event of ours"),
    ),
    operations={
        "webhook": Outward("idempotent", act.post),
        "append_row": Outward("idempotent", act.append_row),
    },
    verify=receive.verify,
    delivery_id=receive.delivery_id,
    normalise=receive.normalise,
    sign=receive.sign,
    check=act.check,
)
