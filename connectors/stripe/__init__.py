"""Stripe: invoices, credit notes, payments, refunds and disputes; notes in their metadata."""

from connectors.base import Connector, Outward, Setting
from connectors.stripe import api, receive

connector = Connector(
    name="stripe",
    title="Stripe",
    base_url=api.BASE_URL,
    events=frozenset(
        {
            "invoice.issued",
            "invoice.changed",
            "invoice.voided",
            "invoice.paid",
            "payment.received",
            "payment.refunded",
        }
    ),
    ignored=receive.IGNORED,
    settings=(
        Setting("api_key", "restricted key, for polls, refunds and notes", secret=True),
        Setting("livemode", "true: live events; false: those of the test mode", default=True),
        Setting("metadata_key", "name of the metadata that holds the project", default="project"),
        Setting("tax", "exclusive: amounts without tax; inclusive: with it", default="exclusive"),
        Setting("time_zone", "where the books are kept: decides the day of a document", default="UTC"),
        Setting("since", "day from which the first poll reads, at most 30 days ago"),
    ),
    operations={"book_note": Outward("idempotent", api.book_note)},
    verify=receive.verify,
    delivery_id=receive.delivery_id,
    normalise=receive.normalise,
    sign=receive.sign,
    read=api.read,
    poll=api.poll,
    check=api.check,
)
