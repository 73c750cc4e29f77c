"""Xero: bills, invoices, credit notes, payments and bank transactions; notes in their history, drafts."""

from connectors.base import Connector, Limits, Outward, Setting
from connectors.xero import act, api, drafts, read, receive

connector = Connector(
    name="xero",
    title="Xero",
    base_url=api.BASE_URL,
    events=frozenset(
        {
            "bill.received",
            "bill.changed",
            "bill.voided",
            "bill.paid",
            "invoice.issued",
            "invoice.changed",
            "invoice.voided",
            "invoice.paid",
            "payment.received",
            "payment.refunded",
        }
    ),
    ignored=receive.IGNORED,
    limits=Limits(concurrency=5, per_minute=60),
    settings=(
        Setting("client_id", "client id of the custom connection", required=True),
        Setting("client_secret", "client secret of the custom connection", required=True, secret=True),
        Setting("tenant", "organisation id; events of other organisations are left aside"),
        Setting(
            "tracking_category", "the tracking category whose options are projects; unset: all options count"
        ),
        Setting(
            "class_by_account", "account code -> staff, material, equipment, subcontract, travel or other"
        ),
        Setting("default_class", "class of accounts that class_by_account does not name", default="other"),
        Setting("tax", "exclusive: amounts without tax; inclusive: with it", default="exclusive"),
        Setting("base_currency", "currency of the books; with it the document's own exchange rate is kept"),
        Setting(
            "currency_rate",
            "foreign_per_base or base_per_foreign: which way Xero writes rates",
            default="foreign_per_base",
        ),
        Setting(
            "sales_account", "account code of drafted lines; unset: chosen by whoever approves the draft"
        ),
        Setting("since", "day from which the first poll reads"),
        Setting("token_url", "token endpoint", default=api.TOKEN_URL),
        Setting("scopes", "scopes asked for", default=api.SCOPES),
    ),
    operations={
        "book_note": Outward("idempotent", act.book_note),
        "draft_invoice": Outward("idempotent", drafts.draft_invoice),
        "draft_estimate": Outward("idempotent", drafts.draft_estimate),
    },
    handshake=receive.handshake,
    verify=receive.verify,
    delivery_id=receive.delivery_id,
    normalise=receive.normalise,
    sign=receive.sign,
    read=read.read,
    again=read.again,
    poll=read.poll,
    check=act.check,
)
